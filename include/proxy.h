/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The binary header that a proxy puts before the client's first byte. */
#ifndef SMTPSCOPE_PROXY_H
#define SMTPSCOPE_PROXY_H

#include "command.h"

/* HAProxy's proxy-protocol.txt 2.2. */
#define PROXY_V2_HEADER_BYTES 16

/* What may be a PROXY header is an empty line so far, and will be answered. */
static inline void proxy_line(struct reader *r)
{
	r->parser.verb = VERB_OTHER;
	command_end(r);
}

/* It is none: the line at hand goes on, or the next one begins. */
static inline void proxy_refused(struct parser *p)
{
	p->mode = MODE_LINE;
	p->verb = VERB_OTHER;
	p->state = p->steps == 2 || p->steps == 4 || p->steps == 7 ? LINE_START : LINE_REST;
	p->steps = 0;
}

/* It is one: its lines were no commands. What follows is the first byte. */
static inline void proxy_accepted(struct reader *r)
{
	struct parser *p = &r->parser;

	r->ev.commands = 0;
	r->ev.flags &= ~(EV_COMMAND | EV_NOT_SMTP);
	p->count = p->queued = 0;
	p->steps = 0;
	p->begun = 0;
	p->mode = MODE_LINE;
	p->state = LINE_START;
}

/* PROXY protocol, version 2: 12 bytes of signature, 2, and the length in 2. */
static inline void proxy_step(struct reader *r)
{
	/* volatile: as tls_retry_random */
	static const volatile __u8 signature[12] = {
		'\r', '\n', '\r', '\n', 0, '\r', '\n', 'Q', 'U', 'I', 'T', '\n',
	};
	struct parser *p = &r->parser;
	struct piece *in = &r->in;

	for (int i = 0; i < PROXY_V2_HEADER_BYTES; i++) {
		step_barrier();
		if (in->pos >= in->len)
			break;
		__u8 c = piece_byte(in);

		if (p->steps < 12 && c != signature[p->steps]) {
			proxy_refused(p);
			break;
		}
		in->pos++;
		p->steps++;
		if (p->steps == 2 || p->steps == 4 || p->steps == 7)
			proxy_line(r);
		if (p->steps == PROXY_V2_HEADER_BYTES - 1)
			p->skip = (__u64)c << 8;
		if (p->steps == PROXY_V2_HEADER_BYTES) {
			p->skip |= c;
			proxy_accepted(r);
			break;
		}
	}
}

#endif
