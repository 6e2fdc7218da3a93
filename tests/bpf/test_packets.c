/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Packets of every shape through the real programs. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <string.h>

#include <cmocka.h>

#include "mail.h"
#include "packet.h"
#include "verdict.h"

#define RUNS 30000

static void every_shape_of_headers_is_read(void **state)
{
	(void)state;
	for (__u8 version = 4; version <= 6; version += 2) {
		for (unsigned int tags = 0; tags <= 2; tags++) {
			struct kernel_path path = mail_connect(version, 25);

			path.wire.tags = tags;
			path.wire.tcp_option_bytes = tags * 20;
			path.wire.ip_option_bytes = version == 4 ? tags * 20 : 0;
			mail_check(&path);
		}
		struct kernel_path big = mail_connect(version, 25);

		big.wire.no_length = true;
		mail_check(&big);
	}
}

static void devices_without_ethernet_are_read(void **state)
{
	(void)state;
	for (__u8 version = 4; version <= 6; version += 2) {
		struct kernel_path path = mail_connect(version, 25);

		path.wire.raw = true;
		mail_check(&path);
	}
}

static void a_server_here_is_read(void **state)
{
	struct kernel_path path = mail_connect(4, 587);
	struct verdict v;

	(void)state;
	path.server_here = true;
	mail_check(&path);
	verdict_of(mail_last_record(), &v);
	assert_int_equal(v.direction, DIRECTION_INGRESS);
	assert_int_equal(mail_last_record()->role, ROLE_SUBMISSION);
	assert_int_equal(mail_last_record()->egress, 0);
}

static void the_key_tells_both_ends(void **state)
{
	struct kernel_path path = mail_connect(6, 25);
	const struct conn_key *key;

	(void)state;
	mail_check(&path);
	key = &mail_last_record()->key;
	assert_int_equal(__builtin_bswap16(key->client_port_be16), path.wire.client_port);
	assert_int_equal(__builtin_bswap16(key->server_port_be16), 25);
	assert_int_equal(key->client[0], 0x20);
	assert_int_equal(key->client[15], 1);
	assert_int_equal(key->server[15], 2);
}

static void four_extension_headers_are_walked_and_five_counted(void **state)
{
	struct kernel_path path = mail_connect(6, 25);
	__u64 before = kernel_counter(mail_kernel, COUNTER_EXTENSIONS);

	(void)state;
	memset(path.wire.extensions, WIRE_DESTINATION, WIRE_EXTENSIONS_MAX);
	path.wire.extensions[1] = WIRE_AUTHENTICATION;
	for (path.wire.extensions_nr = 1; path.wire.extensions_nr <= 4; path.wire.extensions_nr++) {
		path.wire.client_port++;
		mail_check(&path);
	}
	assert_int_equal(kernel_counter(mail_kernel, COUNTER_EXTENSIONS), before);
	kernel_forget(mail_kernel);
	mail_play(&path);
	assert_int_equal(mail_kernel->records_nr, 0);
	assert_int_equal(kernel_counter(mail_kernel, COUNTER_EXTENSIONS), before + MAIL_PACKETS);
}

static void fragments_are_counted(void **state)
{
	struct kernel_path path = mail_connect(4, 25);
	__u64 before = kernel_counter(mail_kernel, COUNTER_FRAGMENTS);

	(void)state;
	path.wire.fragment_offset = 0x2000;
	mail_play(&path);
	path = mail_connect(6, 25);
	path.wire.extensions[0] = WIRE_FRAGMENT;
	path.wire.extensions_nr = 1;
	mail_play(&path);
	assert_int_equal(mail_kernel->records_nr, 0);
	assert_int_equal(kernel_counter(mail_kernel, COUNTER_FRAGMENTS), before + 2 * MAIL_PACKETS);
}

