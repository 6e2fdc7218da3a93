/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Outcome, reason, cause, direction and findings from evidence alone. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <string.h>

#include <cmocka.h>

#include "verdict.h"

#define NR(array) (sizeof(array) / sizeof((array)[0]))
#define BIT(finding) (1U << (finding))

/* A session in clear without a mail; client and server flags to add. */
static struct record session(__u32 client, __u32 server)
{
	return (struct record){
		.ending = ENDING_FIN,
		.client = { .packets = 5,
			    .bytes = 50,
			    .flags = EV_COMMAND | EV_SMTP | EV_EHLO | client },
		.server = { .packets = 5, .bytes = 90, .flags = EV_GREETED | EV_SMTP | server },
	};
}

static struct verdict judge(const struct record *r)
{
	struct verdict v;

	memset(&v, 0xff, sizeof(v));
	verdict_of(r, &v);
	return v;
}

static void a_syn_without_an_answer_has_its_own_outcome(void **state)
{
	struct record r = { .ending = ENDING_UNANSWERED, .client.packets = 3 };

	(void)state;
	assert_int_equal(judge(&r).outcome, OUTCOME_UNANSWERED);
	r.ending = ENDING_REFUSED;
	assert_int_equal(judge(&r).outcome, OUTCOME_REFUSED);
	assert_int_equal(judge(&r).cause, CAUSE_NONE);
}

static void a_mail_in_clear_is_plaintext(void **state)
{
	struct record r = session(0, EV_OFFER_KNOWN | EV_OFFERED);

	(void)state;
	assert_int_equal(judge(&r).outcome, OUTCOME_NO_MAIL);
	r.client.mails = 1;
	assert_int_equal(judge(&r).outcome, OUTCOME_PLAINTEXT);
	assert_int_equal(judge(&r).findings, BIT(FINDING_PLAINTEXT_MAIL));
	r.server.mails_refused = 1;
	assert_int_equal(judge(&r).outcome, OUTCOME_NO_MAIL);
	assert_int_equal(judge(&r).findings, 0);
	r.client.mails = 2;
	assert_int_equal(judge(&r).outcome, OUTCOME_PLAINTEXT);
	r.server.mails_refused = 2;
	r.server.flags |= EV_GO_AHEAD;
	assert_int_equal(judge(&r).outcome, OUTCOME_PLAINTEXT);
}

static void a_secret_in_clear_is_plaintext(void **state)
{
	struct record r = session(EV_SECRET, 0);

	(void)state;
	assert_int_equal(judge(&r).outcome, OUTCOME_PLAINTEXT);
	/* that is not a mail */
	assert_int_equal(judge(&r).findings, 0);
}

static void each_reason_has_its_evidence(void **state)
{
	static const struct {
		__u32 client, server;
		__u8 verb;
		__u16 code;
		enum reason reason;
	} cases[] = {
		{ EV_EHLO, EV_OFFER_KNOWN | EV_OFFERED, 0, 0, REASON_NOT_REQUESTED },
		{ EV_EHLO, EV_OFFER_KNOWN | EV_MASKED, 0, 0, REASON_MASKED },
		{ EV_EHLO, EV_OFFER_KNOWN, 0, 0, REASON_NOT_OFFERED },
		{ EV_HELO, 0, 0, 0, REASON_HELO },
		{ EV_EHLO, 0, 0, 0, REASON_NONE },
		{ EV_EHLO, EV_OFFERED, STARTTLS_VERB_STARTTLS, 454, REASON_REFUSED },
		{ EV_EHLO, EV_OFFERED | EV_STARTTLS_OK, STARTTLS_VERB_STARTTLS, 220,
		  REASON_HANDSHAKE_FAILED },
		{ EV_EHLO, EV_OFFERED, STARTTLS_VERB_STARTTLS, 0, REASON_HANDSHAKE_FAILED },
		{ EV_EHLO | EV_CLIENT_HELLO, EV_OFFERED | EV_STARTTLS_OK | EV_SERVER_HELLO,
		  STARTTLS_VERB_STARTTLS, 220, REASON_BEFORE_TLS },
	};

	(void)state;
	for (size_t i = 0; i < NR(cases); i++) {
		struct record r = session(cases[i].client, cases[i].server);

		r.client.mails = r.server.mails_accepted = 1;
		r.client.starttls_verb = cases[i].verb;
		r.server.starttls_code = cases[i].code;
		assert_int_equal(judge(&r).outcome, OUTCOME_PLAINTEXT);
		assert_int_equal(judge(&r).reason, cases[i].reason);
	}
}

