/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The summary is sorted, complete, and fits a terminal. */
#include "status.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "hosts.h"
#include "names.h"
#include "sample.h"
#include "track.h"

#define COLUMNS_MAX 120

static struct hosts *opened(unsigned int max)
{
	struct hosts *hosts;

	assert_int_equal(hosts_open(&hosts, max), 0);
	return hosts;
}

/* The caller frees it. */
static char *printed(const struct hosts *hosts, const struct totals *totals)
{
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	status_print(out, hosts, totals);
	fclose(out);
	return text;
}

/* Sessions of 10.0.0.client with 10.0.0.1. */
static void sessions(struct hosts *hosts, __u8 client, enum outcome outcome, unsigned int nr)
{
	struct record r = sample_plaintext();
	struct verdict v;

	verdict_of(&r, &v);
	v.outcome = outcome;
	sample_ipv4(r.key.client, 10, 0, 0, client);
	for (unsigned int i = 0; i < nr; i++)
		hosts_record(hosts, &r, &v);
}

static size_t widest_line(const char *text)
{
	size_t widest = 0;

	while (*text) {
		size_t len = strcspn(text, "\n");

		widest = len > widest ? len : widest;
		text += len + (text[len] == '\n');
	}
	return widest;
}

static void hosts_with_most_mail_in_clear_stand_first(void **state)
{
	static const char *const order[] = {
		"\n10.0.0.1 ", "\n10.0.0.4 ", "\n10.0.0.2 ", "\n10.0.0.5 ", "\n10.0.0.3 ",
	};
	struct hosts *hosts = opened(16);
	struct totals totals = { 0 };
	const char *last;
	char *text;

	(void)state;
	sessions(hosts, 2, OUTCOME_PLAINTEXT, 1);
	sessions(hosts, 3, OUTCOME_STARTTLS, 5);
	sessions(hosts, 4, OUTCOME_PLAINTEXT, 2);
	sessions(hosts, 5, OUTCOME_STARTTLS, 9);
	last = text = printed(hosts, &totals);
	for (unsigned int i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		const char *at = strstr(text, order[i]);

		assert_non_null(at);
		assert_true(at > last);
		last = at;
	}
	free(text);
	hosts_close(hosts);
}

static void a_row_tells_its_host_in_columns(void **state)
{
	struct hosts *hosts = opened(16);
	struct totals totals = { 0 };
	char *text;

	(void)state;
	sessions(hosts, 2, OUTCOME_PLAINTEXT, 3);
	sessions(hosts, 2, OUTCOME_STARTTLS, 2);
	sessions(hosts, 2, OUTCOME_IMPLICIT_TLS, 1);
	sessions(hosts, 2, OUTCOME_SILENT, 4);
	text = printed(hosts, &totals);
	assert_non_null(strstr(text, "HOST            ROLE   SESSIONS PLAINTEXT STARTTLS IMPLICIT"
				     "  OTHER OFFERED  MAILS  RCPTS SECRETS\n"));
	assert_non_null(strstr(text, "10.0.0.2        client       10         3        2        1"
				     "      4      10     10     20       0\n"));
	assert_non_null(strstr(text, "10.0.0.1        server       10         3        2        1"
				     "      4      10     10     20       0\n"));
	free(text);
	hosts_close(hosts);
}

static void each_outcome_that_occurred_has_a_line(void **state)
{
	struct hosts *hosts = opened(16);
	struct totals totals = { 0 };
	char *text;

	(void)state;
	sessions(hosts, 2, OUTCOME_PLAINTEXT, 3);
	sessions(hosts, 2, OUTCOME_UNANSWERED, 2);
	text = printed(hosts, &totals);
	assert_non_null(strstr(text, "\nplaintext                         3\n"));
	assert_non_null(strstr(text, "\nunanswered                        2\n"));
	assert_non_null(strstr(text, "\nall                               5\n"));
	assert_null(strstr(text, "\nno_mail"));
	free(text);
	hosts_close(hosts);
}

