/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The reader of TLS: hellos, their records, alerts, and what lies. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "feed.h"

#define HELLO_MAX 1024
#define RUNS 20000

struct bytes {
	__u8 at[HELLO_MAX];
	size_t n;
};

static void put(struct bytes *b, const void *bytes, size_t n)
{
	assert_true(b->n + n <= sizeof(b->at));
	memcpy(b->at + b->n, bytes, n);
	b->n += n;
}

static void put16(struct bytes *b, unsigned int value)
{
	const __u8 be[2] = { (__u8)(value >> 8), (__u8)value };

	put(b, be, 2);
}

/* A record around a handshake message of that type. */
static struct bytes record(__u8 type, const struct bytes *body)
{
	struct bytes r = { 0 };

	put(&r, "\x16\x03\x01", 3);
	put16(&r, (unsigned int)body->n + 4);
	put(&r, (const __u8[]){ type, 0 }, 2);
	put16(&r, (unsigned int)body->n);
	put(&r, body->at, body->n);
	return r;
}

static struct bytes client_hello(const char *name)
{
	static const __u8 random[TLS_RANDOM_BYTES] = { 1, 2, 3 };
	size_t n = strlen(name);
	struct bytes b = { 0 };

	put(&b, "\x03\x03", 2);
	put(&b, random, sizeof(random));
	put(&b, "\x04\xaa\xaa\xaa\xaa", 5);
	put(&b, "\x00\x04\x13\x01\x13\x02", 6);
	put(&b, "\x01\x00", 2);
	put16(&b, (unsigned int)(4 + 3 + 4 + 5 + n));
	put(&b, "\x00\x2b\x00\x03\x02\x03\x04", 7);
	put16(&b, TLS_EXT_SERVER_NAME);
	put16(&b, (unsigned int)(5 + n));
	put16(&b, (unsigned int)(3 + n));
	put(&b, "\x00", 1);
	put16(&b, (unsigned int)n);
	put(&b, name, n);
	return record(TLS_CLIENT_HELLO, &b);
}

/* version is the legacy one; selected stands in supported_versions, if any. */
static struct bytes server_hello(unsigned int version, unsigned int selected, unsigned int suite,
				 bool retry)
{
	struct bytes b = { 0 };
	__u8 random[TLS_RANDOM_BYTES];

	for (size_t i = 0; i < sizeof(random); i++)
		random[i] = retry ? tls_retry_random[i] : (__u8)i;
	put16(&b, version);
	put(&b, random, sizeof(random));
	put(&b, "\x02\xbb\xbb", 3);
	put16(&b, suite);
	put(&b, "\x00", 1);
	if (selected) {
		put(&b, "\x00\x06\x00\x2b\x00\x02", 6);
		put16(&b, selected);
	}
	return record(TLS_SERVER_HELLO, &b);
}

static void begin(struct reader *r, bool server)
{
	feed_begin(r, server);
	r->parser.mode = MODE_TLS;
}

static void check_client(const struct reader *r, const void *ctx)
{
	const char *name = ctx;

	assert_true(r->ev.flags & EV_CLIENT_HELLO);
	assert_int_equal(r->ev.tls_version, 0x0303);
	assert_int_equal(r->sni_len, strlen(name));
	assert_memory_equal(r->sni, name, strlen(name));
	assert_int_equal(r->parser.mode, MODE_TLS);
}

static void a_client_hello_is_read(void **state)
{
	const char *name = "mx.example.org";
	struct bytes hello = client_hello(name);
	struct reader r;

	(void)state;
	begin(&r, false);
	feed_every(&r, hello.at, hello.n, check_client, name);
}

static void a_name_longer_than_room_is_cut(void **state)
{
	char name[SNI_MAX + 2];
	struct bytes hello;
	struct reader r;

	(void)state;
	for (size_t n = SNI_MAX - 1; n < sizeof(name); n++) {
		memset(name, 'a', n);
		name[n] = '\0';
		hello = client_hello(name);
		begin(&r, false);
		feed(&r, hello.at, hello.n);
		assert_int_equal(r.sni_len, n < SNI_MAX ? n : SNI_MAX);
		assert_int_equal(r.ev.flags,
				 EV_TLS_RECORD | EV_CLIENT_HELLO | (n > SNI_MAX ? EV_SNI_CUT : 0));
	}
}

