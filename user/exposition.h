/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Tells the metrics in the two formats that Prometheus reads. */
#ifndef SMTPSCOPE_EXPOSITION_H
#define SMTPSCOPE_EXPOSITION_H

#include <stdio.h>

#include "kernel_stats.h"
#include "metrics.h"
#include "process.h"

enum exposition_format {
	EXPOSITION_TEXT,	/* Prometheus text, 0.0.4 */
	EXPOSITION_OPENMETRICS, /* OpenMetrics 1.0.0 */
	EXPOSITION_NR
};

/* All that one scrape tells. What could not be read is NULL, and left out. */
struct scrape {
	const struct metrics *metrics;
	const struct kernel_stats *kernel;
	const struct process_stats *process;
	__u64 kernel_failures; /* readings that failed */
	__u64 events_read;
	__u64 events_lost;
	__u64 log_lines_dropped;
	__u64 hosts;
	__u64 hosts_max;
};

const char *exposition_content_type(enum exposition_format format);

/* By the Accept header of RFC 9110, 12.5.1; NULL is none. */
enum exposition_format exposition_negotiate(const char *accept);

/* Errors are out's own: see ferror. */
void exposition_render(const struct scrape *scrape, enum exposition_format format, FILE *out);

#endif
