/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Decides outcome, reason, cause and findings from a record's evidence. */
#ifndef SMTPSCOPE_VERDICT_H
#define SMTPSCOPE_VERDICT_H

#include <linux/types.h>
#include <stdbool.h>

#include "record.h"

struct verdict {
	__u8 outcome;	/* enum outcome */
	__u8 reason;	/* enum reason, of OUTCOME_PLAINTEXT */
	__u8 cause;	/* enum cause, of OUTCOME_UNDETERMINED */
	__u8 direction; /* enum direction */
	__u32 findings; /* bits, by enum finding */
};

static inline bool verdict_heard(const struct evidence *ev)
{
	return ev->packets != 0;
}

/* RFC 8446 6: a fatal alert before anything was ciphered. */
static inline bool verdict_alert(const struct evidence *ev)
{
	return (ev->flags & EV_ALERT) && ev->alert_level == 2;
}

/* A mail passed in clear, and was not refused as such. */
static inline bool verdict_mail(const struct record *r)
{
	const struct evidence *c = &r->client, *s = &r->server;

	if (s->mails_accepted || s->messages_accepted || (s->flags & EV_GO_AHEAD))
		return true;
	if (c->mails <= s->mails_refused)
		return false;
	/* the reply was not seen: if it was a refusal, no body followed */
	if (!verdict_heard(s) || (s->flags & EV_LOST) || r->midstream)
		return c->flags & EV_BODY;
	return true;
}

/* Whose fault it was, and what to change. */
static inline enum reason verdict_reason(const struct record *r)
{
	const struct evidence *c = &r->client, *s = &r->server;

	if (s->flags & EV_SERVER_HELLO)
		return REASON_BEFORE_TLS;
	if (c->starttls_verb) {
		if (s->starttls_code && !(s->flags & EV_STARTTLS_OK))
			return REASON_REFUSED;
		return REASON_HANDSHAKE_FAILED;
	}
	if (s->flags & EV_OFFERED)
		return REASON_NOT_REQUESTED;
	if (s->flags & EV_MASKED)
		return REASON_MASKED;
	if (s->flags & EV_OFFER_KNOWN)
		return REASON_NOT_OFFERED;
	if (c->flags & EV_HELO)
		return REASON_HELO;
	return REASON_NONE;
}

/* Nothing was sent in clear that should not be. */
static inline enum outcome verdict_no_mail(const struct record *r, enum cause *cause)
{
	const struct evidence *c = &r->client, *s = &r->server;
	const __u32 both = c->flags | s->flags;

	*cause = r->midstream ? CAUSE_MIDSTREAM : both & EV_LOST ? CAUSE_GAP : CAUSE_NONE;
	if (!verdict_heard(c) || !verdict_heard(s)) {
		*cause = CAUSE_ONE_SIDED;
		return OUTCOME_UNDETERMINED;
	}
	if (s->flags & EV_SERVER_HELLO) {
		if ((c->flags & EV_TLS_FIRST) && (c->flags & EV_CLIENT_HELLO))
			return OUTCOME_IMPLICIT_TLS;
		if (c->starttls_verb && (s->flags & EV_STARTTLS_OK) && !(c->flags & EV_LOST) &&
		    !r->midstream)
			return verdict_alert(c) || verdict_alert(s) ? OUTCOME_STARTTLS_FAILED :
								      OUTCOME_STARTTLS;
	}
	if (*cause != CAUSE_NONE)
		return OUTCOME_UNDETERMINED;
	if ((c->flags & EV_TLS_FIRST) && (c->flags & EV_CLIENT_HELLO) && !(s->flags & EV_GREETED)) {
		*cause = CAUSE_TLS_FAILED;
		return OUTCOME_UNDETERMINED;
	}
	if (c->starttls_verb)
		return OUTCOME_STARTTLS_FAILED;
	if (!c->bytes && !s->bytes)
		return OUTCOME_SILENT;
	if ((c->flags & EV_SMTP) || ((s->flags & EV_GREETED) && !(c->flags & EV_NOT_SMTP)))
		return OUTCOME_NO_MAIL;
	return OUTCOME_NOT_SMTP;
}

static inline enum direction verdict_direction(const struct record *r)
{
	bool client = r->client.flags & EV_LOCAL;
	bool server = r->server.flags & EV_LOCAL;

	if (client && server)
		return DIRECTION_LOCAL;
	if (client)
		return DIRECTION_EGRESS;
	if (server)
		return DIRECTION_INGRESS;
	/* nobody here answered: a SYN that left is ours or was forwarded */
	if (r->ending == ENDING_UNANSWERED || r->ending == ENDING_REFUSED)
		return r->egress ? DIRECTION_FORWARD : DIRECTION_INGRESS;
	return DIRECTION_FORWARD;
}

static inline __u32 verdict_findings(const struct record *r, const struct verdict *v)
{
	const struct evidence *c = &r->client, *s = &r->server;
	__u32 bits = c->findings | s->findings;

	if (v->outcome == OUTCOME_PLAINTEXT && verdict_mail(r))
		bits |= 1U << FINDING_PLAINTEXT_MAIL;
	/* TLS was agreed on, or begun, and never came to be */
	if (!(s->flags & EV_SERVER_HELLO) && r->ending != ENDING_OPEN && verdict_heard(s) &&
	    !(s->flags & EV_LOST) && !r->midstream &&
	    ((s->flags & EV_STARTTLS_OK) || (c->flags & EV_CLIENT_HELLO)))
		bits |= 1U << FINDING_TLS_HANDSHAKE_FAILED;
	return bits;
}

static inline void verdict_of(const struct record *r, struct verdict *v)
{
	enum cause cause = CAUSE_NONE;

	v->reason = REASON_NONE;
	if (r->ending == ENDING_REFUSED)
		v->outcome = OUTCOME_REFUSED;
	else if (r->ending == ENDING_UNANSWERED)
		v->outcome = OUTCOME_UNANSWERED;
	else if ((r->client.flags & EV_SECRET) || verdict_mail(r))
		v->outcome = OUTCOME_PLAINTEXT;
	else
		v->outcome = (__u8)verdict_no_mail(r, &cause);
	if (v->outcome == OUTCOME_PLAINTEXT)
		v->reason = (__u8)verdict_reason(r);
	v->cause = v->outcome == OUTCOME_UNDETERMINED ? (__u8)cause : CAUSE_NONE;
	v->direction = (__u8)verdict_direction(r);
	v->findings = verdict_findings(r, v);
}

#endif
