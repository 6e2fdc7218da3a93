/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Can this machine and this process run the kernel side? One probe a feature. */
#ifndef SMTPSCOPE_PROBE_H
#define SMTPSCOPE_PROBE_H

#include <stdbool.h>
#include <stddef.h>

#define PROBE_WHY_MAX 256

enum probe_need {
	PROBE_KERNEL,	 /* or smtpscope cannot run: exit 5 */
	PROBE_PRIVILEGE, /* or smtpscope cannot run: exit 4 */
	PROBE_OPTIONAL,	 /* less is seen without it */
};

struct probe {
	const char *name;
	enum probe_need need;
	/* True if it is there. Else why says what is missing and how to mend it;
	 * when it is there, why may say more, or is empty.
	 */
	bool (*test)(char *why, size_t bytes);
};

extern const struct probe probes[];
extern const size_t probes_nr;

/* The first need of that kind that is not met, in one line; 0 or -ENOTSUP. */
int probe_check(enum probe_need need, char *why, size_t bytes);

#endif