static struct record with_starttls(__u32 client, __u32 server)
{
	struct record r = session(client, server | EV_STARTTLS_OK);

	r.client.starttls_verb = STARTTLS_VERB_STARTTLS;
	r.server.starttls_code = 220;
	return r;
}

static void starttls_needs_a_server_hello(void **state)
{
	struct record r = with_starttls(EV_CLIENT_HELLO, EV_SERVER_HELLO);

	(void)state;
	assert_int_equal(judge(&r).outcome, OUTCOME_STARTTLS);
	assert_int_equal(judge(&r).reason, REASON_NONE);
	assert_int_equal(judge(&r).findings, 0);
	r = with_starttls(EV_CLIENT_HELLO, EV_HELLO_RETRY);
	assert_int_equal(judge(&r).outcome, OUTCOME_STARTTLS_FAILED);
	assert_int_equal(judge(&r).findings, BIT(FINDING_TLS_HANDSHAKE_FAILED));
	/* refused, whatever follows */
	r = with_starttls(EV_CLIENT_HELLO, EV_SERVER_HELLO);
	r.server.flags &= ~EV_STARTTLS_OK;
	assert_int_equal(judge(&r).outcome, OUTCOME_STARTTLS_FAILED);
	r = with_starttls(EV_CLIENT_HELLO, EV_HELLO_RETRY);
	/* it may still come */
	r.ending = ENDING_OPEN;
	assert_int_equal(judge(&r).findings, 0);
}

static void a_fatal_alert_in_clear_is_a_failure(void **state)
{
	struct record r = with_starttls(EV_CLIENT_HELLO | EV_ALERT, EV_SERVER_HELLO);

	(void)state;
	r.client.alert_level = 1;
	assert_int_equal(judge(&r).outcome, OUTCOME_STARTTLS);
	r.client.alert_level = 2;
	assert_int_equal(judge(&r).outcome, OUTCOME_STARTTLS_FAILED);
}

static void starttls_without_an_answer_has_failed(void **state)
{
	struct record r = session(0, EV_OFFERED);

	(void)state;
	r.client.starttls_verb = STARTTLS_VERB_STARTTLS;
	assert_int_equal(judge(&r).outcome, OUTCOME_STARTTLS_FAILED);
	assert_int_equal(judge(&r).findings, 0);
}

static void implicit_tls_needs_both_hellos(void **state)
{
	struct record r = {
		.ending = ENDING_FIN,
		.client = { .packets = 3, .bytes = 300, .flags = EV_TLS_FIRST | EV_CLIENT_HELLO },
		.server = { .packets = 3, .bytes = 300, .flags = EV_SERVER_HELLO },
	};

	(void)state;
	assert_int_equal(judge(&r).outcome, OUTCOME_IMPLICIT_TLS);
	r.server.flags = 0;
	assert_int_equal(judge(&r).outcome, OUTCOME_UNDETERMINED);
	assert_int_equal(judge(&r).cause, CAUSE_TLS_FAILED);
	/* the server spoke SMTP: no mail can have passed */
	r.server.flags = EV_GREETED | EV_SMTP;
	assert_int_equal(judge(&r).outcome, OUTCOME_NO_MAIL);
}

static void what_was_not_seen_is_undetermined(void **state)
{
	struct record r = session(EV_LOST, 0);

	(void)state;
	assert_int_equal(judge(&r).outcome, OUTCOME_UNDETERMINED);
	assert_int_equal(judge(&r).cause, CAUSE_GAP);
	r = session(0, EV_LOST);
	assert_int_equal(judge(&r).cause, CAUSE_GAP);
	r.midstream = 1;
	assert_int_equal(judge(&r).cause, CAUSE_MIDSTREAM);
	memset(&r.server, 0, sizeof(r.server));
	assert_int_equal(judge(&r).cause, CAUSE_ONE_SIDED);
	/* what was seen for sure counts all the same */
	r.client.mails = 1;
	assert_int_equal(judge(&r).outcome, OUTCOME_UNDETERMINED);
	r.client.flags |= EV_BODY;
	assert_int_equal(judge(&r).outcome, OUTCOME_PLAINTEXT);
	assert_int_equal(judge(&r).cause, CAUSE_NONE);
}

