/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What bpf/conn.bpf.h does, in userspace: packets in, records out. */
#ifndef SMTPSCOPE_FLOW_H
#define SMTPSCOPE_FLOW_H

#include <linux/types.h>
#include <stdbool.h>

#include "config.h"
#include "record.h"

struct flow;

/* A packet as it was captured: its first bytes, from the link header on if it
 * is an Ethernet header, else from IP's.
 */
struct flow_packet {
	const __u8 *bytes;
	__u32 captured;
	__u32 wire_bytes; /* at least captured */
	__u32 tap;	  /* device * 2 + egress; 0: not known */
	bool ethernet;
	__u64 now_ns;
};

/* A finding, told early, or a connection's end. */
typedef void flow_fn(void *ctx, const struct record *record);

int flow_open(struct flow **out, const struct config *config, flow_fn *fn, void *ctx);
/* After flow_flush. */
void flow_close(struct flow *flow);

/* The packet's time is the clock that connections expire by. */
void flow_packet(struct flow *flow, const struct flow_packet *packet);

/* There are no more packets: tells what is open, and begins anew. */
void flow_flush(struct flow *flow);

__u64 flow_counter(const struct flow *flow, enum counter counter);

#endif