struct chosen {
	unsigned int version;
	unsigned int suite;
	__u32 flag;
};

static void check_server(const struct reader *r, const void *ctx)
{
	const struct chosen *chosen = ctx;

	assert_int_equal(r->ev.flags & (EV_SERVER_HELLO | EV_HELLO_RETRY), chosen->flag);
	assert_int_equal(r->ev.tls_version, chosen->version);
	assert_int_equal(r->ev.tls_cipher, chosen->suite);
}

static void a_server_hello_is_read(void **state)
{
	static const struct {
		unsigned int legacy, selected;
		bool retry;
		struct chosen chosen;
	} cases[] = {
		{ 0x0303, 0x0304, false, { 0x0304, 0x1302, EV_SERVER_HELLO } },
		{ 0x0303, 0, false, { 0x0303, 0xc02f, EV_SERVER_HELLO } },
		{ 0x0301, 0, false, { 0x0301, 0x002f, EV_SERVER_HELLO } },
		{ 0x0300, 0, false, { 0x0300, 0x000a, EV_SERVER_HELLO } },
		{ 0x0303, 0x0304, true, { 0x0304, 0x1301, EV_HELLO_RETRY } },
	};
	struct reader r;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct bytes hello = server_hello(cases[i].legacy, cases[i].selected,
						  cases[i].chosen.suite, cases[i].retry);

		begin(&r, true);
		feed_every(&r, hello.at, hello.n, check_server, &cases[i].chosen);
	}
}

/* One byte of the random apart from HelloRetryRequest's is no retry. */
static void a_retry_is_told_by_its_whole_random(void **state)
{
	struct reader r;

	(void)state;
	for (size_t i = 0; i < TLS_RANDOM_BYTES; i++) {
		struct bytes hello = server_hello(0x0303, 0x0304, 0x1301, true);

		hello.at[5 + 4 + 2 + i] ^= 1;
		begin(&r, true);
		feed(&r, hello.at, hello.n);
		assert_int_equal(r.ev.flags & (EV_SERVER_HELLO | EV_HELLO_RETRY), EV_SERVER_HELLO);
	}
}

/* A ServerHello counts once it is whole, and not a byte earlier. */
static void a_hello_that_is_cut_short_is_none(void **state)
{
	struct bytes hello = server_hello(0x0303, 0x0304, 0x1302, false);
	struct reader r;

	(void)state;
	for (size_t n = 0; n < hello.n; n++) {
		begin(&r, true);
		feed(&r, hello.at, n);
		assert_false(r.ev.flags & EV_SERVER_HELLO);
	}
}

static void sides_do_not_send_each_others_hello(void **state)
{
	struct bytes from_client = client_hello("x"), from_server;
	struct reader r;

	(void)state;
	from_server = server_hello(0x0303, 0, 0xc02f, false);
	begin(&r, true);
	feed(&r, from_client.at, from_client.n);
	assert_false(r.ev.flags & (EV_CLIENT_HELLO | EV_SERVER_HELLO));
	begin(&r, false);
	feed(&r, from_server.at, from_server.n);
	assert_false(r.ev.flags & (EV_CLIENT_HELLO | EV_SERVER_HELLO));
}

static void check_alert(const struct reader *r, const void *ctx)
{
	(void)ctx;
	assert_true(r->ev.flags & EV_ALERT);
	assert_int_equal(r->ev.alert_level, 2);
	assert_int_equal(r->ev.alert_desc, 40);
	assert_true(r->ev.findings & 1U << FINDING_TLS_HANDSHAKE_FAILED);
}

static void the_first_alert_in_clear_is_kept(void **state)
{
	static const __u8 alerts[] = { 21, 3, 3, 0, 2, 2, 40, 21, 3, 3, 0, 2, 1, 0 };
	struct reader r;

	(void)state;
	begin(&r, true);
	feed_every(&r, alerts, sizeof(alerts), check_alert, NULL);
}

