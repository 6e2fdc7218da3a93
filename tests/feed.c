/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Bytes for one direction's reader, without the stream before it. */
#include "feed.h"

#include <assert.h>
#include <string.h>

/* A reader always moves on: a call changes its state or its place. */
#define CALLS_MAX 4096

void feed_begin(struct reader *r, bool server)
{
	memset(r, 0, sizeof(*r));
	r->server = server;
	r->peer.begun = 1;
}

static void feed_piece(struct reader *r, const void *bytes, size_t n)
{
	int calls = 0;

	memcpy(r->in.bytes, bytes, n);
	r->in.pos = 0;
	r->in.len = (__u32)n;
	while (r->in.pos < r->in.len) {
		session_read(r);
		assert(++calls < CALLS_MAX);
	}
}

void feed(struct reader *r, const void *bytes, size_t n)
{
	const char *from = bytes;

	session_resume(r);
	for (size_t at = 0; at < n; at += PIECE_MAX)
		feed_piece(r, from + at, n - at < PIECE_MAX ? n - at : PIECE_MAX);
}

void feed_text(struct reader *r, const char *text)
{
	feed(r, text, strlen(text));
}

void feed_every(const struct reader *from, const void *bytes, size_t n, feed_check_fn *check,
		const void *ctx)
{
	const char *at = bytes;
	struct reader r = *from;

	for (size_t i = 0; i < n; i++)
		feed(&r, at + i, 1);
	check(&r, ctx);
	for (size_t split = 0; split < n; split++) {
		r = *from;
		if (split)
			feed(&r, at, split);
		feed(&r, at + split, n - split);
		check(&r, ctx);
	}
}
