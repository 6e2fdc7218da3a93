/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the bench measures with: the empty program, and a step in sequence. */
#include <linux/bpf.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "frame.h"

#define TC_ACT_UNSPEC (-1) /* linux/pkt_cls.h */

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} next SEC(".maps");

/* Bytes from one packet's first to the next one's. */
__u32 step = 0;

SEC("tc")
int empty(struct __sk_buff *skb)
{
	(void)skb;
	return TC_ACT_UNSPEC;
}

/* Test-run sends one packet over and over: without this, retransmissions. */
SEC("tc")
int advance(struct __sk_buff *skb)
{
	__u8 *seq = (__u8 *)(long)skb->data + FRAME_SEQ_AT;

	if (seq + 4 > (__u8 *)(long)skb->data_end)
		return TC_ACT_UNSPEC;
	*(__be32 *)seq = bpf_htonl(bpf_ntohl(*(__be32 *)seq) + step);
	bpf_tail_call(skb, &next, 0);
	return TC_ACT_UNSPEC;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
