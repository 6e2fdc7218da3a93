/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a session adds to which series. */
#include "metrics.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>

#include "sample.h"

static int make_metrics(void **state)
{
	struct metrics *m = malloc(sizeof(*m));
	struct config config;

	config_default(&config);
	if (m)
		metrics_init(m, &config);
	*state = m;
	return !m;
}

static int free_metrics(void **state)
{
	free(*state);
	return 0;
}

static struct verdict count(struct metrics *m, const struct record *r)
{
	struct verdict v;

	verdict_of(r, &v);
	metrics_session(m, r, &v);
	return v;
}

/* The sum of an array of counters. */
static __u64 sum(const __u64 *values, size_t bytes)
{
	__u64 all = 0;

	for (size_t i = 0; i < bytes / sizeof(*values); i++)
		all += values[i];
	return all;
}

#define SUM(array) sum((const __u64 *)(array), sizeof(array))

static void ports_are_those_of_the_configuration(void **state)
{
	const struct metrics *m = *state;

	assert_int_equal(m->ports_nr, 3);
	assert_int_equal(m->ports[0], 25);
	assert_int_equal(m->ports[1], 587);
	assert_int_equal(m->ports[2], 465);
}

static void a_mail_in_clear_is_counted_where_it_went(void **state)
{
	struct metrics *m = *state;
	struct record r = sample_plaintext();

	r.key.server_port_be16 = htons(587);
	r.client.gap_bytes = 5;
	r.server.uninspected_bytes = 6;
	r.server.retransmits = 7;
	count(m, &r);
	assert_int_equal(m->sessions[DIRECTION_EGRESS][1][OUTCOME_PLAINTEXT], 1);
	assert_int_equal(SUM(m->sessions), 1);
	assert_int_equal(m->plaintext[DIRECTION_EGRESS][REASON_NOT_REQUESTED], 1);
	assert_int_equal(SUM(m->plaintext), 1);
	assert_int_equal(SUM(m->undetermined), 0);
	assert_int_equal(m->mails[DIRECTION_EGRESS], 1);
	assert_int_equal(m->rcpts[DIRECTION_EGRESS], 2);
	assert_int_equal(m->bytes[DIRECTION_EGRESS][SENDER_CLIENT], 300);
	assert_int_equal(m->bytes[DIRECTION_EGRESS][SENDER_SERVER], 400);
	assert_int_equal(SUM(m->bytes), 700);
	assert_int_equal(m->gap_bytes[SENDER_CLIENT], 5);
	assert_int_equal(m->uninspected_bytes[SENDER_SERVER], 6);
	assert_int_equal(m->retransmits[SENDER_SERVER], 7);
	assert_int_equal(m->starttls_offers[OFFER_YES], 1);
	assert_int_equal(SUM(m->auths), 0);
}

static void refused_mails_are_not_in_clear(void **state)
{
	struct metrics *m = *state;
	struct record r = sample_plaintext();

	r.client.mails = 3;
	r.server.mails_refused = 2;
	count(m, &r);
	assert_int_equal(SUM(m->mails), 1);
	r.server.mails_refused = 9;
	count(m, &r);
	assert_int_equal(SUM(m->mails), 1);
}

static void a_tls_session_is_one_handshake_and_no_failure(void **state)
{
	struct metrics *m = *state;
	struct record r = sample_starttls();

	count(m, &r);
	assert_int_equal(m->sessions[DIRECTION_EGRESS][0][OUTCOME_STARTTLS], 1);
	assert_int_equal(m->starttls_requests[STARTTLS_VERB_STARTTLS], 1);
	assert_int_equal(m->tls_handshakes[TLS_VERSION_13], 1);
	assert_int_equal(m->starttls_failures[STARTTLS_FAILURE_NONE], 1);
	assert_int_equal(SUM(m->starttls_failures), 1);
	assert_int_equal(SUM(m->plaintext), 0);
	assert_int_equal(SUM(m->mails), 0);
}

