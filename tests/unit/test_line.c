/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Lines tell what is known, bounded in length, and no peer can forge one. */
#include "line.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "log.h"
#include "sample.h"

/* 1970-01-01T00:00:01.250 of the sample becomes 2026-11-24T03:44:35.123. */
static const struct clock wall = { .offset_ns = 1795491873873000000 };

static int (*const formats[])(const struct line *, char *, size_t) = { line_text, line_json };

/* The session's line, or with a finding, the finding's. */
static int format(int (*line_of)(const struct line *, char *, size_t), const struct record *r,
		  unsigned int finding, char *buf, size_t size)
{
	struct verdict v;
	const struct line line = { .record = r, .verdict = &v, .clock = &wall, .finding = finding };

	verdict_of(r, &v);
	return line_of(&line, buf, size);
}

static json_t *parsed(const struct record *r, unsigned int finding)
{
	char buf[LOG_LINE_MAX];
	json_error_t error;
	json_t *json;
	int len = format(line_json, r, finding, buf, sizeof(buf));

	assert_true(len > 0);
	assert_int_equal(strlen(buf), len);
	assert_ptr_equal(strchr(buf, '\n'), buf + len - 1);
	json = json_loads(buf, JSON_REJECT_DUPLICATES, &error);
	if (!json)
		fail_msg("%s: %s", error.text, buf);
	return json;
}

static void assert_text(const json_t *json, const char *name, const char *value)
{
	const char *text = json_string_value(json_object_get(json, name));

	if (!text)
		fail_msg("%s is not a string", name);
	assert_string_equal(text, value);
}

static void assert_number(const json_t *json, const char *name, json_int_t value)
{
	const json_t *number = json_object_get(json, name);

	if (!json_is_integer(number))
		fail_msg("%s is not a number", name);
	assert_int_equal(json_integer_value(number), value);
}

static void assert_bool(const json_t *json, const char *name, bool value)
{
	const json_t *boolean = json_object_get(json, name);

	if (!json_is_boolean(boolean))
		fail_msg("%s is not a boolean", name);
	assert_int_equal(json_is_true(boolean), value);
}

static void assert_left_out(const json_t *json, const char *const names[], size_t nr)
{
	for (size_t i = 0; i < nr; i++)
		if (json_object_get(json, names[i]))
			fail_msg("%s is not left out", names[i]);
}

/* The longest of everything, all of it hostile. */
static struct record worst(char byte)
{
	struct record r;

	memset(&r, 0xff, sizeof(r));
	r.ending = ENDING_UNANSWERED;
	r.role = ROLE_SUBMISSION;
	r.first_ns = 0;
	r.client.auth_mechanism = AUTH_OAUTHBEARER;
	r.client.starttls_verb = STARTTLS_VERB_ANONYMOUSTLS;
	r.server.tls_cipher = 0xcca9;
	r.client.findings = (1U << FINDING_NR) - 1;
	memset(r.sni, byte, sizeof(r.sni));
	memset(r.owner.comm, byte, sizeof(r.owner.comm));
	return r;
}

static void a_plaintext_session_reads_as_one_text_line(void **state)
{
	struct record r = sample_plaintext();
	char buf[LOG_LINE_MAX];

	(void)state;
	assert_true(format(line_text, &r, FINDING_NR, buf, sizeof(buf)) > 0);
	assert_string_equal(buf, "2026-11-24T03:44:35.123Z session outcome=plaintext "
				 "reason=not_requested client=10.0.0.2:41234 server=10.0.0.1:25 "
				 "direction=egress role=relay offered=yes mails=1 rcpts=2 "
				 "accepted=1 last_reply=221 duration=0.250s bytes=300/400 "
				 "ending=fin findings=plaintext-mail process=swaks[123]\n");
}

static void a_starttls_session_reads_as_one_text_line(void **state)
{
	struct record r = sample_starttls();
	char buf[LOG_LINE_MAX];

	(void)state;
	assert_true(format(line_text, &r, FINDING_NR, buf, sizeof(buf)) > 0);
	assert_string_equal(buf, "2026-11-24T03:44:35.123Z session outcome=starttls "
				 "client=10.0.0.2:41234 server=10.0.0.1:25 direction=egress "
				 "role=relay offered=yes requested=STARTTLS starttls_reply=220 "
				 "tls=1.3 cipher=TLS_AES_256_GCM_SHA384 sni=mx.example.org "
				 "last_reply=220 duration=0.250s bytes=300/400 ending=fin "
				 "process=swaks[123]\n");
}

