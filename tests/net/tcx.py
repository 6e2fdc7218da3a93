# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Prints how many TCX programs a device has; bpftool of Debian 12 cannot tell."""
import ctypes
import os
import socket
import struct
import sys

NR_BPF = {"x86_64": 321, "aarch64": 280}
BPF_PROG_QUERY = 16
BPF_TCX_INGRESS, BPF_TCX_EGRESS = 46, 47


def attached(ifindex, attach_type):
    attr = bytearray(128)
    struct.pack_into("II", attr, 0, ifindex, attach_type)
    buffer = (ctypes.c_char * len(attr)).from_buffer(attr)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.syscall(NR_BPF[os.uname().machine], BPF_PROG_QUERY, buffer, len(attr)):
        raise OSError(ctypes.get_errno(), "BPF_PROG_QUERY")
    return struct.unpack_from("I", attr, 24)[0]


index = socket.if_nametoindex(sys.argv[1])
print(attached(index, BPF_TCX_INGRESS) + attached(index, BPF_TCX_EGRESS))