static void each_tls_version_has_its_series(void **state)
{
	static const struct {
		__u16 wire;
		enum tls_version version;
	} cases[] = {
		{ 0x0002, TLS_VERSION_SSL2 },	 { 0x0300, TLS_VERSION_SSL3 },
		{ 0x0301, TLS_VERSION_10 },	 { 0x0302, TLS_VERSION_11 },
		{ 0x0303, TLS_VERSION_12 },	 { 0x0304, TLS_VERSION_13 },
		{ 0x7f1c, TLS_VERSION_UNKNOWN },
	};
	struct metrics *m = *state;
	struct record r = sample_starttls();

	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		r.server.tls_version = cases[i].wire;
		count(m, &r);
		assert_int_equal(m->tls_handshakes[cases[i].version], 1);
	}
	assert_int_equal(SUM(m->tls_handshakes), TLS_VERSION_NR);
}

/* A session that asked for TLS, and has no trace of it. */
static struct record asked(void)
{
	struct record r = sample_starttls();

	r.client.flags = EV_EHLO | EV_COMMAND | EV_SMTP | EV_LOCAL | EV_FIN;
	r.server.flags = EV_GREETED | EV_SMTP | EV_OFFER_KNOWN | EV_OFFERED | EV_FIN;
	r.server.starttls_code = 0;
	r.server.tls_version = 0;
	return r;
}

static void each_failure_of_starttls_has_its_reason(void **state)
{
	static const struct {
		__u32 client, server; /* flags besides */
		__u16 code;
		enum starttls_failure failure;
	} cases[] = {
		{ 0, 0, 0, STARTTLS_FAILURE_UNANSWERED },
		{ 0, 0, 454, STARTTLS_FAILURE_REFUSED },
		{ 0, EV_STARTTLS_OK, 220, STARTTLS_FAILURE_NO_CLIENT_HELLO },
		{ EV_CLIENT_HELLO, EV_STARTTLS_OK, 220, STARTTLS_FAILURE_NO_SERVER_HELLO },
		{ EV_CLEAR_AFTER, EV_STARTTLS_OK, 220, STARTTLS_FAILURE_CONTINUED },
		{ EV_CLIENT_HELLO, EV_STARTTLS_OK | EV_ALERT, 220, STARTTLS_FAILURE_ALERT },
		{ EV_CLIENT_HELLO | EV_ALERT, EV_STARTTLS_OK | EV_SERVER_HELLO, 220,
		  STARTTLS_FAILURE_ALERT },
		{ EV_LOST, EV_STARTTLS_OK, 220, STARTTLS_FAILURE_NONE },
	};
	struct metrics *m = *state;

	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct record r = asked();
		__u64 before = m->starttls_failures[cases[i].failure];

		r.client.flags |= cases[i].client;
		r.server.flags |= cases[i].server;
		r.server.starttls_code = cases[i].code;
		r.client.alert_level = r.server.alert_level = 2;
		count(m, &r);
		assert_int_equal(m->starttls_failures[cases[i].failure], before + 1);
	}
	assert_int_equal(SUM(m->starttls_failures), sizeof(cases) / sizeof(cases[0]));
}

static void tls_after_a_mail_in_clear_is_no_failure(void **state)
{
	struct metrics *m = *state;
	struct record r = sample_starttls();

	r.client.mails = r.server.mails_accepted = 1;
	count(m, &r);
	assert_int_equal(m->plaintext[DIRECTION_EGRESS][REASON_BEFORE_TLS], 1);
	assert_int_equal(m->starttls_failures[STARTTLS_FAILURE_NONE], 1);
}

static void a_secret_is_counted_by_its_mechanism(void **state)
{
	struct metrics *m = *state;
	struct record r = sample_plaintext();

	r.client.auth_mechanism = AUTH_LOGIN;
	count(m, &r);
	assert_int_equal(SUM(m->auths), 0); /* asked for, and no secret was sent */
	r.client.flags |= EV_SECRET;
	count(m, &r);
	assert_int_equal(m->auths[AUTH_LOGIN], 1);
	r.client.auth_mechanism = 200;
	count(m, &r);
	assert_int_equal(m->auths[AUTH_OTHER], 1);
	assert_int_equal(SUM(m->auths), 2);
}

static void offers_are_yes_no_or_unknown(void **state)
{
	struct metrics *m = *state;
	struct record r = sample_plaintext();

	r.server.flags &= ~EV_OFFERED;
	count(m, &r);
	assert_int_equal(m->starttls_offers[OFFER_NO], 1);
	r.server.flags &= ~EV_OFFER_KNOWN;
	count(m, &r);
	assert_int_equal(m->starttls_offers[OFFER_UNKNOWN], 1);
	r = sample_unanswered();
	count(m, &r);
	assert_int_equal(SUM(m->starttls_offers), 2); /* that was no SMTP */
}

