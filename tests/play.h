/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A dialogue as packets, cut in one of several ways. */
#ifndef SMTPSCOPE_PLAY_H
#define SMTPSCOPE_PLAY_H

#include "dialogue.h"

enum play_how {
	PLAY_WRITTEN,
	PLAY_JOINED,  /* segments of a side that follow each other are one */
	PLAY_BYTES,   /* a byte a segment */
	PLAY_TWICE,   /* each segment is sent again */
	PLAY_OVERLAP, /* half a segment, then the whole */
	PLAY_SWAPPED, /* each segment's second half first */
	PLAY_WRAPPED, /* sequence numbers wrap soon */
	PLAY_SPLIT,   /* one step in two, at one place */
	PLAY_NR
};

struct play {
	enum play_how how;
	size_t max;  /* bytes of a segment */
	size_t step; /* of PLAY_SPLIT */
	size_t at;
};

/* A TCP packet; numbers in host byte order. */
struct play_packet {
	bool server;
	__u8 flags; /* enum tcp_flag */
	__u32 seq;
	__u32 ack;
	const __u8 *payload;
	__u32 bytes;
};

typedef void play_fn(void *ctx, const struct play_packet *packet);

void play(const struct dialogue *d, const struct play *how, play_fn *fn, void *ctx);

const char *play_name(enum play_how how);

#endif
