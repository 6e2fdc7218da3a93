/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* How connections begin, end and are kept by the real programs. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <string.h>

#include <cmocka.h>

#include "mail.h"
#include "packet.h"
#include "verdict.h"

/* More than the ring holds, but the table holds the rest. */
#define RING_SESSIONS ((4 << 20) / (sizeof(struct record) + 8) + 300)

static void an_icmp_error_refuses_its_syn(void **state)
{
	const struct play_packet syn = { .flags = TCP_SYN, .seq = 7 };
	struct play_packet other = syn;
	__u8 bytes[WIRE_MAX];
	struct verdict v;

	(void)state;
	other.seq = 8;
	for (__u8 version = 4; version <= 6; version += 2) {
		struct kernel_path path = mail_connect(version, 25);

		kernel_forget(mail_kernel);
		kernel_play(&path, &syn);
		kernel_packet(mail_kernel, false, false, bytes,
			      wire_unreachable(&path.wire, &other, bytes));
		kernel_poll(mail_kernel);
		assert_int_equal(mail_kernel->records_nr, 0);
		kernel_packet(mail_kernel, false, false, bytes,
			      wire_unreachable(&path.wire, &syn, bytes));
		kernel_poll(mail_kernel);
		assert_int_equal(mail_kernel->records_nr, 1);
		verdict_of(mail_last_record(), &v);
		assert_int_equal(v.outcome, OUTCOME_REFUSED);
		assert_int_equal(v.direction, DIRECTION_EGRESS);
	}
}

static void syns_are_counted_until_they_are_swept(void **state)
{
	struct kernel_path path = mail_connect(4, 25);
	struct verdict v;

	(void)state;
	for (int i = 0; i < 3; i++)
		mail_send(&path, false, TCP_SYN, 7, 0);
	kernel_sweep(mail_kernel, mail_kernel->config.syn_seconds - 1);
	assert_int_equal(mail_kernel->records_nr, 0);
	kernel_sweep(mail_kernel, mail_kernel->config.syn_seconds + 1);
	assert_int_equal(mail_kernel->records_nr, 1);
	verdict_of(mail_last_record(), &v);
	assert_int_equal(v.outcome, OUTCOME_UNANSWERED);
	assert_int_equal(mail_last_record()->client.packets, 3);
}

static void the_same_packet_counts_once(void **state)
{
	struct kernel_path out = mail_connect(4, 25), in = out;
	__u64 before = kernel_counter(mail_kernel, COUNTER_DUPLICATES);
	struct verdict v;

	(void)state;
	in.server_here = true;
	/* each packet by both paths */
	for (unsigned int i = 0; i < 2; i++)
		mail_send(i ? &in : &out, false, TCP_SYN, 999, 0);
	for (unsigned int i = 0; i < 2; i++)
		mail_send(i ? &in : &out, true, TCP_SYN | TCP_ACK, 1999, 1000);
	for (unsigned int i = 0; i < 2; i++) {
		const struct play_packet p = { .server = true,
					       .flags = TCP_ACK,
					       .seq = 2000,
					       .ack = 1000,
					       .payload = (const __u8 *)"220 mx\r\n",
					       .bytes = 8 };

		kernel_play(i ? &in : &out, &p);
	}
	kernel_flush(mail_kernel);
	verdict_of(mail_last_record(), &v);
	assert_int_equal(v.outcome, OUTCOME_NO_MAIL);
	assert_int_equal(mail_last_record()->client.packets, 1);
	assert_int_equal(mail_last_record()->server.packets, 2);
	assert_int_equal(mail_last_record()->server.bytes, 8);
	assert_int_equal(mail_last_record()->server.retransmits, 0);
	assert_int_equal(kernel_counter(mail_kernel, COUNTER_DUPLICATES), before + 3);
}

static void data_in_the_syn_is_read(void **state)
{
	struct kernel_path path = mail_connect(4, 25);
	const struct play_packet syn = {
		.flags = TCP_SYN, .seq = 999, .payload = (const __u8 *)"EHLO x\r\n", .bytes = 8
	};

	(void)state;
	kernel_play(&path, &syn);
	mail_send(&path, true, TCP_SYN | TCP_ACK, 1999, 1008);
	mail_send(&path, true, TCP_RST | TCP_ACK, 2000, 1008);
	kernel_poll(mail_kernel);
	assert_int_equal(mail_kernel->records_nr, 1);
	assert_int_equal(mail_last_record()->ending, ENDING_RST);
	assert_int_equal(mail_last_record()->client.commands, 1);
	assert_int_equal(mail_last_record()->client.bytes, 8);
	assert_int_equal(mail_last_record()->client.packets, 1);
	assert_int_equal(mail_last_record()->server.packets, 2);
	assert_int_equal(mail_last_record()->midstream, 0);
}