static void folded_hosts_are_told_as_other(void **state)
{
	struct hosts *hosts = opened(2);
	struct totals totals = { 0 };
	char *text;

	(void)state;
	sessions(hosts, 2, OUTCOME_PLAINTEXT, 7);
	text = printed(hosts, &totals);
	assert_null(strstr(text, "\nother "));
	free(text);
	sessions(hosts, 3, OUTCOME_STARTTLS, 1);
	text = printed(hosts, &totals);
	assert_non_null(strstr(text, "\nother           client        7         7 "));
	free(text);
	hosts_close(hosts);
}

static void a_long_table_ends_in_a_number_of_more_hosts(void **state)
{
	struct hosts *hosts = opened(1000);
	struct totals totals = { 0 };
	char *text;

	(void)state;
	for (unsigned int i = 1; i <= 49; i++)
		sessions(hosts, i, OUTCOME_PLAINTEXT, 1);
	text = printed(hosts, &totals);
	assert_null(strstr(text, "more hosts"));
	free(text);
	for (unsigned int i = 50; i <= 60; i++)
		sessions(hosts, i, OUTCOME_PLAINTEXT, 1);
	text = printed(hosts, &totals);
	assert_non_null(strstr(text, "\nand 11 more hosts\n"));
	free(text);
	hosts_close(hosts);
}

static void findings_told_have_their_remedy(void **state)
{
	struct hosts *hosts = opened(2);
	struct totals totals = { .findings[FINDING_WEAK_TLS] = 12 };
	char *text = printed(hosts, &totals);

	(void)state;
	assert_non_null(strstr(text, "\nweak-tls                         12  set the minimum"));
	assert_null(strstr(text, "plaintext-mail"));
	free(text);
	hosts_close(hosts);
}

static void lost_records_are_admitted(void **state)
{
	struct hosts *hosts = opened(2);
	struct totals totals = { .lost = 0 };
	char *text = printed(hosts, &totals);

	(void)state;
	assert_null(strstr(text, "lost"));
	free(text);
	totals.lost = 3;
	text = printed(hosts, &totals);
	assert_non_null(strstr(text, "\n3 records were lost"));
	free(text);
	hosts_close(hosts);
}

static void without_a_session_there_is_no_table(void **state)
{
	struct hosts *hosts = opened(2);
	struct totals totals = { 0 };
	char *text = printed(hosts, &totals);

	(void)state;
	assert_string_equal(text, "no session ended yet\n");
	free(text);
	hosts_close(hosts);
}

static void the_widest_host_fits_the_columns(void **state)
{
	struct hosts *hosts = opened(16);
	struct record r = sample_starttls();
	struct verdict v = { .outcome = OUTCOME_PLAINTEXT };
	struct totals totals = { 0 };
	char *text;

	(void)state;
	sample_ipv6(r.key.client, "2001:db81:1111:2222:3333:4444:5555:6666");
	r.client.bytes = ~0ULL;
	r.client.mails = r.server.rcpts_accepted = ~0U;
	for (unsigned int i = 0; i < 100; i++)
		hosts_record(hosts, &r, &v);
	for (unsigned int i = 0; i < FINDING_NR; i++)
		totals.findings[i] = 4000000000;
	text = printed(hosts, &totals);
	assert_in_range(widest_line(text), 100, COLUMNS_MAX);
	assert_non_null(strstr(text, " 429G "));
	free(text);
	hosts_close(hosts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hosts_with_most_mail_in_clear_stand_first),
		cmocka_unit_test(a_row_tells_its_host_in_columns),
		cmocka_unit_test(each_outcome_that_occurred_has_a_line),
		cmocka_unit_test(folded_hosts_are_told_as_other),
		cmocka_unit_test(a_long_table_ends_in_a_number_of_more_hosts),
		cmocka_unit_test(findings_told_have_their_remedy),
		cmocka_unit_test(lost_records_are_admitted),
		cmocka_unit_test(without_a_session_there_is_no_table),
		cmocka_unit_test(the_widest_host_fits_the_columns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
