/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One session or one finding as one line, for people or for machines. */
#ifndef SMTPSCOPE_LINE_H
#define SMTPSCOPE_LINE_H

#include <stddef.h>

#include "record.h"
#include "verdict.h"

/* CLOCK_REALTIME is CLOCK_MONOTONIC + offset_ns. */
struct clock {
	__u64 offset_ns;
};

/* What a line is about. */
struct line {
	const struct record *record;
	const struct verdict *verdict;
	const struct clock *clock;
	unsigned int finding; /* FINDING_NR: the session's own line */
};

/* Both end the text with a newline and a NUL, and return its length, or
 * -ENOSPC if it does not fit.
 */
int line_text(const struct line *line, char *buf, size_t size);
int line_json(const struct line *line, char *buf, size_t size);

#endif
