/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What this process itself costs, as Prometheus wants it told. */
#ifndef SMTPSCOPE_PROCESS_H
#define SMTPSCOPE_PROCESS_H

#include <linux/types.h>

struct process_stats {
	__u64 cpu_ns;
	__u64 resident_bytes;
	__u64 virtual_bytes;
	__u64 open_fds;
	__u64 max_fds;
	__u64 start_ns; /* wall clock; the caller's, for it must never move */
};

/* Reads all but start_ns. */
int process_read(struct process_stats *stats);

#endif
