/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One session or one finding as one line, for people or for machines. */
#include "line.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "findings.h"
#include "json.h"
#include "names.h"

#define NS_PER_SECOND 1000000000ULL
#define NS_PER_MS 1000000ULL

/* "2026-11-24T03:44:35.123Z", and room for a year of any length. */
#define TIMESTAMP_MAX 48
/* "[address]:port" */
#define ENDPOINT_MAX (ADDRESS_TEXT_MAX + 8)
/* "command[pid]" */
#define PROCESS_MAX (OWNER_COMM_MAX + 13)

/* A line for people while it grows. */
struct text {
	char *buf;
	size_t size;
	size_t len;
	bool full;
};

/* RFC 3339. */
static void timestamp(char buf[TIMESTAMP_MAX], __u64 wall_ns)
{
	time_t seconds = wall_ns / NS_PER_SECOND;
	struct tm tm;
	size_t len;

	gmtime_r(&seconds, &tm);
	len = strftime(buf, TIMESTAMP_MAX, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(buf + len, TIMESTAMP_MAX - len, ".%03lluZ", wall_ns % NS_PER_SECOND / NS_PER_MS);
}

static __u64 duration_ns(const struct record *r)
{
	return r->last_ns > r->first_ns ? r->last_ns - r->first_ns : 0;
}

/* In TLS nobody but the peers can count mails: then the number is unknown. */
static bool counts_known(const struct verdict *v)
{
	return v->outcome != OUTCOME_STARTTLS && v->outcome != OUTCOME_IMPLICIT_TLS;
}

/* A SYN without an answer has one side by its nature. */
static bool one_sided(const struct record *r)
{
	if (r->ending == ENDING_REFUSED || r->ending == ENDING_UNANSWERED)
		return false;
	return !r->client.packets || !r->server.packets;
}

/* A capture does not tell which machine this is. */
static bool direction_known(const struct record *r)
{
	return r->ifindex;
}

static size_t comm_len(const struct owner *owner)
{
	return strnlen(owner->comm, sizeof(owner->comm));
}

static size_t sni_len(const struct record *r)
{
	return r->sni_len < SNI_MAX ? r->sni_len : SNI_MAX;
}

static void json_peers(struct json *j, const struct record *r, bool sums)
{
	char address[ADDRESS_TEXT_MAX];

	json_put_string(j, "source.ip", address_text(r->key.client, address));
	json_put_u64(j, "source.port", ntohs(r->key.client_port_be16));
	if (sums) {
		json_put_u64(j, "source.bytes", r->client.bytes);
		json_put_u64(j, "source.packets", r->client.packets);
	}
	json_put_string(j, "destination.ip", address_text(r->key.server, address));
	json_put_u64(j, "destination.port", ntohs(r->key.server_port_be16));
	if (sums) {
		json_put_u64(j, "destination.bytes", r->server.bytes);
		json_put_u64(j, "destination.packets", r->server.packets);
	}
}

static void json_protocol(struct json *j, const struct record *r)
{
	const struct evidence *client = &r->client, *server = &r->server;

	json_put_string(j, "smtp.role", role_name(r->role));
	json_put_string(j, "smtp.starttls.offered", offer_name(r));
	json_put_bool(j, "smtp.starttls.requested", client->starttls_verb);
	if (client->starttls_verb)
		json_put_string(j, "smtp.starttls.verb", starttls_verb_name(client->starttls_verb));
	if (server->starttls_code)
		json_put_u64(j, "smtp.starttls.reply_code", server->starttls_code);
	if (client->auths) {
		json_put_string(j, "smtp.auth.mechanism",
				auth_mechanism_name(client->auth_mechanism));
		json_put_bool(j, "smtp.auth.exposed", client->flags & EV_SECRET);
	}
	if (server->auth_code)
		json_put_u64(j, "smtp.auth.reply_code", server->auth_code);
}

static void json_sums(struct json *j, const struct record *r, const struct verdict *v)
{
	if (counts_known(v)) {
		json_put_u64(j, "smtp.mail_count", r->client.mails);
		json_put_u64(j, "smtp.rcpt_count", r->client.rcpts);
		json_put_u64(j, "smtp.accepted_count", r->server.messages_accepted);
	}
	if (r->server.last_code)
		json_put_u64(j, "smtp.last_reply_code", r->server.last_code);
	if (v->cause)
		json_put_string(j, "smtp.evidence.cause", cause_name(v->cause));
	json_put_u64(j, "smtp.evidence.gap_bytes", r->client.gap_bytes + r->server.gap_bytes);
	json_put_bool(j, "smtp.evidence.midstream", r->midstream);
	json_put_bool(j, "smtp.evidence.one_sided", one_sided(r));
}

static void json_findings(struct json *j, __u32 findings)
{
	json_begin_list(j, "smtp.findings");
	for (unsigned int i = 0; i < FINDING_NR; i++)
		if (findings & 1U << i)
			json_put_item(j, finding_name(i));
	json_end_list(j);
}

static void json_tls(struct json *j, const struct record *r)
{
	char cipher[TLS_CIPHER_MAX];
	bool established = r->server.flags & EV_SERVER_HELLO;

	json_put_bool(j, "tls.established", established);
	if (established && r->server.tls_version) {
		json_put_string(j, "tls.version", tls_version_name(r->server.tls_version));
		json_put_string(j, "tls.cipher",
				tls_cipher_name(r->server.tls_cipher, cipher, sizeof(cipher)));
	}
	if (r->sni_len)
		json_put_bytes(j, "tls.client.server_name", r->sni, sni_len(r));
}

static void json_process(struct json *j, const struct owner *owner)
{
	char uid[sizeof("4294967295")];

	if (!owner->pid)
		return;
	json_put_u64(j, "process.pid", owner->pid);
	if (comm_len(owner))
		json_put_bytes(j, "process.name", owner->comm, comm_len(owner));
	snprintf(uid, sizeof(uid), "%u", owner->uid);
	json_put_string(j, "process.user.id", uid);
}

int line_json(const struct line *line, char *buf, size_t size)
{
	const struct record *r = line->record;
	const struct verdict *v = line->verdict;
	bool session = line->finding == FINDING_NR;
	char when[TIMESTAMP_MAX];
	struct json j;
	int len;

	timestamp(when, r->last_ns + line->clock->offset_ns);
	json_open(&j, buf, size);
	json_put_string(&j, "@timestamp", when);
	json_put_string(&j, "event.kind", session ? "event" : "alert");
	json_put_string(&j, "event.action", session ? "session" : finding_name(line->finding));
	if (session)
		json_put_u64(&j, "event.duration", duration_ns(r));
	json_put_u64(&j, "event.sequence", r->sequence);
	json_peers(&j, r, session);
	if (direction_known(r))
		json_put_string(&j, "network.direction", direction_name(v->direction));
	if (session) {
		json_put_string(&j, "smtp.outcome", outcome_name(v->outcome));
		if (v->reason)
			json_put_string(&j, "smtp.reason", reason_name(v->reason));
	}
	json_protocol(&j, r);
	if (session)
		json_sums(&j, r, v);
	json_findings(&j, v->findings);
	json_tls(&j, r);
	json_process(&j, &r->owner);
	len = json_close(&j);
	if (len < 0)
		return len;
	if ((size_t)len + 1 >= size)
		return -ENOSPC;
	memcpy(buf + len, "\n", 2);
	return len + 1;
}

__attribute__((format(printf, 2, 3))) static void text_add(struct text *t, const char *format, ...)
{
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(t->buf + t->len, t->size - t->len, format, args);
	va_end(args);
	if (len < 0 || (size_t)len >= t->size - t->len)
		t->full = true;
	else
		t->len += len;
}

static bool text_is_plain(const char *value, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (value[i] <= ' ' || value[i] >= 0x7f || strchr("\"=\\", value[i]))
			return false;
	return len;
}

/* key=value; quoted, and escaped by \xhh, unless it is a plain word. */
static void text_bytes(struct text *t, const char *key, const char *value, size_t len)
{
	if (text_is_plain(value, len)) {
		text_add(t, " %s=%.*s", key, (int)len, value);
		return;
	}
	text_add(t, " %s=\"", key);
	for (size_t i = 0; i < len; i++) {
		unsigned char c = value[i];

		if (c < ' ' || c >= 0x7f)
			text_add(t, "\\x%02x", c);
		else
			text_add(t, c == '"' || c == '\\' ? "\\%c" : "%c", c);
	}
	text_add(t, "\"");
}

static const char *endpoint(char buf[ENDPOINT_MAX], const __u8 address[16], __be16 port_be16)
{
	char text[ADDRESS_TEXT_MAX];

	address_text(address, text);
	snprintf(buf, ENDPOINT_MAX, strchr(text, ':') ? "[%s]:%u" : "%s:%u", text,
		 ntohs(port_be16));
	return buf;
}

static void text_peers(struct text *t, const struct record *r, const struct verdict *v)
{
	char buf[ENDPOINT_MAX];

	text_add(t, " client=%s", endpoint(buf, r->key.client, r->key.client_port_be16));
	text_add(t, " server=%s", endpoint(buf, r->key.server, r->key.server_port_be16));
	if (direction_known(r))
		text_add(t, " direction=%s", direction_name(v->direction));
	text_add(t, " role=%s", role_name(r->role));
}

static void text_protocol(struct text *t, const struct record *r)
{
	const struct evidence *client = &r->client, *server = &r->server;

	if (server->flags & (EV_OFFERED | EV_OFFER_KNOWN))
		text_add(t, " offered=%s", offer_name(r));
	if (client->starttls_verb)
		text_add(t, " requested=%s", starttls_verb_name(client->starttls_verb));
	if (server->starttls_code)
		text_add(t, " starttls_reply=%u", server->starttls_code);
	if (client->auths)
		text_add(t, " auth=%s secret=%s", auth_mechanism_name(client->auth_mechanism),
			 client->flags & EV_SECRET ? "exposed" : "safe");
	if (server->auth_code)
		text_add(t, " auth_reply=%u", server->auth_code);
}

static void text_sums(struct text *t, const struct record *r, const struct verdict *v)
{
	__u64 gap_bytes = r->client.gap_bytes + r->server.gap_bytes;

	if (counts_known(v))
		text_add(t, " mails=%u rcpts=%u accepted=%u", r->client.mails, r->client.rcpts,
			 r->server.messages_accepted);
	if (r->server.last_code)
		text_add(t, " last_reply=%u", r->server.last_code);
	text_add(t, " duration=%.3fs bytes=%llu/%llu", duration_ns(r) / 1e9, r->client.bytes,
		 r->server.bytes);
	if (gap_bytes)
		text_add(t, " gap_bytes=%llu", gap_bytes);
	text_add(t, " ending=%s", ending_name(r->ending));
}

static void text_findings(struct text *t, __u32 findings)
{
	const char *separator = " findings=";

	for (unsigned int i = 0; i < FINDING_NR; i++) {
		if (!(findings & 1U << i))
			continue;
		text_add(t, "%s%s", separator, finding_name(i));
		separator = ",";
	}
}

static void text_tls(struct text *t, const struct record *r)
{
	char cipher[TLS_CIPHER_MAX];

	if (r->server.flags & EV_SERVER_HELLO && r->server.tls_version)
		text_add(t, " tls=%s cipher=%s", tls_version_name(r->server.tls_version),
			 tls_cipher_name(r->server.tls_cipher, cipher, sizeof(cipher)));
	if (r->sni_len)
		text_bytes(t, "sni", r->sni, sni_len(r));
}

static void text_process(struct text *t, const struct owner *owner)
{
	char process[PROCESS_MAX];

	if (!owner->pid)
		return;
	snprintf(process, sizeof(process), "%.*s[%u]", (int)comm_len(owner), owner->comm,
		 owner->pid);
	text_bytes(t, "process", process, strlen(process));
}

int line_text(const struct line *line, char *buf, size_t size)
{
	const struct record *r = line->record;
	const struct verdict *v = line->verdict;
	bool session = line->finding == FINDING_NR;
	struct text t = { .buf = buf, .size = size };
	char when[TIMESTAMP_MAX];

	timestamp(when, r->last_ns + line->clock->offset_ns);
	if (session)
		text_add(&t, "%s session outcome=%s", when, outcome_name(v->outcome));
	else
		text_add(&t, "%s finding rule=%s", when, finding_name(line->finding));
	if (session && v->reason)
		text_add(&t, " reason=%s", reason_name(v->reason));
	if (session && v->cause)
		text_add(&t, " cause=%s", cause_name(v->cause));
	text_peers(&t, r, v);
	text_protocol(&t, r);
	text_tls(&t, r);
	if (session) {
		text_sums(&t, r, v);
		text_findings(&t, v->findings);
	}
	text_process(&t, &r->owner);
	if (!session)
		text_add(&t, " meaning=\"%s\"", finding_meaning(line->finding));
	text_add(&t, "\n");
	return t.full ? -ENOSPC : (int)t.len;
}
