/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A dialogue's expectations: names for what records and verdicts say. */
#include "claim.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "names.h"

/* A number of the record. */
#define FIELD(key, member)                                                                 \
	{                                                                                  \
		key, offsetof(struct record, member), sizeof(((struct record *)0)->member) \
	}

static const struct field {
	const char *key;
	size_t offset;
	size_t size;
} fields[] = {
	FIELD("commands", client.commands),
	FIELD("mails", client.mails),
	FIELD("rcpts", client.rcpts),
	FIELD("auths", client.auths),
	FIELD("mails_accepted", server.mails_accepted),
	FIELD("mails_refused", server.mails_refused),
	FIELD("rcpts_accepted", server.rcpts_accepted),
	FIELD("messages", server.messages_accepted),
	FIELD("greeting", server.greeting_code),
	FIELD("last", server.last_code),
	FIELD("starttls_code", server.starttls_code),
	FIELD("auth_code", server.auth_code),
	FIELD("uncoded", server.replies[0]),
	FIELD("replies_1xx", server.replies[1]),
	FIELD("replies_2xx", server.replies[2]),
	FIELD("replies_3xx", server.replies[3]),
	FIELD("replies_4xx", server.replies[4]),
	FIELD("replies_5xx", server.replies[5]),
	FIELD("client_bytes", client.bytes),
	FIELD("server_bytes", server.bytes),
	FIELD("client_gap", client.gap_bytes),
	FIELD("server_gap", server.gap_bytes),
	FIELD("client_uninspected", client.uninspected_bytes),
	FIELD("server_uninspected", server.uninspected_bytes),
	FIELD("client_alert", client.alert_desc),
	FIELD("server_alert", server.alert_desc),
	FIELD("midstream", midstream),
};

/* A flag of one side: yes or no. */
static const struct flag {
	const char *key;
	bool server;
	__u32 bit;
} flags[] = {
	{ "tls_first", false, EV_TLS_FIRST },
	{ "client_hello", false, EV_CLIENT_HELLO },
	{ "ehlo", false, EV_EHLO },
	{ "helo", false, EV_HELO },
	{ "secret", false, EV_SECRET },
	{ "injected", false, EV_INJECTED },
	{ "clear_after", false, EV_CLEAR_AFTER },
	{ "body", false, EV_BODY },
	{ "sni_cut", false, EV_SNI_CUT },
	{ "client_not_smtp", false, EV_NOT_SMTP },
	{ "client_lost", false, EV_LOST },
	{ "client_ciphered", false, EV_CIPHERED },
	{ "greeted", true, EV_GREETED },
	{ "masked", true, EV_MASKED },
	{ "starttls_ok", true, EV_STARTTLS_OK },
	{ "server_hello", true, EV_SERVER_HELLO },
	{ "hello_retry", true, EV_HELLO_RETRY },
	{ "response_injected", true, EV_RESPONSE_INJECTED },
	{ "go_ahead", true, EV_GO_AHEAD },
	{ "server_not_smtp", true, EV_NOT_SMTP },
	{ "server_lost", true, EV_LOST },
	{ "server_ciphered", true, EV_CIPHERED },
};

static const char *text_outcome(const struct record *r, const struct verdict *v)
{
	(void)r;
	return outcome_name(v->outcome);
}

static const char *text_reason(const struct record *r, const struct verdict *v)
{
	(void)r;
	return reason_name(v->reason);
}

static const char *text_cause(const struct record *r, const struct verdict *v)
{
	(void)r;
	return cause_name(v->cause);
}

static const char *text_direction(const struct record *r, const struct verdict *v)
{
	(void)r;
	return direction_name(v->direction);
}

static const char *text_offered(const struct record *r, const struct verdict *v)
{
	(void)v;
	return offer_name(r);
}

static const char *text_verb(const struct record *r, const struct verdict *v)
{
	(void)v;
	return starttls_verb_name(r->client.starttls_verb);
}

static const char *text_mechanism(const struct record *r, const struct verdict *v)
{
	(void)v;
	return auth_mechanism_name(r->client.auth_mechanism);
}

static const char *text_ending(const struct record *r, const struct verdict *v)
{
	(void)v;
	return ending_name(r->ending);
}