static void without_smtp_it_is_silent_or_something_else(void **state)
{
	struct record r = { .ending = ENDING_FIN, .client.packets = 2, .server.packets = 2 };

	(void)state;
	assert_int_equal(judge(&r).outcome, OUTCOME_SILENT);
	r.client.bytes = 1;
	assert_int_equal(judge(&r).outcome, OUTCOME_NOT_SMTP);
	r.server.flags = EV_GREETED;
	assert_int_equal(judge(&r).outcome, OUTCOME_NO_MAIL);
	r.client.flags = EV_NOT_SMTP;
	assert_int_equal(judge(&r).outcome, OUTCOME_NOT_SMTP);
	r.client.flags = EV_SMTP;
	assert_int_equal(judge(&r).outcome, OUTCOME_NO_MAIL);
}

static void direction_is_told_by_local_sockets(void **state)
{
	static const struct {
		__u32 client, server;
		__u8 ending, egress;
		enum direction direction;
	} cases[] = {
		{ EV_LOCAL, 0, ENDING_FIN, 1, DIRECTION_EGRESS },
		{ 0, EV_LOCAL, ENDING_FIN, 0, DIRECTION_INGRESS },
		{ EV_LOCAL, EV_LOCAL, ENDING_FIN, 1, DIRECTION_LOCAL },
		{ 0, 0, ENDING_FIN, 0, DIRECTION_FORWARD },
		{ 0, 0, ENDING_UNANSWERED, 0, DIRECTION_INGRESS },
		{ 0, 0, ENDING_REFUSED, 1, DIRECTION_FORWARD },
		{ EV_LOCAL, 0, ENDING_UNANSWERED, 1, DIRECTION_EGRESS },
	};

	(void)state;
	for (size_t i = 0; i < NR(cases); i++) {
		struct record r = session(cases[i].client, cases[i].server);

		r.ending = cases[i].ending;
		r.egress = cases[i].egress;
		assert_int_equal(judge(&r).direction, cases[i].direction);
	}
}

static void findings_of_both_sides_are_joined(void **state)
{
	struct record r = session(0, 0);

	(void)state;
	r.client.findings = BIT(FINDING_STARTTLS_INJECTION);
	r.server.findings = BIT(FINDING_WEAK_TLS);
	assert_int_equal(judge(&r).findings,
			 BIT(FINDING_STARTTLS_INJECTION) | BIT(FINDING_WEAK_TLS));
}

/* Any evidence gives a verdict of the closed sets, and the parts agree. */
static void every_evidence_has_one_verdict(void **state)
{
	(void)state;
	for (__u32 i = 0; i < 200000; i++) {
		__u32 x = i * 2654435761U, y = x * 2246822519U;
		struct record r = session(0, 0);
		struct verdict v;

		r.client.flags = x;
		r.server.flags = y;
		r.ending = i % ENDING_NR;
		r.midstream = i >> 3 & 1;
		r.client.mails = i >> 4 & 1;
		r.server.mails_refused = i >> 5 & 1;
		r.client.starttls_verb = i >> 6 & 1;
		r.server.packets = i >> 7 & 1;
		v = judge(&r);
		assert_true(v.outcome < OUTCOME_NR && v.reason < REASON_NR);
		assert_true(v.cause < CAUSE_NR && v.direction < DIRECTION_NR);
		assert_int_equal(v.outcome == OUTCOME_UNDETERMINED, v.cause != CAUSE_NONE);
		assert_true(v.outcome == OUTCOME_PLAINTEXT || v.reason == REASON_NONE);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_syn_without_an_answer_has_its_own_outcome),
		cmocka_unit_test(a_mail_in_clear_is_plaintext),
		cmocka_unit_test(a_secret_in_clear_is_plaintext),
		cmocka_unit_test(each_reason_has_its_evidence),
		cmocka_unit_test(starttls_needs_a_server_hello),
		cmocka_unit_test(a_fatal_alert_in_clear_is_a_failure),
		cmocka_unit_test(starttls_without_an_answer_has_failed),
		cmocka_unit_test(implicit_tls_needs_both_hellos),
		cmocka_unit_test(what_was_not_seen_is_undetermined),
		cmocka_unit_test(without_smtp_it_is_silent_or_something_else),
		cmocka_unit_test(direction_is_told_by_local_sockets),
		cmocka_unit_test(findings_of_both_sides_are_joined),
		cmocka_unit_test(every_evidence_has_one_verdict),
	};

	return cmocka_run_group_tests_name("verdict", tests, NULL, NULL);
}
