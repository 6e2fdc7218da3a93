/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What each host did, in each role: a bounded table, totals that never shrink. */
#ifndef SMTPSCOPE_HOSTS_H
#define SMTPSCOPE_HOSTS_H

#include <linux/types.h>

#include "record.h"
#include "verdict.h"

#define HOSTS_MAX_DEFAULT 4096

enum host_role { HOST_CLIENT, HOST_SERVER, HOST_ROLE_NR };

/* Sums over sessions that ended. */
struct host_counts {
	__u64 sessions;
	__u64 outcomes[OUTCOME_NR];
	__u64 mails;	    /* MAIL in clear that was not refused */
	__u64 rcpts;	    /* RCPT in clear that was accepted */
	__u64 auth_exposed; /* sessions in which a secret was sent in clear */
	__u64 starttls_offered;
	__u64 starttls_not_offered;
	__u64 starttls_requested;
	__u64 bytes; /* payload, both ways */
};

/* An address in a role. */
struct host {
	__u8 address[16];
	enum host_role role;
	__u64 last_ns;
	struct host_counts counts;
};

struct hosts;

/* At most max hosts; the least recently seen one folds into `other`. */
int hosts_open(struct hosts **out, unsigned int max);
void hosts_close(struct hosts *hosts);

/* One session's end, for its client and for its server. */
void hosts_record(struct hosts *hosts, const struct record *r, const struct verdict *v);

unsigned int hosts_count(const struct hosts *hosts);
/* From the least recently seen on; NULL is before the first and after the last. */
const struct host *hosts_next(const struct hosts *hosts, const struct host *host);
/* Hosts that left the table, and those there was no room for. */
const struct host_counts *hosts_other(const struct hosts *hosts, enum host_role role);
/* Every session once. */
const struct host_counts *hosts_totals(const struct hosts *hosts);

#endif