static const char *text_version(const struct record *r, const struct verdict *v)
{
	(void)v;
	return r->server.tls_version ? tls_version_name(r->server.tls_version) : "none";
}

static const struct text {
	const char *key;
	const char *(*value)(const struct record *r, const struct verdict *v);
} texts[] = {
	{ "outcome", text_outcome },	 { "reason", text_reason },   { "cause", text_cause },
	{ "direction", text_direction }, { "offered", text_offered }, { "verb", text_verb },
	{ "mechanism", text_mechanism }, { "ending", text_ending },   { "tls", text_version },
};

#define NR(array) (sizeof(array) / sizeof((array)[0]))

static int put_number(char *value, const struct record *r, size_t offset, size_t size)
{
	__u64 number = 0;

	/* the tests' machines are little-endian, as the fields are host order */
	_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "low bytes first");
	memcpy(&number, (const char *)r + offset, size);
	snprintf(value, CLAIM_TEXT_MAX, "%llu", (unsigned long long)number);
	return 0;
}

/* The names of a set, by a comma, or "none". */
static int put_findings(char *value, __u32 findings)
{
	size_t at = 0;

	snprintf(value, CLAIM_TEXT_MAX, "none");
	for (unsigned int i = 0; i < FINDING_NR; i++)
		if (findings >> i & 1)
			at += (size_t)snprintf(value + at, CLAIM_TEXT_MAX - at, "%s%s",
					       at ? "," : "", finding_name(i));
	return 0;
}

int claim_value(const char *key, const struct record *r, const struct verdict *v,
		char value[CLAIM_TEXT_MAX])
{
	for (size_t i = 0; i < NR(texts); i++)
		if (!strcmp(texts[i].key, key))
			return snprintf(value, CLAIM_TEXT_MAX, "%s", texts[i].value(r, v)) < 0;
	for (size_t i = 0; i < NR(fields); i++)
		if (!strcmp(fields[i].key, key))
			return put_number(value, r, fields[i].offset, fields[i].size);
	for (size_t i = 0; i < NR(flags); i++) {
		const struct evidence *ev = flags[i].server ? &r->server : &r->client;

		if (!strcmp(flags[i].key, key))
			return snprintf(value, CLAIM_TEXT_MAX, "%s",
					ev->flags & flags[i].bit ? "yes" : "no") < 0;
	}
	for (unsigned int i = 0; i < NOTABLE_NR; i++)
		if (!strcmp(notable_name(i), key))
			return put_number(value, r, offsetof(struct record, server.notable[i]),
					  sizeof(r->server.notable[i]));
	if (!strcmp(key, "findings"))
		return put_findings(value, v->findings);
	if (!strcmp(key, "sni"))
		return snprintf(value, CLAIM_TEXT_MAX, "%.*s", r->sni_len ? r->sni_len : 4,
				r->sni_len ? r->sni : "none") < 0;
	if (!strcmp(key, "cipher"))
		return snprintf(value, CLAIM_TEXT_MAX, "%04x", r->server.tls_cipher) < 0;
	return -ENOENT;
}

int claim_check(const struct dialogue *d, const struct record *r, const struct verdict *v,
		const char *how)
{
	char value[CLAIM_TEXT_MAX];
	int wrong = 0;

	for (size_t i = 0; i < d->expects_nr; i++) {
		const struct dialogue_expect *e = &d->expects[i];

		if (claim_value(e->key, r, v, value)) {
			fprintf(stderr, "%s:%u: no such key '%s'\n", d->path, e->line, e->key);
			wrong++;
		} else if (strcmp(value, e->value) != 0) {
			fprintf(stderr, "%s:%u: %s: %s is %s, not %s\n", d->path, e->line, how,
				e->key, value, e->value);
			wrong++;
		}
	}
	return wrong;
}

__u8 claim_ending(const struct dialogue *d)
{
	static const __u8 endings[DIALOGUE_END_NR] = {
		[DIALOGUE_END_FIN] = ENDING_STOPPED,
		[DIALOGUE_END_OPEN] = ENDING_STOPPED,
		[DIALOGUE_END_IDLE] = ENDING_IDLE,
		[DIALOGUE_END_UNANSWERED] = ENDING_UNANSWERED,
		[DIALOGUE_END_REFUSED] = ENDING_REFUSED,
	};

	return endings[d->end];
}
