/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A message's content after a 354: passed over up to its end. */
#ifndef SMTPSCOPE_BODY_H
#define SMTPSCOPE_BODY_H

#include "command.h"

/* The end-of-data mark was read. */
static inline void command_body_end(struct reader *r)
{
	struct parser *p = &r->parser;

	p->mode = MODE_LINE;
	p->state = LINE_START;
	p->pending = PENDING_NONE;
	p->body_skipped = 0;
	/* its answer may have come before: then it waits for none */
	if (p->ended == r->peer.ended)
		command_push(r, VERB_EOD);
}

/* One byte of a body. True: it completes the end-of-data mark. */
static inline bool body_byte(struct parser *p, __u8 c)
{
	if (p->body == BODY_DOT_CR) {
		p->body = c == '\r' ? BODY_CR : BODY_TEXT;
		return c == '\n';
	}
	switch (p->body) {
	case BODY_TEXT: p->body = c == '\r' ? BODY_CR : BODY_TEXT; break;
	case BODY_CR: p->body = c == '\n' ? BODY_CRLF : c == '\r' ? BODY_CR : BODY_TEXT; break;
	case BODY_CRLF: p->body = c == '.' ? BODY_DOT : c == '\r' ? BODY_CR : BODY_TEXT; break;
	case BODY_DOT: p->body = c == '\r' ? BODY_DOT_CR : BODY_TEXT; break;
	}
	return false;
}

/* A word's bytes that are LF and followed by a dot, as word_zeros tells. */
static inline __u64 body_pairs(__u64 word, __u64 next)
{
	return word_zeros((word ^ (ALL_BYTES * '\n')) |
			  ((word >> 8 | next << 56) ^ (ALL_BYTES * '.')));
}

/* True if a full piece has no such pair: unrolled, most of a body is this. */
static inline bool body_clean(const struct piece *in)
{
	__u64 pairs = 0;

#pragma GCC unroll 32
	for (__u32 i = 0; i < PIECE_WORDS - 1; i++) {
		pairs |= body_pairs(piece_word_at(in, i), piece_word_at(in, i + 1));
		/* or all are computed first, and BPF's stack overflows */
		__asm__ __volatile__("" : "+r"(pairs)::"memory");
	}
	return !(pairs | body_pairs(piece_word_at(in, PIECE_WORDS - 1), 0));
}

/*
 * From a word's boundary on: jumps to the last words before a "\n." pair, for
 * nothing else can begin the mark. The state follows from the last two bytes.
 */
static inline void body_search(struct parser *p, struct piece *in)
{
	__u32 word = in->pos / 8;

	if (in->pos == 0 && in->len == PIECE_MAX && body_clean(in))
		word = PIECE_WORDS;
	for (int i = 0; i < PIECE_WORDS - 1; i++) {
		if (word >= PIECE_WORDS - 1 || (word + 2) * 8 > in->len)
			break;
		if (body_pairs(piece_word(in, word), piece_word(in, word + 1)))
			break;
		word++;
	}
	if (word * 8 < in->pos + 2)
		return;

	__u8 before = in->bytes[(word * 8 - 2) & (PIECE_MAX - 1)];
	__u8 last = in->bytes[(word * 8 - 1) & (PIECE_MAX - 1)];

	in->pos = word * 8;
	p->body = last == '\r' ? BODY_CR : last == '\n' && before == '\r' ? BODY_CRLF : BODY_TEXT;
}

/* Reads a body on; a step looks byte-wise at two words at most. */
static inline void body_step(struct reader *r)
{
	struct parser *p = &r->parser;
	struct piece *in = &r->in;

	if (p->body == BODY_TEXT && in->pos % 8 == 0)
		body_search(p, in);
	for (int i = 0; i < 16; i++) {
		step_barrier();
		if (in->pos >= in->len)
			break;
		__u8 c = piece_byte(in);

		in->pos++;
		if (body_byte(p, c)) {
			command_body_end(r);
			break;
		}
		if (p->body == BODY_TEXT && in->pos % 8 == 0)
			break;
	}
}

#endif
