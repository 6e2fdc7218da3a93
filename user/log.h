/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Where the lines go: a file or stdout, one write a line. */
#ifndef SMTPSCOPE_LOG_H
#define SMTPSCOPE_LOG_H

#include "line.h"

/* Every line with its newline fits, whatever a peer sent; PIPE_BUF, so that
 * a line on a pipe is never mixed with another writer's.
 */
#define LOG_LINE_MAX 4096

enum log_format { LOG_TEXT, LOG_JSON, LOG_FORMAT_NR };

struct log;

/* path NULL is stdout; a file is appended to, and made with mode 0600. */
int log_open(struct log **out, const char *path, enum log_format format);
/* Opens the path anew, after a rotation. On failure the old file stays. */
int log_reopen(struct log *log);
void log_close(struct log *log);

/* A line that cannot be written is counted, and the next one is tried. */
void log_session(struct log *log, const struct record *r, const struct verdict *v,
		 const struct clock *clock);
void log_finding(struct log *log, const struct record *r, const struct verdict *v,
		 unsigned int finding, const struct clock *clock);
__u64 log_dropped(const struct log *log);

#endif