static void a_new_syn_ends_the_connection_once_it_is_answered(void **state)
{
	struct kernel_path path = mail_connect(4, 25);

	(void)state;
	mail_send(&path, false, TCP_SYN, 999, 0);
	mail_send(&path, true, TCP_SYN | TCP_ACK, 1999, 1000);
	mail_send(&path, false, TCP_SYN, 70000, 0);
	kernel_poll(mail_kernel);
	assert_int_equal(mail_kernel->records_nr, 0);
	mail_send(&path, true, TCP_SYN | TCP_ACK, 80000, 70001);
	kernel_poll(mail_kernel);
	assert_int_equal(mail_kernel->records_nr, 1);
	assert_int_equal(mail_last_record()->ending, ENDING_REUSED);
	mail_send(&path, true, TCP_RST | TCP_ACK, 80001, 70001);
	kernel_poll(mail_kernel);
	assert_int_equal(mail_kernel->records_nr, 2);
	assert_int_equal(mail_last_record()->ending, ENDING_RST);
	assert_true(mail_kernel->records[0].id != mail_kernel->records[1].id);
}

static void ports_are_used_again_after_the_end(void **state)
{
	struct kernel_path path = mail_connect(4, 25);

	(void)state;
	for (int i = 0; i < 3; i++)
		mail_check(&path);
}

static void stragglers_open_no_connection(void **state)
{
	struct kernel_path path = mail_connect(4, 25);
	const struct play_packet late = {
		.flags = TCP_ACK, .seq = 1000, .payload = (const __u8 *)"QUIT\r\n", .bytes = 6
	};
	__u64 opened;

	(void)state;
	mail_check(&path);
	opened = kernel_counter(mail_kernel, COUNTER_OPENED);
	mail_send(&path, true, TCP_ACK, 500100, 1100);
	kernel_play(&path, &late);
	assert_int_equal(kernel_counter(mail_kernel, COUNTER_OPENED), opened);
}

static void early_segments_are_freed(void **state)
{
	struct kernel_path path = mail_connect(4, 25);
	const struct play_packet early = { .flags = TCP_ACK,
					   .seq = 1010,
					   .ack = 2000,
					   .payload = (const __u8 *)"QUIT\r\n",
					   .bytes = 6 };

	(void)state;
	mail_send(&path, false, TCP_SYN, 999, 0);
	mail_send(&path, true, TCP_SYN | TCP_ACK, 1999, 1000);
	kernel_play(&path, &early);
	assert_false(kernel_empty(mail_kernel));
	mail_send(&path, true, TCP_RST | TCP_ACK, 2000, 1000);
	kernel_poll(mail_kernel);
	assert_int_equal(mail_kernel->records_nr, 1);
	assert_true(kernel_empty(mail_kernel));
}

static void a_full_table_is_counted(void **state)
{
	__u64 full = kernel_counter(mail_kernel, COUNTER_TABLE_FULL);
	const unsigned int more = 20;

	(void)state;
	for (unsigned int i = 0; i < mail_kernel->config.table_max + more; i++) {
		struct kernel_path path = mail_connect(4, 25);

		mail_send(&path, false, TCP_SYN, 999, 0);
		mail_send(&path, true, TCP_SYN | TCP_ACK, 1999, 1000);
	}
	assert_int_equal(kernel_counter(mail_kernel, COUNTER_TABLE_FULL), full + more);
	kernel_flush(mail_kernel);
	assert_int_equal(mail_kernel->records_nr, mail_kernel->config.table_max);
}

static void nothing_is_lost_to_a_full_ring(void **state)
{
	__u64 full = kernel_counter(mail_kernel, COUNTER_RING_FULL);
	__u64 lost = kernel_counter(mail_kernel, COUNTER_RECORDS_LOST);

	(void)state;
	for (size_t i = 0; i < RING_SESSIONS; i++) {
		struct kernel_path path = mail_connect(4, 25);

		mail_send(&path, false, TCP_SYN, 999, 0);
		mail_send(&path, true, TCP_SYN | TCP_ACK, 1999, 1000);
		mail_send(&path, true, TCP_RST | TCP_ACK, 2000, 1000);
	}
	assert_true(kernel_counter(mail_kernel, COUNTER_RING_FULL) > full);
	kernel_sweep(mail_kernel, 0);
	assert_int_equal(mail_kernel->records_nr, RING_SESSIONS);
	assert_int_equal(kernel_counter(mail_kernel, COUNTER_RECORDS_LOST), lost);
	assert_int_equal(mail_last_record()->ending, ENDING_RST);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		MAIL_TEST(an_icmp_error_refuses_its_syn),
		MAIL_TEST(syns_are_counted_until_they_are_swept),
		MAIL_TEST(the_same_packet_counts_once),
		MAIL_TEST(data_in_the_syn_is_read),
		MAIL_TEST(a_new_syn_ends_the_connection_once_it_is_answered),
		MAIL_TEST(ports_are_used_again_after_the_end),
		MAIL_TEST(stragglers_open_no_connection),
		MAIL_TEST(early_segments_are_freed),
		MAIL_TEST(a_full_table_is_counted),
		MAIL_TEST(nothing_is_lost_to_a_full_ring),
	};

	return cmocka_run_group_tests_name("connections", tests, mail_setup, mail_teardown);
}
