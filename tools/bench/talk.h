/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A TCP connection whose packets go to the programs by test-run. */
#ifndef SMTPSCOPE_TALK_H
#define SMTPSCOPE_TALK_H

#include <stdbool.h>

#include "frame.h"
#include "record.h"

/* Test-run takes no packet that does not fit a page beside its own structs. */
#define TALK_PAYLOAD_MAX 3500

struct frame {
	__u8 bytes[FRAME_PAYLOAD_AT + TALK_PAYLOAD_MAX];
	__u32 len;
};

struct talk {
	int ingress; /* the server is here: the client's packets come in */
	int egress;
	__u16 client_port;
	__u16 server_port;
	__u8 protocol;
	__u32 seq[2]; /* the next byte's: the client's, the server's */
};

/* One thing that is said. */
struct line {
	bool server;
	const char *text;
	__u32 bytes;
};

void talk_frame(const struct talk *talk, bool server, __u8 flags, const void *payload, __u32 bytes,
		struct frame *frame);

/* Sends the frame repeat times; returns the nanoseconds that each took. */
double talk_run(int program, const struct frame *frame, __u32 repeat);

/* Shakes hands, then says the lines, a packet each, until one without text. */
void talk_open(struct talk *talk, const struct line *lines);

void talk_key(const struct talk *talk, struct conn_key *key);

#endif
