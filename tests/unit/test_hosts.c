/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Hosts are counted in both roles, and nothing is lost when the table is full. */
#include "hosts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "sample.h"

static struct hosts *opened(unsigned int max)
{
	struct hosts *hosts;

	assert_int_equal(hosts_open(&hosts, max), 0);
	return hosts;
}

static void record(struct hosts *hosts, const struct record *r)
{
	struct verdict v;

	verdict_of(r, &v);
	hosts_record(hosts, r, &v);
}

/* A plaintext session of 10.0.0.client with 10.0.0.server. */
static void session(struct hosts *hosts, __u8 client, __u8 server)
{
	struct record r = sample_plaintext();

	sample_ipv4(r.key.client, 10, 0, 0, client);
	sample_ipv4(r.key.server, 10, 0, 0, server);
	record(hosts, &r);
}

/* Of 10.0.0.last, or NULL. */
static const struct host *find(const struct hosts *hosts, __u8 last, enum host_role role)
{
	const struct host *host = NULL;
	__u8 address[16];

	sample_ipv4(address, 10, 0, 0, last);
	while ((host = hosts_next(hosts, host)))
		if (host->role == role && !memcmp(host->address, address, sizeof(address)))
			return host;
	return NULL;
}

static void a_session_counts_for_its_client_and_its_server(void **state)
{
	struct hosts *hosts = opened(8);
	const struct host *client, *server;

	(void)state;
	session(hosts, 2, 1);
	session(hosts, 3, 1);
	client = find(hosts, 2, HOST_CLIENT);
	server = find(hosts, 1, HOST_SERVER);
	assert_int_equal(hosts_count(hosts), 3);
	assert_non_null(client);
	assert_non_null(server);
	assert_int_equal(client->counts.sessions, 1);
	assert_int_equal(server->counts.sessions, 2);
	assert_int_equal(server->counts.outcomes[OUTCOME_PLAINTEXT], 2);
	assert_int_equal(server->counts.mails, 2);
	assert_int_equal(server->counts.rcpts, 4);
	assert_int_equal(server->counts.bytes, 1400);
	assert_int_equal(server->counts.starttls_offered, 2);
	assert_int_equal(server->counts.starttls_requested, 0);
	assert_int_equal(client->last_ns, 1250000000);
	hosts_close(hosts);
}

static void one_address_in_two_roles_is_two_hosts(void **state)
{
	struct hosts *hosts = opened(8);

	(void)state;
	session(hosts, 1, 1);
	assert_int_equal(hosts_count(hosts), 2);
	assert_int_equal(find(hosts, 1, HOST_CLIENT)->counts.sessions, 1);
	assert_int_equal(find(hosts, 1, HOST_SERVER)->counts.sessions, 1);
	assert_int_equal(hosts_totals(hosts)->sessions, 1);
	hosts_close(hosts);
}

static void the_least_recently_seen_host_folds_into_other(void **state)
{
	struct hosts *hosts = opened(3);

	(void)state;
	session(hosts, 2, 1);
	session(hosts, 3, 1);
	session(hosts, 2, 1);
	session(hosts, 4, 1);
	assert_int_equal(hosts_count(hosts), 3);
	assert_null(find(hosts, 3, HOST_CLIENT));
	assert_int_equal(find(hosts, 2, HOST_CLIENT)->counts.sessions, 2);
	assert_int_equal(find(hosts, 1, HOST_SERVER)->counts.sessions, 4);
	assert_int_equal(hosts_other(hosts, HOST_CLIENT)->sessions, 1);
	assert_int_equal(hosts_other(hosts, HOST_CLIENT)->mails, 1);
	assert_int_equal(hosts_other(hosts, HOST_CLIENT)->rcpts, 2);
	assert_int_equal(hosts_other(hosts, HOST_CLIENT)->bytes, 700);
	assert_int_equal(hosts_other(hosts, HOST_CLIENT)->outcomes[OUTCOME_PLAINTEXT], 1);
	assert_int_equal(hosts_other(hosts, HOST_SERVER)->sessions, 0);
	hosts_close(hosts);
}

static void no_count_is_lost_in_a_crowded_table(void **state)
{
	struct hosts *hosts = opened(5);
	struct host_counts sums[HOST_ROLE_NR];
	const struct host *host = NULL;

	(void)state;
	for (unsigned int i = 0; i < 2000; i++) {
		/* every pair of 20 hosts, in no order */
		session(hosts, i * 7 % 20, i * 13 / 20 % 20);
		assert_in_range(hosts_count(hosts), 2, 5);
	}
	for (unsigned int role = 0; role < HOST_ROLE_NR; role++)
		sums[role] = *hosts_other(hosts, role);
	while ((host = hosts_next(hosts, host))) {
		sums[host->role].sessions += host->counts.sessions;
		sums[host->role].bytes += host->counts.bytes;
	}
	for (unsigned int role = 0; role < HOST_ROLE_NR; role++) {
		assert_int_equal(sums[role].sessions, 2000);
		assert_int_equal(sums[role].bytes, 2000 * 700);
	}
	assert_int_equal(hosts_totals(hosts)->sessions, 2000);
	hosts_close(hosts);
}