static void a_finding_reads_as_one_text_line(void **state)
{
	struct record r = sample_plaintext();
	char buf[LOG_LINE_MAX];

	(void)state;
	r.ending = ENDING_OPEN;
	r.client.auths = 1;
	r.client.auth_mechanism = AUTH_PLAIN;
	r.client.flags |= EV_SECRET;
	assert_true(format(line_text, &r, FINDING_PLAINTEXT_AUTH, buf, sizeof(buf)) > 0);
	assert_string_equal(buf, "2026-11-24T03:44:35.123Z finding rule=plaintext-auth "
				 "client=10.0.0.2:41234 server=10.0.0.1:25 direction=egress "
				 "role=relay offered=yes auth=PLAIN secret=exposed "
				 "process=swaks[123] "
				 "meaning=\"a password or token was sent in clear\"\n");
}

static void a_plaintext_session_has_the_names_of_the_design(void **state)
{
	struct record r = sample_plaintext();
	json_t *json;

	(void)state;
	r.client.gap_bytes = 5;
	r.server.gap_bytes = 6;
	r.client.auths = 1;
	r.client.auth_mechanism = AUTH_LOGIN;
	r.client.flags |= EV_SECRET;
	r.server.auth_code = 535;
	json = parsed(&r, FINDING_NR);
	assert_text(json, "@timestamp", "2026-11-24T03:44:35.123Z");
	assert_text(json, "event.kind", "event");
	assert_text(json, "event.action", "session");
	assert_number(json, "event.duration", 250000000);
	assert_number(json, "event.sequence", 7);
	assert_text(json, "source.ip", "10.0.0.2");
	assert_number(json, "source.port", 41234);
	assert_number(json, "source.bytes", 300);
	assert_number(json, "source.packets", 12);
	assert_text(json, "destination.ip", "10.0.0.1");
	assert_number(json, "destination.port", 25);
	assert_number(json, "destination.bytes", 400);
	assert_number(json, "destination.packets", 11);
	assert_text(json, "network.direction", "egress");
	assert_text(json, "smtp.outcome", "plaintext");
	assert_text(json, "smtp.reason", "not_requested");
	assert_text(json, "smtp.role", "relay");
	assert_text(json, "smtp.auth.mechanism", "LOGIN");
	assert_bool(json, "smtp.auth.exposed", true);
	assert_number(json, "smtp.auth.reply_code", 535);
	assert_number(json, "smtp.mail_count", 1);
	assert_number(json, "smtp.rcpt_count", 2);
	assert_number(json, "smtp.accepted_count", 1);
	assert_number(json, "smtp.last_reply_code", 221);
	assert_number(json, "smtp.evidence.gap_bytes", 11);
	assert_bool(json, "smtp.evidence.midstream", false);
	assert_bool(json, "smtp.evidence.one_sided", false);
	assert_bool(json, "tls.established", false);
	assert_number(json, "process.pid", 123);
	assert_text(json, "process.name", "swaks");
	assert_text(json, "process.user.id", "1000");
	json_decref(json);
}

static void a_starttls_session_has_the_names_of_the_design(void **state)
{
	struct record r = sample_starttls();
	json_t *json = parsed(&r, FINDING_NR);

	(void)state;
	assert_text(json, "smtp.outcome", "starttls");
	assert_text(json, "smtp.starttls.offered", "yes");
	assert_bool(json, "smtp.starttls.requested", true);
	assert_text(json, "smtp.starttls.verb", "STARTTLS");
	assert_number(json, "smtp.starttls.reply_code", 220);
	assert_bool(json, "tls.established", true);
	assert_text(json, "tls.version", "1.3");
	assert_text(json, "tls.cipher", "TLS_AES_256_GCM_SHA384");
	assert_text(json, "tls.client.server_name", "mx.example.org");
	assert_int_equal(json_array_size(json_object_get(json, "smtp.findings")), 0);
	json_decref(json);
}

