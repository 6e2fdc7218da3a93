/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Counts what the sessions showed; exposition tells it. */
#include "metrics.h"

#include <arpa/inet.h>
#include <string.h>

_Static_assert(sizeof(((struct evidence *)0)->replies) / sizeof(__u32) == REPLY_CLASS_NR,
	       "classes of replies");

/* An index of the contract, made safe against a record that breaks it. */
static unsigned int bounded(unsigned int index, unsigned int nr, unsigned int otherwise)
{
	return index < nr ? index : otherwise;
}

static void count_outcome(struct metrics *m, const struct record *r, const struct verdict *v,
			  unsigned int direction)
{
	unsigned int outcome = bounded(v->outcome, OUTCOME_NR, OUTCOME_UNDETERMINED);
	__u16 port = ntohs(r->key.server_port_be16);
	unsigned int i = 0;

	while (i < m->ports_nr && m->ports[i] != port)
		i++;
	if (i < m->ports_nr)
		m->sessions[direction][i][outcome]++;
	else
		m->ports_unknown++;
	if (outcome == OUTCOME_PLAINTEXT)
		m->plaintext[direction][bounded(v->reason, REASON_NR, REASON_NONE)]++;
	if (outcome == OUTCOME_UNDETERMINED)
		m->undetermined[bounded(v->cause, CAUSE_NR, CAUSE_NONE)]++;
}

/* What passed for everybody on the way to read. */
static void count_clear(struct metrics *m, const struct record *r, unsigned int direction)
{
	const struct evidence *c = &r->client, *s = &r->server;

	if (c->mails > s->mails_refused)
		m->mails[direction] += c->mails - s->mails_refused;
	m->rcpts[direction] += s->rcpts_accepted;
	if (c->flags & EV_SECRET)
		m->auths[bounded(c->auth_mechanism, AUTH_NR, AUTH_OTHER)]++;
	for (unsigned int i = 0; i < REPLY_CLASS_NR; i++)
		m->replies[i] += s->replies[i];
	for (unsigned int i = 0; i < NOTABLE_NR; i++)
		m->notable[i] += s->notable[i];
}

static enum starttls_failure starttls_failure(const struct record *r, const struct verdict *v)
{
	const struct evidence *c = &r->client, *s = &r->server;

	/* where the bytes that decide are missing nobody knows that it failed */
	if (!c->starttls_verb || v->outcome == OUTCOME_STARTTLS ||
	    v->outcome == OUTCOME_UNDETERMINED || ((c->flags | s->flags) & EV_LOST))
		return STARTTLS_FAILURE_NONE;
	if (verdict_alert(c) || verdict_alert(s))
		return STARTTLS_FAILURE_ALERT;
	if (s->flags & EV_SERVER_HELLO)
		return STARTTLS_FAILURE_NONE;
	if (!s->starttls_code)
		return STARTTLS_FAILURE_UNANSWERED;
	if (!(s->flags & EV_STARTTLS_OK))
		return STARTTLS_FAILURE_REFUSED;
	if (c->flags & EV_CLEAR_AFTER)
		return STARTTLS_FAILURE_CONTINUED;
	return c->flags & EV_CLIENT_HELLO ? STARTTLS_FAILURE_NO_SERVER_HELLO :
					    STARTTLS_FAILURE_NO_CLIENT_HELLO;
}

static enum tls_version tls_version(__u16 wire)
{
	switch (wire) {
	case 0x0002: return TLS_VERSION_SSL2;
	case 0x0300: return TLS_VERSION_SSL3;
	case 0x0301: return TLS_VERSION_10;
	case 0x0302: return TLS_VERSION_11;
	case 0x0303: return TLS_VERSION_12;
	case 0x0304: return TLS_VERSION_13;
	default: return TLS_VERSION_UNKNOWN;
	}
}

static void count_tls(struct metrics *m, const struct record *r, const struct verdict *v)
{
	const struct evidence *c = &r->client, *s = &r->server;

	if (s->flags & EV_OFFERED)
		m->starttls_offers[OFFER_YES]++;
	else if (s->flags & EV_OFFER_KNOWN)
		m->starttls_offers[OFFER_NO]++;
	else if ((c->flags | s->flags) & (EV_SMTP | EV_GREETED))
		m->starttls_offers[OFFER_UNKNOWN]++;
	m->starttls_requests[bounded(c->starttls_verb, STARTTLS_VERB_NR, STARTTLS_VERB_STARTTLS)]++;
	m->starttls_failures[starttls_failure(r, v)]++;
	if (s->flags & EV_SERVER_HELLO)
		m->tls_handshakes[tls_version(s->tls_version)]++;
}

static void count_stream(struct metrics *m, const struct evidence *ev, unsigned int direction,
			 enum sender sender)
{
	m->bytes[direction][sender] += ev->bytes;
	m->gap_bytes[sender] += ev->gap_bytes;
	m->uninspected_bytes[sender] += ev->uninspected_bytes;
	m->retransmits[sender] += ev->retransmits;
}

void metrics_init(struct metrics *metrics, const struct config *config)
{
	memset(metrics, 0, sizeof(*metrics));
	metrics->ports_nr = config->ports_nr;
	for (unsigned int i = 0; i < config->ports_nr; i++)
		metrics->ports[i] = config->ports[i].port;
}

void metrics_session(struct metrics *metrics, const struct record *r, const struct verdict *v)
{
	unsigned int direction = bounded(v->direction, DIRECTION_NR, DIRECTION_FORWARD);

	count_outcome(metrics, r, v, direction);
	count_clear(metrics, r, direction);
	count_tls(metrics, r, v);
	count_stream(metrics, &r->client, direction, SENDER_CLIENT);
	count_stream(metrics, &r->server, direction, SENDER_SERVER);
}

void metrics_finding(struct metrics *metrics, unsigned int finding)
{
	if (finding < FINDING_NR)
		metrics->findings[finding]++;
}