static void replies_add_up_by_class_and_code(void **state)
{
	struct metrics *m = *state;
	struct record r = sample_plaintext();

	for (unsigned int i = 0; i < REPLY_CLASS_NR; i++)
		r.server.replies[i] = i + 1;
	for (unsigned int i = 0; i < NOTABLE_NR; i++)
		r.server.notable[i] = i + 10;
	count(m, &r);
	count(m, &r);
	for (unsigned int i = 0; i < REPLY_CLASS_NR; i++)
		assert_int_equal(m->replies[i], 2 * (i + 1));
	for (unsigned int i = 0; i < NOTABLE_NR; i++)
		assert_int_equal(m->notable[i], 2 * (i + 10));
}

static void an_undetermined_session_has_its_cause(void **state)
{
	struct metrics *m = *state;
	struct record r = sample_starttls();
	struct verdict v;

	r.midstream = 1;
	v = count(m, &r);
	assert_int_equal(v.outcome, OUTCOME_UNDETERMINED);
	assert_int_equal(m->undetermined[CAUSE_MIDSTREAM], 1);
	assert_int_equal(SUM(m->starttls_failures), 1);
	assert_int_equal(m->starttls_failures[STARTTLS_FAILURE_NONE], 1);
}

static void a_session_on_no_port_of_ours_is_told_apart(void **state)
{
	struct metrics *m = *state;
	struct record r = sample_plaintext();

	r.key.server_port_be16 = htons(2525);
	count(m, &r);
	assert_int_equal(m->ports_unknown, 1);
	assert_int_equal(SUM(m->sessions), 0);
}

static void numbers_beyond_their_sets_do_no_harm(void **state)
{
	struct metrics *m = *state;
	struct record r = sample_starttls();
	const struct verdict v = { .outcome = 255, .reason = 255, .cause = 255, .direction = 255 };

	r.client.starttls_verb = 255;
	metrics_session(m, &r, &v);
	assert_int_equal(m->sessions[DIRECTION_FORWARD][0][OUTCOME_UNDETERMINED], 1);
	assert_int_equal(m->undetermined[CAUSE_NONE], 1);
	assert_int_equal(m->starttls_requests[STARTTLS_VERB_STARTTLS], 1);
	metrics_finding(m, FINDING_NR);
	metrics_finding(m, 4000000000);
	assert_int_equal(SUM(m->findings), 0);
}

static void findings_are_counted_by_rule(void **state)
{
	struct metrics *m = *state;

	metrics_finding(m, FINDING_WEAK_TLS);
	metrics_finding(m, FINDING_WEAK_TLS);
	metrics_finding(m, FINDING_PLAINTEXT_MAIL);
	assert_int_equal(m->findings[FINDING_WEAK_TLS], 2);
	assert_int_equal(m->findings[FINDING_PLAINTEXT_MAIL], 1);
	assert_int_equal(SUM(m->findings), 3);
}

#define METRICS_TEST(test) cmocka_unit_test_setup_teardown(test, make_metrics, free_metrics)

int main(void)
{
	const struct CMUnitTest tests[] = {
		METRICS_TEST(ports_are_those_of_the_configuration),
		METRICS_TEST(a_mail_in_clear_is_counted_where_it_went),
		METRICS_TEST(refused_mails_are_not_in_clear),
		METRICS_TEST(a_tls_session_is_one_handshake_and_no_failure),
		METRICS_TEST(each_tls_version_has_its_series),
		METRICS_TEST(each_failure_of_starttls_has_its_reason),
		METRICS_TEST(tls_after_a_mail_in_clear_is_no_failure),
		METRICS_TEST(a_secret_is_counted_by_its_mechanism),
		METRICS_TEST(offers_are_yes_no_or_unknown),
		METRICS_TEST(replies_add_up_by_class_and_code),
		METRICS_TEST(an_undetermined_session_has_its_cause),
		METRICS_TEST(a_session_on_no_port_of_ours_is_told_apart),
		METRICS_TEST(numbers_beyond_their_sets_do_no_harm),
		METRICS_TEST(findings_are_counted_by_rule),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
