/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Counts what the sessions showed; exposition tells it. */
#ifndef SMTPSCOPE_METRICS_H
#define SMTPSCOPE_METRICS_H

#include "config.h"
#include "record.h"
#include "verdict.h"

enum offer { OFFER_YES, OFFER_NO, OFFER_UNKNOWN, OFFER_NR };

/* Why a STARTTLS that was asked for gave no TLS. */
enum starttls_failure {
	STARTTLS_FAILURE_NONE,
	STARTTLS_FAILURE_REFUSED, /* answered, but not by 2xx */
	STARTTLS_FAILURE_UNANSWERED,
	STARTTLS_FAILURE_ALERT,	    /* a fatal TLS alert from either side */
	STARTTLS_FAILURE_CONTINUED, /* SMTP went on in clear */
	STARTTLS_FAILURE_NO_CLIENT_HELLO,
	STARTTLS_FAILURE_NO_SERVER_HELLO,
	STARTTLS_FAILURE_NR
};

enum tls_version {
	TLS_VERSION_UNKNOWN,
	TLS_VERSION_SSL2,
	TLS_VERSION_SSL3,
	TLS_VERSION_10,
	TLS_VERSION_11,
	TLS_VERSION_12,
	TLS_VERSION_13,
	TLS_VERSION_NR
};

enum sender { SENDER_CLIENT, SENDER_SERVER, SENDER_NR };

/* evidence.replies: 1xx to 5xx, [0] lines without a code. */
#define REPLY_CLASS_NR 6

/* Each array is one family, its dimensions are the labels in their order. */
struct metrics {
	unsigned int ports_nr;
	__u16 ports[CONFIG_PORTS_MAX];
	__u64 ports_unknown; /* sessions on no port of the configuration */

	__u64 sessions[DIRECTION_NR][CONFIG_PORTS_MAX][OUTCOME_NR];
	__u64 plaintext[DIRECTION_NR][REASON_NR];
	__u64 undetermined[CAUSE_NR];
	__u64 mails[DIRECTION_NR];
	__u64 rcpts[DIRECTION_NR];
	__u64 auths[AUTH_NR];
	__u64 starttls_offers[OFFER_NR];
	__u64 starttls_requests[STARTTLS_VERB_NR];
	__u64 starttls_failures[STARTTLS_FAILURE_NR];
	__u64 tls_handshakes[TLS_VERSION_NR];
	__u64 replies[REPLY_CLASS_NR];
	__u64 notable[NOTABLE_NR];
	__u64 findings[FINDING_NR];
	__u64 bytes[DIRECTION_NR][SENDER_NR];
	__u64 gap_bytes[SENDER_NR];
	__u64 uninspected_bytes[SENDER_NR];
	__u64 retransmits[SENDER_NR];
};

void metrics_init(struct metrics *metrics, const struct config *config);

/* One session's end. */
void metrics_session(struct metrics *metrics, const struct record *r, const struct verdict *v);

/* A rule was broken, told the moment it was. */
void metrics_finding(struct metrics *metrics, unsigned int finding);

#endif