static void what_is_unknown_is_left_out(void **state)
{
	static const char *const plaintext_names[] = {
		"smtp.starttls.verb",
		"smtp.starttls.reply_code",
		"smtp.auth.mechanism",
		"smtp.auth.exposed",
		"smtp.auth.reply_code",
		"smtp.evidence.cause",
		"tls.version",
		"tls.cipher",
		"tls.client.server_name",
		"process.pid",
		"process.name",
		"process.user.id",
	};
	static const char *const tls_names[] = {
		"smtp.reason",	       "smtp.mail_count",      "smtp.rcpt_count",
		"smtp.accepted_count", "smtp.last_reply_code",
	};
	struct record r = sample_plaintext();
	json_t *json;

	(void)state;
	r.owner.pid = 0;
	json = parsed(&r, FINDING_NR);
	assert_left_out(json, plaintext_names,
			sizeof(plaintext_names) / sizeof(plaintext_names[0]));
	json_decref(json);
	r = sample_starttls();
	r.server.last_code = 0;
	json = parsed(&r, FINDING_NR);
	assert_left_out(json, tls_names, sizeof(tls_names) / sizeof(tls_names[0]));
	json_decref(json);
}

static void a_capture_tells_no_direction(void **state)
{
	static const char *const unknown[] = { "network.direction" };
	struct record r = sample_plaintext();
	char buf[LOG_LINE_MAX];
	json_t *json;

	(void)state;
	r.ifindex = 0;
	json = parsed(&r, FINDING_NR);
	assert_left_out(json, unknown, 1);
	json_decref(json);
	assert_true(format(line_text, &r, FINDING_NR, buf, sizeof(buf)) > 0);
	assert_null(strstr(buf, "direction="));
}

static void an_offer_is_yes_no_or_unknown(void **state)
{
	static const struct {
		__u32 flags;
		const char *offered;
	} cases[] = {
		{ EV_OFFERED, "yes" },
		{ EV_OFFERED | EV_OFFER_KNOWN, "yes" },
		{ EV_OFFER_KNOWN, "no" },
		{ EV_GREETED, "unknown" },
	};
	struct record r = sample_plaintext();

	(void)state;
	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		json_t *json;

		r.server.flags = cases[i].flags;
		json = parsed(&r, FINDING_NR);
		assert_text(json, "smtp.starttls.offered", cases[i].offered);
		json_decref(json);
	}
}

static void a_finding_is_an_alert_and_tells_no_outcome_yet(void **state)
{
	static const char *const names[] = {
		"smtp.outcome", "smtp.reason", "event.duration", "source.bytes", "smtp.mail_count",
	};
	struct record r = sample_plaintext();
	json_t *json;

	(void)state;
	r.ending = ENDING_OPEN;
	json = parsed(&r, FINDING_PLAINTEXT_MAIL);
	assert_text(json, "event.kind", "alert");
	assert_text(json, "event.action", "plaintext-mail");
	assert_text(json, "source.ip", "10.0.0.2");
	assert_text(json, "smtp.starttls.offered", "yes");
	assert_left_out(json, names, sizeof(names) / sizeof(names[0]));
	json_decref(json);
}

static void findings_of_a_session_are_a_list_of_names(void **state)
{
	struct record r = sample_plaintext();
	json_t *json, *list;

	(void)state;
	r.client.findings = 1U << FINDING_PLAINTEXT_AUTH | 1U << FINDING_IMPLICIT_PORT_PLAINTEXT;
	json = parsed(&r, FINDING_NR);
	list = json_object_get(json, "smtp.findings");
	assert_int_equal(json_array_size(list), 3);
	assert_string_equal(json_string_value(json_array_get(list, 0)), "plaintext-mail");
	assert_string_equal(json_string_value(json_array_get(list, 1)), "plaintext-auth");
	assert_string_equal(json_string_value(json_array_get(list, 2)), "implicit-port-plaintext");
	json_decref(json);
}

static void an_undetermined_session_tells_its_cause(void **state)
{
	struct record r = sample_plaintext();
	json_t *json;

	(void)state;
	memset(&r.server, 0, sizeof(r.server));
	r.client.flags = EV_SMTP;
	r.client.mails = 0;
	json = parsed(&r, FINDING_NR);
	assert_text(json, "smtp.outcome", "undetermined");
	assert_text(json, "smtp.evidence.cause", "one_sided");
	assert_bool(json, "smtp.evidence.one_sided", true);
	json_decref(json);
	r = sample_starttls();
	r.midstream = 1;
	json = parsed(&r, FINDING_NR);
	assert_text(json, "smtp.evidence.cause", "midstream");
	assert_bool(json, "smtp.evidence.midstream", true);
	json_decref(json);
}

