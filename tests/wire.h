/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Packets as they stand on the wire. */
#ifndef SMTPSCOPE_WIRE_H
#define SMTPSCOPE_WIRE_H

#include "play.h"

/* Headers of every kind, and a segment of PLAY's. */
#define WIRE_MAX 4096
#define WIRE_EXTENSIONS_MAX 6

enum wire_extension {
	WIRE_HOP_BY_HOP = 0,
	WIRE_ROUTING = 43,
	WIRE_FRAGMENT = 44,
	WIRE_AUTHENTICATION = 51,
	WIRE_DESTINATION = 60,
};

/* What stands around the TCP segments of one connection. */
struct wire {
	__u8 version;		      /* 4 or 6 */
	bool raw;		      /* no Ethernet header */
	unsigned int tags;	      /* VLAN tags; with two the outer one is 802.1ad's */
	unsigned int ip_option_bytes; /* IPv4: a multiple of 4 */
	unsigned int tcp_option_bytes;
	__u8 extensions[WIRE_EXTENSIONS_MAX]; /* IPv6: enum wire_extension */
	unsigned int extensions_nr;
	__u16 fragment_offset; /* IPv4: in 8 bytes, 0x2000: more follow */
	bool no_length;	       /* IP's length is 0, as BIG TCP has it */
	__u16 client_port;
	__u16 server_port;
};

/* Returns the packet's length. Checksums are zero: nobody looks. */
size_t wire_tcp(const struct wire *w, const struct play_packet *p, __u8 out[WIRE_MAX]);

/* An ICMP "port unreachable" of the server's about the client's packet. */
size_t wire_unreachable(const struct wire *w, const struct play_packet *p, __u8 out[WIRE_MAX]);

#endif