static void a_warning_is_no_failure(void **state)
{
	static const __u8 alert[] = { 21, 3, 3, 0, 2, 1, 112 };
	struct reader r;

	(void)state;
	begin(&r, true);
	feed(&r, alert, sizeof(alert));
	assert_true(r.ev.flags & EV_ALERT);
	assert_int_equal(r.ev.findings, 0);
}

static void ciphered_records_end_the_reading(void **state)
{
	static const __u8 records[][5] = { { 20, 3, 3, 0, 1 },
					   { 23, 3, 3, 0, 9 },
					   { 21, 3, 3, 0, 26 } };
	struct reader r;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		begin(&r, false);
		feed(&r, records[i], 5);
		assert_true(r.ev.flags & EV_CIPHERED);
		assert_int_equal(r.parser.mode, MODE_OPAQUE);
	}
}

static void every_minor_version_of_a_record_is_tls(void **state)
{
	struct reader r;

	(void)state;
	for (__u8 minor = 0; minor <= 4; minor++) {
		const __u8 header[] = { 22, 3, minor, 0, 4 };

		begin(&r, false);
		feed(&r, header, sizeof(header));
		assert_int_equal(r.parser.mode, MODE_TLS);
		assert_true(r.ev.flags & EV_TLS_RECORD);
	}
}

static void headers_that_are_no_tls_end_the_reading(void **state)
{
	static const __u8 headers[][5] = {
		{ 24, 3, 3, 0, 1 }, { 22, 2, 0, 0, 1 },	 { 22, 3, 5, 0, 1 },
		{ 22, 3, 3, 0, 0 }, { 22, 3, 3, 72, 1 }, { 22, 3, 3, 255, 0 },
	};
	struct reader r;

	(void)state;
	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
		begin(&r, false);
		feed(&r, headers[i], 5);
		assert_int_equal(r.parser.mode, MODE_OPAQUE);
		assert_false(r.ev.flags & (EV_CIPHERED | EV_TLS_RECORD));
	}
}

static __u32 next_random(__u64 *seed)
{
	*seed = *seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (__u32)(*seed >> 33);
}

/* Hellos with bytes changed: the reader stays within its bounds (ASan tells). */
static void lengths_that_lie_do_no_harm(void **state)
{
	const struct bytes hellos[2] = { client_hello("mx.example"),
					 server_hello(0x0303, 0x0304, 0x1302, false) };
	__u64 seed = 1;
	struct reader r;

	(void)state;
	for (int run = 0; run < RUNS; run++) {
		struct bytes hello = hellos[run & 1];

		for (__u32 i = next_random(&seed) % 4; i < 4; i++)
			hello.at[5 + next_random(&seed) % (hello.n - 5)] = (__u8)next_random(&seed);
		begin(&r, run & 1);
		feed(&r, hello.at, hello.n);
		feed(&r, hello.at, hello.n);
		assert_true(r.sni_len <= SNI_MAX);
		assert_true(r.parser.mode == MODE_TLS || r.parser.mode == MODE_OPAQUE);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_client_hello_is_read),
		cmocka_unit_test(a_name_longer_than_room_is_cut),
		cmocka_unit_test(a_server_hello_is_read),
		cmocka_unit_test(a_retry_is_told_by_its_whole_random),
		cmocka_unit_test(a_hello_that_is_cut_short_is_none),
		cmocka_unit_test(sides_do_not_send_each_others_hello),
		cmocka_unit_test(the_first_alert_in_clear_is_kept),
		cmocka_unit_test(a_warning_is_no_failure),
		cmocka_unit_test(ciphered_records_end_the_reading),
		cmocka_unit_test(every_minor_version_of_a_record_is_tls),
		cmocka_unit_test(headers_that_are_no_tls_end_the_reading),
		cmocka_unit_test(lengths_that_lie_do_no_harm),
	};

	return cmocka_run_group_tests_name("tls", tests, NULL, NULL);
}