static void a_syn_without_an_answer_is_not_called_one_sided(void **state)
{
	static const __u8 endings[] = { ENDING_UNANSWERED, ENDING_REFUSED };
	struct record r = sample_unanswered();

	(void)state;
	for (unsigned int i = 0; i < sizeof(endings); i++) {
		json_t *json;

		r.ending = endings[i];
		json = parsed(&r, FINDING_NR);
		assert_text(json, "smtp.outcome", i ? "refused" : "unanswered");
		assert_bool(json, "smtp.evidence.one_sided", false);
		assert_text(json, "smtp.starttls.offered", "unknown");
		assert_number(json, "smtp.mail_count", 0);
		json_decref(json);
	}
}

static void ipv6_has_brackets_beside_a_port_only(void **state)
{
	struct record r = sample_plaintext();
	char buf[LOG_LINE_MAX];
	json_t *json;

	(void)state;
	sample_ipv6(r.key.client, "2001:db8::2");
	sample_ipv6(r.key.server, "2001:db8::1");
	assert_true(format(line_text, &r, FINDING_NR, buf, sizeof(buf)) > 0);
	assert_non_null(strstr(buf, " client=[2001:db8::2]:41234 server=[2001:db8::1]:25 "));
	json = parsed(&r, FINDING_NR);
	assert_text(json, "source.ip", "2001:db8::2");
	assert_text(json, "destination.ip", "2001:db8::1");
	json_decref(json);
}

static void time_is_utc_whatever_the_zone(void **state)
{
	struct record r = sample_plaintext();
	json_t *json;

	(void)state;
	setenv("TZ", "Asia/Kathmandu", 1);
	tzset();
	json = parsed(&r, FINDING_NR);
	unsetenv("TZ");
	tzset();
	assert_text(json, "@timestamp", "2026-11-24T03:44:35.123Z");
	json_decref(json);
}

static void a_clock_that_runs_backwards_makes_no_duration(void **state)
{
	struct record r = sample_plaintext();
	json_t *json;

	(void)state;
	r.first_ns = r.last_ns + 1;
	json = parsed(&r, FINDING_NR);
	assert_number(json, "event.duration", 0);
	json_decref(json);
}

static void the_worst_line_is_below_4096_bytes(void **state)
{
	static const char hostile[] = { '\0', '\n', '"', '\\', '\x7f', '\xff', ' ', 'a' };

	(void)state;
	for (unsigned int i = 0; i < sizeof(hostile); i++) {
		struct record r = worst(hostile[i]);

		for (unsigned int f = 0; f < 2; f++) {
			for (unsigned int finding = 0; finding <= FINDING_NR; finding++) {
				char buf[2 * LOG_LINE_MAX];
				int len = format(formats[f], &r, finding, buf, sizeof(buf));

				assert_in_range(len, 100, LOG_LINE_MAX - 1);
			}
		}
	}
}

static void every_byte_of_a_peer_comes_back_from_json(void **state)
{
	struct record r = sample_starttls();

	(void)state;
	for (unsigned int byte = 0; byte < 256; byte++) {
		const char utf8[] = { byte < 0x80 ? byte : 0xc0 | byte >> 6, 0x80 | (byte & 0x3f) };
		char buf[LOG_LINE_MAX];
		json_t *json, *name;

		r.sni_len = 1;
		r.sni[0] = byte;
		assert_true(format(line_json, &r, FINDING_NR, buf, sizeof(buf)) > 0);
		json = json_loads(buf, JSON_ALLOW_NUL, NULL);
		name = json_object_get(json, "tls.client.server_name");
		assert_int_equal(json_string_length(name), byte < 0x80 ? 1 : 2);
		assert_memory_equal(json_string_value(name), utf8, json_string_length(name));
		json_decref(json);
	}
}

