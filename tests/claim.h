/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A dialogue's expectations: names for what records and verdicts say. */
#ifndef SMTPSCOPE_CLAIM_H
#define SMTPSCOPE_CLAIM_H

#include "dialogue.h"
#include "record.h"
#include "verdict.h"

#define CLAIM_TEXT_MAX 512

/* The value of a key as text; -ENOENT: there is no such key. */
int claim_value(const char *key, const struct record *r, const struct verdict *v,
		char value[CLAIM_TEXT_MAX]);

/* How many expectations do not hold; each is told on stderr with file and line. */
int claim_check(const struct dialogue *d, const struct record *r, const struct verdict *v,
		const char *how);

/* The ending that userspace gives the dialogue's connection. */
__u8 claim_ending(const struct dialogue *d);

#endif
