/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A segment's payload through the core, in userspace. */
#ifndef SMTPSCOPE_SEGMENT_H
#define SMTPSCOPE_SEGMENT_H

#include "session.h"

/* Early segments of one connection. */
struct kept {
	struct held *slots[2][STREAM_SLOTS];
};

/* What reading needs; one for all connections. */
struct segments {
	struct work work;
	unsigned int kept_nr; /* slots of all connections */
	__u64 *counters;      /* by enum counter */
};

/* Payload on the wire, of which the first bytes were captured. */
struct segment {
	const __u8 *payload;
	__u32 seq;
	__u32 bytes;
	__u32 captured;
	bool server;
};

void segment_read(struct segments *s, struct conn *c, struct kept *kept, const struct segment *seg);
/* Frees what a connection keeps. */
void segment_forget(struct segments *s, struct kept *kept);

#endif
