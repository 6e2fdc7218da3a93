/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The core in userspace: one connection's packets in, its record out. */
#ifndef SMTPSCOPE_ENGINE_H
#define SMTPSCOPE_ENGINE_H

#include "play.h"
#include "segment.h"

/* Does what bpf/conn.bpf.h does for a connection whose client is here. */
struct engine {
	struct conn conn;
	struct half_open syn;
	struct kept kept;
	struct segments segments;
	__u64 counters[COUNTER_NR];
	bool syn_seen;
	bool opened;
};

/* The engine is zeroed, or was used before. */
void engine_begin(struct engine *e, __u8 role);
/* A play_fn. */
void engine_packet(void *engine, const struct play_packet *packet);
/* The record, with an ending if the packets brought none. */
void engine_report(struct engine *e, __u8 ending, struct record *rec);

#endif
