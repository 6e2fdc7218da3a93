/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Each finding and each session is told once, by line, host and metric. */
#include "track.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "metrics.h"
#include "names.h"
#include "sample.h"

/* Room for the lines of one record that broke every rule. */
#define CONTENT_MAX (16 * LOG_LINE_MAX)

struct fixture {
	struct track track;
	struct metrics metrics;
	char path[32];
	char content[CONTENT_MAX];
};

static int make_track(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	int fd;

	strcpy(f->path, "/tmp/test_track.XXXXXX");
	fd = mkstemp(f->path);
	if (fd < 0)
		return -1;
	close(fd);
	f->metrics.ports_nr = 1;
	f->metrics.ports[0] = 25;
	f->track.metrics = &f->metrics;
	*state = f;
	return log_open(&f->track.log, f->path, LOG_TEXT) || hosts_open(&f->track.hosts, 8);
}

static int remove_track(void **state)
{
	struct fixture *f = *state;

	log_close(f->track.log);
	hosts_close(f->track.hosts);
	unlink(f->path);
	free(f);
	return 0;
}

/* How many lines told so far hold the words. */
static unsigned int told(struct fixture *f, const char *words)
{
	FILE *in = fopen(f->path, "r");
	unsigned int times = 0;
	size_t len;

	assert_non_null(in);
	len = fread(f->content, 1, sizeof(f->content) - 1, in);
	fclose(in);
	f->content[len] = '\0';
	for (const char *at = f->content; (at = strstr(at, words)); at++)
		times++;
	return times;
}

static __u64 sessions_of(const struct fixture *f, enum outcome outcome)
{
	__u64 sessions = 0;

	for (unsigned int i = 0; i < DIRECTION_NR; i++)
		sessions += f->metrics.sessions[i][0][outcome];
	return sessions;
}

static void a_fresh_finding_is_told_before_the_session_ends(void **state)
{
	struct fixture *f = *state;
	struct record r = sample_plaintext();

	r.ending = ENDING_OPEN;
	r.fresh = r.client.findings = 1U << FINDING_PLAINTEXT_AUTH;
	track_record(&f->track, &r);
	assert_int_equal(told(f, " finding rule=plaintext-auth "), 1);
	assert_int_equal(told(f, "\n"), 1);
	assert_int_equal(f->metrics.findings[FINDING_PLAINTEXT_AUTH], 1);
	assert_int_equal(f->track.totals.findings[FINDING_PLAINTEXT_AUTH], 1);
	assert_int_equal(hosts_totals(f->track.hosts)->sessions, 0);
	assert_int_equal(sessions_of(f, OUTCOME_PLAINTEXT), 0);
}

static void an_ending_is_a_line_two_hosts_and_a_metric(void **state)
{
	struct fixture *f = *state;
	struct record r = sample_starttls();

	track_record(&f->track, &r);
	assert_int_equal(told(f, " session outcome=starttls "), 1);
	assert_int_equal(told(f, "\n"), 1);
	assert_int_equal(hosts_count(f->track.hosts), 2);
	assert_int_equal(hosts_totals(f->track.hosts)->outcomes[OUTCOME_STARTTLS], 1);
	assert_int_equal(sessions_of(f, OUTCOME_STARTTLS), 1);
}

static void every_ending_but_open_ends_a_session(void **state)
{
	struct fixture *f = *state;
	struct record r = sample_plaintext();

	for (r.ending = 0; r.ending < ENDING_NR; r.ending++)
		track_record(&f->track, &r);
	assert_int_equal(told(f, " session outcome="), ENDING_NR - 1);
	assert_int_equal(told(f, " session outcome=refused "), 1);
	assert_int_equal(told(f, " session outcome=unanswered "), 1);
	assert_int_equal(hosts_totals(f->track.hosts)->sessions, ENDING_NR - 1);
}

static void what_no_record_told_is_told_at_the_end(void **state)
{
	struct fixture *f = *state;
	struct record r = sample_plaintext();

	track_record(&f->track, &r);
	assert_int_equal(told(f, " finding rule=plaintext-mail "), 1);
	assert_int_equal(f->metrics.findings[FINDING_PLAINTEXT_MAIL], 1);
	assert_true(strstr(f->content, " finding ") < strstr(f->content, " session "));
}

static void an_open_session_tells_only_what_is_fresh(void **state)
{
	struct fixture *f = *state;
	struct record r = sample_plaintext();

	r.ending = ENDING_OPEN;
	track_record(&f->track, &r);
	assert_int_equal(told(f, "\n"), 0);
}

static void what_was_told_is_not_told_again_at_the_end(void **state)
{
	struct fixture *f = *state;
	struct record r = sample_plaintext();

	r.client.findings = 1U << FINDING_PLAINTEXT_MAIL;
	r.server.findings = 1U << FINDING_STARTTLS_MASKED;
	track_record(&f->track, &r);
	assert_int_equal(told(f, " finding "), 0);
	assert_int_equal(told(f, " findings=plaintext-mail,starttls-masked "), 1);
}

static void what_is_fresh_at_the_end_is_told(void **state)
{
	struct fixture *f = *state;
	struct record r = sample_starttls();

	r.server.findings = r.fresh = 1U << FINDING_WEAK_TLS;
	track_record(&f->track, &r);
	assert_int_equal(told(f, " finding rule=weak-tls "), 1);
	assert_int_equal(told(f, " finding "), 1);
}

static void a_record_may_tell_every_finding_at_once(void **state)
{
	struct fixture *f = *state;
	struct record r = sample_starttls();

	r.ending = ENDING_OPEN;
	r.fresh = ~0U;
	track_record(&f->track, &r);
	assert_int_equal(told(f, "\n"), FINDING_NR);
	for (unsigned int i = 0; i < FINDING_NR; i++) {
		char words[64];

		snprintf(words, sizeof(words), " finding rule=%s ", finding_name(i));
		assert_int_equal(told(f, words), 1);
		assert_int_equal(f->metrics.findings[i], 1);
	}
}

#define test_of_track(test) cmocka_unit_test_setup_teardown(test, make_track, remove_track)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test_of_track(a_fresh_finding_is_told_before_the_session_ends),
		test_of_track(an_ending_is_a_line_two_hosts_and_a_metric),
		test_of_track(every_ending_but_open_ends_a_session),
		test_of_track(what_no_record_told_is_told_at_the_end),
		test_of_track(an_open_session_tells_only_what_is_fresh),
		test_of_track(what_was_told_is_not_told_again_at_the_end),
		test_of_track(what_is_fresh_at_the_end_is_told),
		test_of_track(a_record_may_tell_every_finding_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
