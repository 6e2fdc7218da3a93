/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the kernel side says about itself, read anew for each scrape. */
#ifndef SMTPSCOPE_KERNEL_STATS_H
#define SMTPSCOPE_KERNEL_STATS_H

#include <stdbool.h>

#include "record.h"

#define KERNEL_PROGRAMS_MAX 8

struct kernel_stats {
	__u64 counters[COUNTER_NR];
	__u64 connections, connections_max;
	__u64 half_open, half_open_max;
	struct {
		char name[16];
		__u64 run_ns, run_count;
	} programs[KERNEL_PROGRAMS_MAX];
	unsigned int programs_nr;
	bool programs_timed; /* false: run_ns and run_count are unknown */
	unsigned int devices;
};

#endif