static void other_ports_are_not_looked_at(void **state)
{
	struct kernel_path path = mail_connect(4, 26);
	__u64 before = kernel_counter(mail_kernel, COUNTER_PACKETS);

	(void)state;
	mail_play(&path);
	assert_int_equal(mail_kernel->records_nr, 0);
	assert_int_equal(kernel_counter(mail_kernel, COUNTER_PACKETS), before);
}

static void both_ports_may_be_watched(void **state)
{
	struct kernel_path path = mail_connect(4, 25);

	(void)state;
	path.wire.client_port = 587;
	mail_check(&path);
	assert_int_equal(mail_last_record()->role, ROLE_RELAY);
	assert_int_equal(__builtin_bswap16(mail_last_record()->key.client_port_be16), 587);
}

static void lengths_that_lie_are_counted(void **state)
{
	struct kernel_path path = mail_connect(4, 25);
	const struct play_packet p = { .flags = TCP_ACK, .payload = (const __u8 *)"x", .bytes = 1 };
	__u64 before = kernel_counter(mail_kernel, COUNTER_MALFORMED);
	__u8 bytes[WIRE_MAX];
	size_t n = wire_tcp(&path.wire, &p, bytes);

	(void)state;
	/* IP's length, then the data offset, says more than there is */
	bytes[ETHERNET_BYTES + 2] = 4;
	kernel_packet(mail_kernel, false, true, bytes, n);
	wire_tcp(&path.wire, &p, bytes);
	bytes[ETHERNET_BYTES + IPV4_BYTES + 12] = 0xf0;
	kernel_packet(mail_kernel, false, true, bytes, n);
	assert_int_equal(kernel_counter(mail_kernel, COUNTER_MALFORMED), before + 2);
	kernel_poll(mail_kernel);
	assert_int_equal(mail_kernel->records_nr, 0);
}

static __u32 next_random(__u64 *seed)
{
	*seed = *seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (__u32)(*seed >> 33);
}

static void random_packets_do_no_harm(void **state)
{
	static const char text[] = "250 Ok\r\nSTARTTLS\r\nDATA\r\n.\r\n";
	struct kernel_path path = mail_connect(4, 25);
	__u64 seed = 1;

	(void)state;
	for (int run = 0; run < RUNS; run++) {
		const struct play_packet p = {
			.server = next_random(&seed) & 1,
			.flags = (__u8)next_random(&seed) & 0x1f,
			.seq = next_random(&seed) % 100,
			.ack = next_random(&seed) % 100,
			.payload = (const __u8 *)text,
			.bytes = next_random(&seed) % sizeof(text),
		};
		__u8 bytes[WIRE_MAX];
		size_t n;

		path.wire.version = run & 1 ? 4 : 6;
		path.wire.raw = next_random(&seed) & 1;
		path.wire.tags = next_random(&seed) % 3;
		n = wire_tcp(&path.wire, &p, bytes);
		for (__u32 i = next_random(&seed) % 4; i < 3; i++)
			bytes[next_random(&seed) % n] = (__u8)next_random(&seed);
		n -= next_random(&seed) % 8;
		kernel_packet(mail_kernel, path.wire.raw, next_random(&seed) & 1, bytes, n);
		if (run % 256 == 0)
			kernel_poll(mail_kernel);
	}
	kernel_flush(mail_kernel);
	path = mail_connect(4, 25);
	mail_check(&path);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		MAIL_TEST(every_shape_of_headers_is_read),
		MAIL_TEST(devices_without_ethernet_are_read),
		MAIL_TEST(a_server_here_is_read),
		MAIL_TEST(the_key_tells_both_ends),
		MAIL_TEST(four_extension_headers_are_walked_and_five_counted),
		MAIL_TEST(fragments_are_counted),
		MAIL_TEST(other_ports_are_not_looked_at),
		MAIL_TEST(both_ports_may_be_watched),
		MAIL_TEST(lengths_that_lie_are_counted),
		MAIL_TEST(random_packets_do_no_harm),
	};

	return cmocka_run_group_tests_name("packets", tests, mail_setup, mail_teardown);
}
