/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Every metric family and every label of smtpscope, as data. */
#ifndef SMTPSCOPE_FAMILIES_H
#define SMTPSCOPE_FAMILIES_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>

#include "kernel_stats.h"

#define FAMILY_DIMENSIONS_MAX 3

enum family_type { FAMILY_COUNTER, FAMILY_GAUGE, FAMILY_INFO, FAMILY_TYPE_NR };

/* The struct that a family's values lie in. */
enum family_source {
	SOURCE_METRICS,
	SOURCE_SCRAPE,
	SOURCE_KERNEL,
	SOURCE_VIEW,  /* the kernel's too, in the shape that the table needs */
	SOURCE_TIMED, /* the view, if the kernel times programs */
	SOURCE_PROCESS,
	SOURCE_BUILD,
	SOURCE_NR
};

enum family_table { TABLE_CONNECTIONS, TABLE_HALF_OPEN, TABLE_NR };

struct family_view {
	__u64 devices;
	__u64 table_entries[TABLE_NR];
	__u64 table_capacity[TABLE_NR];
	__u64 run_ns[KERNEL_PROGRAMS_MAX];
	__u64 runs[KERNEL_PROGRAMS_MAX];
	const char *programs[KERNEL_PROGRAMS_MAX];
	unsigned int programs_nr;
};

enum dimension_id {
	DIMENSION_NONE,
	DIMENSION_DIRECTION,
	DIMENSION_PORT,
	DIMENSION_OUTCOME,
	DIMENSION_REASON,
	DIMENSION_CAUSE,
	DIMENSION_MECHANISM,
	DIMENSION_OFFERED,
	DIMENSION_VERB,
	DIMENSION_STARTTLS_FAILURE,
	DIMENSION_TLS_VERSION,
	DIMENSION_CLASS,
	DIMENSION_CODE,
	DIMENSION_RULE,
	DIMENSION_SENDER,
	DIMENSION_TABLE,
	DIMENSION_PROGRAM,
	DIMENSION_VERSION,
	DIMENSION_NR
};

/* A label and its closed set, from first to below nr, named by a function or
 * by a list; ports and programs have neither: they are known at run time only.
 */
struct dimension {
	const char *label;
	const char *(*name)(unsigned int index);
	const char *const *names;
	unsigned int first; /* 1: the set begins with "none", which is never told */
	unsigned int nr;    /* the size in the array of values, too */
};

struct family {
	const char *name; /* without the suffix of its type */
	enum family_type type;
	enum family_source source;
	size_t offset; /* of the first of its __u64 */
	enum dimension_id dimensions[FAMILY_DIMENSIONS_MAX];
	bool ns; /* counted in nanoseconds, told in seconds */
	const char *help;
};

extern const struct dimension dimensions[DIMENSION_NR];
extern const struct family families[];
extern const unsigned int families_nr;

#endif