static void a_line_is_printable_ascii_whatever_a_peer_sent(void **state)
{
	struct record r = sample_starttls();

	(void)state;
	r.sni_len = SNI_MAX;
	for (unsigned int base = 0; base < 256; base += SNI_MAX) {
		for (unsigned int i = 0; i < SNI_MAX; i++)
			r.sni[i] = base + i;
		for (unsigned int i = 0; i < OWNER_COMM_MAX; i++)
			r.owner.comm[i] = base + i + 1;
		for (unsigned int f = 0; f < 2; f++) {
			char buf[LOG_LINE_MAX];
			int len = format(formats[f], &r, FINDING_NR, buf, sizeof(buf));

			assert_int_equal(buf[len - 1], '\n');
			for (int i = 0; i < len - 1; i++)
				assert_in_range((unsigned char)buf[i], ' ', '~');
		}
	}
}

static void a_peer_cannot_add_a_key_to_a_text_line(void **state)
{
	static const char forged[] = "a\" outcome=starttls \\";
	struct record r = sample_starttls();
	char buf[LOG_LINE_MAX];

	(void)state;
	r.sni_len = sizeof(forged) - 1;
	memcpy(r.sni, forged, sizeof(forged) - 1);
	assert_true(format(line_text, &r, FINDING_NR, buf, sizeof(buf)) > 0);
	assert_non_null(strstr(buf, " sni=\"a\\\" outcome=starttls \\\\\" "));
	r.sni_len = 3;
	memcpy(r.sni, "a=b", 3);
	assert_true(format(line_text, &r, FINDING_NR, buf, sizeof(buf)) > 0);
	assert_non_null(strstr(buf, " sni=\"a=b\" "));
}

static void lengths_that_lie_are_held_to_the_array(void **state)
{
	struct record *r = malloc(sizeof(*r));
	char buf[LOG_LINE_MAX];

	(void)state;
	*r = sample_starttls();
	r->sni_len = 0xffff;
	memset(r->sni, 'a', sizeof(r->sni));
	memset(r->owner.comm, 'c', sizeof(r->owner.comm));
	for (unsigned int f = 0; f < 2; f++) {
		const char *sni;

		assert_true(format(formats[f], r, FINDING_NR, buf, sizeof(buf)) > 0);
		sni = strstr(buf, "aaaa");
		assert_int_equal(strspn(sni, "a"), SNI_MAX);
		assert_int_equal(strspn(strstr(buf, "cccc"), "c"), OWNER_COMM_MAX);
	}
	free(r);
}

static void a_line_that_does_not_fit_is_refused_at_every_size(void **state)
{
	struct record r = sample_starttls();
	char whole[LOG_LINE_MAX];

	(void)state;
	for (unsigned int f = 0; f < 2; f++) {
		int len = format(formats[f], &r, FINDING_NR, whole, sizeof(whole));

		for (int size = 1; size <= len + 1; size++) {
			char *buf = malloc(size);
			int expected = size > len ? len : -ENOSPC;

			assert_int_equal(format(formats[f], &r, FINDING_NR, buf, size), expected);
			free(buf);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_plaintext_session_reads_as_one_text_line),
		cmocka_unit_test(a_starttls_session_reads_as_one_text_line),
		cmocka_unit_test(a_finding_reads_as_one_text_line),
		cmocka_unit_test(a_plaintext_session_has_the_names_of_the_design),
		cmocka_unit_test(a_starttls_session_has_the_names_of_the_design),
		cmocka_unit_test(what_is_unknown_is_left_out),
		cmocka_unit_test(a_capture_tells_no_direction),
		cmocka_unit_test(an_offer_is_yes_no_or_unknown),
		cmocka_unit_test(a_finding_is_an_alert_and_tells_no_outcome_yet),
		cmocka_unit_test(findings_of_a_session_are_a_list_of_names),
		cmocka_unit_test(an_undetermined_session_tells_its_cause),
		cmocka_unit_test(a_syn_without_an_answer_is_not_called_one_sided),
		cmocka_unit_test(ipv6_has_brackets_beside_a_port_only),
		cmocka_unit_test(time_is_utc_whatever_the_zone),
		cmocka_unit_test(a_clock_that_runs_backwards_makes_no_duration),
		cmocka_unit_test(the_worst_line_is_below_4096_bytes),
		cmocka_unit_test(every_byte_of_a_peer_comes_back_from_json),
		cmocka_unit_test(a_line_is_printable_ascii_whatever_a_peer_sent),
		cmocka_unit_test(a_peer_cannot_add_a_key_to_a_text_line),
		cmocka_unit_test(lengths_that_lie_are_held_to_the_array),
		cmocka_unit_test(a_line_that_does_not_fit_is_refused_at_every_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
