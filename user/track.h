/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Takes each record to where it is told: lines, hosts, metrics. */
#ifndef SMTPSCOPE_TRACK_H
#define SMTPSCOPE_TRACK_H

#include "hosts.h"
#include "log.h"
#include "record.h"

struct metrics;

struct totals {
	__u64 findings[FINDING_NR]; /* told */
	__u64 records;
	__u64 lost; /* holes in the numbers of the records */
};

struct track {
	struct log *log;
	struct hosts *hosts;
	struct metrics *metrics;
	struct clock clock;
	struct totals totals;
	__u64 next[RECORD_CPUS]; /* the number that each CPU's next record has */
};

void track_record(struct track *track, const struct record *r);

#endif