static void a_table_without_room_counts_everything_as_other(void **state)
{
	struct hosts *hosts = opened(0);

	(void)state;
	session(hosts, 2, 1);
	assert_int_equal(hosts_count(hosts), 0);
	assert_null(hosts_next(hosts, NULL));
	assert_int_equal(hosts_other(hosts, HOST_CLIENT)->sessions, 1);
	assert_int_equal(hosts_other(hosts, HOST_SERVER)->sessions, 1);
	assert_int_equal(hosts_totals(hosts)->mails, 1);
	hosts_close(hosts);
}

static void a_refused_mail_is_no_mail_in_clear(void **state)
{
	struct hosts *hosts = opened(8);
	struct record r = sample_plaintext();

	(void)state;
	r.client.mails = 3;
	r.server.mails_refused = 2;
	record(hosts, &r);
	assert_int_equal(hosts_totals(hosts)->mails, 1);
	r.server.mails_refused = 4; /* replies whose commands were not seen */
	record(hosts, &r);
	assert_int_equal(hosts_totals(hosts)->mails, 1);
	hosts_close(hosts);
}

static void an_exposed_secret_is_counted_once_a_session(void **state)
{
	struct hosts *hosts = opened(8);
	struct record r = sample_plaintext();

	(void)state;
	r.client.auths = 5;
	record(hosts, &r);
	assert_int_equal(hosts_totals(hosts)->auth_exposed, 0);
	r.client.flags |= EV_SECRET;
	record(hosts, &r);
	assert_int_equal(hosts_totals(hosts)->auth_exposed, 1);
	hosts_close(hosts);
}

static void an_unknown_offer_is_neither_yes_nor_no(void **state)
{
	struct hosts *hosts = opened(8);
	struct record r = sample_unanswered();

	(void)state;
	record(hosts, &r);
	assert_int_equal(hosts_totals(hosts)->starttls_offered, 0);
	assert_int_equal(hosts_totals(hosts)->starttls_not_offered, 0);
	r = sample_plaintext();
	r.server.flags &= ~EV_OFFERED;
	record(hosts, &r);
	assert_int_equal(hosts_totals(hosts)->starttls_offered, 0);
	assert_int_equal(hosts_totals(hosts)->starttls_not_offered, 1);
	r = sample_starttls();
	record(hosts, &r);
	assert_int_equal(hosts_totals(hosts)->starttls_offered, 1);
	assert_int_equal(hosts_totals(hosts)->starttls_requested, 1);
	hosts_close(hosts);
}

static void every_outcome_has_its_own_count(void **state)
{
	struct hosts *hosts = opened(8);
	struct record r = sample_plaintext();
	struct verdict v = { 0 };

	(void)state;
	for (unsigned int i = 0; i < OUTCOME_NR; i++) {
		v.outcome = i;
		for (unsigned int times = 0; times <= i; times++)
			hosts_record(hosts, &r, &v);
	}
	for (unsigned int i = 0; i < OUTCOME_NR; i++)
		assert_int_equal(hosts_totals(hosts)->outcomes[i], i + 1);
	hosts_close(hosts);
}

static void hosts_come_from_the_least_recently_seen_on(void **state)
{
	struct hosts *hosts = opened(8);
	const struct host *host;

	(void)state;
	session(hosts, 2, 1);
	session(hosts, 3, 1);
	session(hosts, 2, 1);
	host = hosts_next(hosts, NULL);
	assert_ptr_equal(host, find(hosts, 3, HOST_CLIENT));
	host = hosts_next(hosts, host);
	assert_ptr_equal(host, find(hosts, 2, HOST_CLIENT));
	host = hosts_next(hosts, host);
	assert_ptr_equal(host, find(hosts, 1, HOST_SERVER));
	assert_null(hosts_next(hosts, host));
	hosts_close(hosts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_session_counts_for_its_client_and_its_server),
		cmocka_unit_test(one_address_in_two_roles_is_two_hosts),
		cmocka_unit_test(the_least_recently_seen_host_folds_into_other),
		cmocka_unit_test(no_count_is_lost_in_a_crowded_table),
		cmocka_unit_test(a_table_without_room_counts_everything_as_other),
		cmocka_unit_test(a_refused_mail_is_no_mail_in_clear),
		cmocka_unit_test(an_exposed_secret_is_counted_once_a_session),
		cmocka_unit_test(an_unknown_offer_is_neither_yes_nor_no),
		cmocka_unit_test(every_outcome_has_its_own_count),
		cmocka_unit_test(hosts_come_from_the_least_recently_seen_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
