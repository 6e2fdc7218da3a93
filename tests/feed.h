/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Bytes for one direction's reader, without the stream before it. */
#ifndef SMTPSCOPE_FEED_H
#define SMTPSCOPE_FEED_H

#include <stddef.h>

#include "session.h"

/* A reader at its beginning, whose other side has spoken already. */
void feed_begin(struct reader *r, bool server);

/* One segment. */
void feed(struct reader *r, const void *bytes, size_t n);
void feed_text(struct reader *r, const char *text);

typedef void feed_check_fn(const struct reader *r, const void *ctx);

/*
 * The same bytes from the same beginning whole, byte by byte and split at each
 * point; check is called after each.
 */
void feed_every(const struct reader *from, const void *bytes, size_t n, feed_check_fn *check,
		const void *ctx);

#endif
