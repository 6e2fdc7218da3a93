/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What becomes of the connections of a capture. */
#include <endian.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <pcap/dlt.h>

#include "packet.h"
#include "talk.h"
#include "verdict.h"

static struct told told;

static struct verdict verdict(unsigned int i)
{
	struct verdict v;

	assert_true(i < told.records_nr);
	verdict_of(&told.records[i], &v);
	return v;
}

static void read_well(struct tape *tape)
{
	tape_read_well(tape, &told);
}

static int begin_test(void **state)
{
	(void)state;
	told_begin(&told);
	return 0;
}

static void the_same_packet_on_two_devices_counts_once(void **state)
{
	struct talk talk;
	struct tape tape;

	(void)state;
	tape_begin(&tape, DLT_LINUX_SLL2);
	talk = talk_begin(&tape, 40000, 1000);
	for (tape.device = 3; tape.device < 6; tape.device++) {
		talk.next[0] = 1001;
		talk.next[1] = 501001;
		talk_greet(&talk);
	}
	tape.device = 3;
	talk_finish(&talk);
	read_well(&tape);
	assert_int_equal(told.records_nr, 1);
	assert_int_equal(told.records[0].client.commands, 1);
	assert_int_equal(told.records[0].client.packets, 3);
	assert_int_equal(told.records[0].client.retransmits, 0);
	assert_int_equal(told.counters[COUNTER_DUPLICATES], 6);
}

static void interleaved_connections_are_told_apart(void **state)
{
	struct talk one, other;
	struct tape tape;

	(void)state;
	tape_begin(&tape, DLT_EN10MB);
	one = talk_begin(&tape, 40000, 1000);
	other = talk_begin(&tape, 40001, 1000);
	talk_say(&one, SERVER, "220 mx ESMTP\r\n");
	talk_say(&other, SERVER, "220 mx ESMTP\r\n");
	talk_say(&other, CLIENT, "HELO client\r\n");
	talk_say(&one, CLIENT, "QUIT\r\n");
	talk_say(&other, SERVER, "250 mx\r\n");
	talk_mail(&other);
	talk_finish(&other);
	talk_finish(&one);
	read_well(&tape);
	assert_int_equal(told.records_nr, 2);
	assert_int_equal(be16toh(told.records[0].key.client_port_be16), 40001);
	assert_int_equal(verdict(0).outcome, OUTCOME_PLAINTEXT);
	assert_int_equal(verdict(0).reason, REASON_HELO);
	assert_int_equal(verdict(1).outcome, OUTCOME_NO_MAIL);
}

static void a_port_that_is_reused_is_a_new_connection(void **state)
{
	struct tape tape;
	struct talk talk;

	(void)state;
	tape_begin(&tape, DLT_EN10MB);
	talk_session(&tape);
	talk = talk_begin(&tape, 40000, 77000); /* left open */
	talk_greet(&talk);
	talk = talk_begin(&tape, 40000, 99000);
	talk_greet(&talk);
	read_well(&tape);
	assert_int_equal(told.records_nr, 3);
	assert_int_equal(told.records[0].ending, ENDING_FIN);
	assert_int_equal(told.records[1].ending, ENDING_REUSED);
	assert_int_equal(told.records[2].ending, ENDING_EOF);
	for (unsigned int i = 0; i < 3; i++)
		assert_int_equal(told.records[i].client.commands, 1 + (i == 0) * 3);
}

static void a_syn_that_is_not_answered_ends_no_connection(void **state)
{
	struct talk talk, attack;
	struct tape tape;

	(void)state;
	tape_begin(&tape, DLT_EN10MB);
	talk = talk_begin(&tape, 40000, 1000);
	attack = (struct talk){ &tape, 40000, { 5000000, 0 } };
	talk_greet(&talk);
	talk_send(&attack, CLIENT, TCP_SYN, "");
	talk_mail(&talk);
	talk_finish(&talk);
	read_well(&tape);
	assert_int_equal(told.records_nr, 2);
	assert_int_equal(verdict(0).outcome, OUTCOME_PLAINTEXT);
	assert_int_equal(verdict(1).outcome, OUTCOME_UNANSWERED);
}

static void a_straggler_of_a_closed_connection_opens_none(void **state)
{
	struct tape tape;
	struct talk talk;

	(void)state;
	tape_begin(&tape, DLT_EN10MB);
	talk = talk_begin(&tape, 40000, 1000);
	talk_greet(&talk);
	talk_finish(&talk);
	talk_say(&talk, SERVER, "421 too late\r\n");
	read_well(&tape);
	assert_int_equal(told.records_nr, 1);
}

static void a_syn_is_unanswered_after_its_time_or_at_the_end(void **state)
{
	struct talk talk = { .client_port = 40000 };
	struct tape tape;

	(void)state;
	for (int waits = 0; waits < 2; waits++) {
		tape_begin(&tape, DLT_EN10MB);
		talk.tape = &tape;
		talk.next[0] = 1000;
		for (int i = 0; i < 3; i++, talk.next[0] = 1000)
			talk_send(&talk, CLIENT, TCP_SYN, "");
		if (waits)
			tape_wait(&tape, told.config.syn_seconds + 1);
		read_well(&tape);
		assert_int_equal(told.records_nr, 1);
		assert_int_equal(verdict(0).outcome, OUTCOME_UNANSWERED);
		assert_int_equal(told.records[0].client.packets, 3);
	}
}

static void a_syn_is_refused_by_rst_and_by_icmp(void **state)
{
	const struct play_packet syn = { .flags = TCP_SYN, .seq = 1000 };
	const struct play_packet rst = { .server = true, .flags = TCP_RST | TCP_ACK, .ack = 1001 };

	(void)state;
	for (unsigned int i = 0; i < 4; i++) {
		__u8 bytes[WIRE_MAX];
		struct tape tape;

		tape_begin(&tape, DLT_EN10MB);
		tape.wire.version = i / 2 ? 6 : 4;
		tape_play(&tape, &syn);
		if (i % 2)
			tape_play(&tape, &rst);
		else
			tape_packet(&tape, bytes, wire_unreachable(&tape.wire, &syn, bytes));
		read_well(&tape);
		assert_int_equal(told.records_nr, 1);
		assert_int_equal(verdict(0).outcome, OUTCOME_REFUSED);
	}
}

static void a_silent_connection_expires_by_the_captures_clock(void **state)
{
	struct tape tape;
	struct talk talk;

	(void)state;
	tape_begin(&tape, DLT_EN10MB);
	talk = talk_begin(&tape, 40000, 1000);
	talk_greet(&talk);
	tape_wait(&tape, told.config.idle_seconds - 1);
	talk_say(&talk, CLIENT, "NOOP\r\n");
	tape_wait(&tape, told.config.idle_seconds + 1);
	talk_say(&talk, CLIENT, "NOOP\r\n");
	read_well(&tape);
	assert_int_equal(told.records_nr, 2);
	assert_int_equal(told.records[0].ending, ENDING_IDLE);
	assert_int_equal(told.records[0].client.commands, 2);
	assert_true(told.records[1].midstream);
}

static void a_half_closed_connection_expires_earlier(void **state)
{
	struct tape tape;
	struct talk talk;

	(void)state;
	tape_begin(&tape, DLT_EN10MB);
	talk = talk_begin(&tape, 40000, 1000);
	talk_greet(&talk);
	talk_send(&talk, CLIENT, TCP_FIN | TCP_ACK, "");
	tape_wait(&tape, 61);
	read_well(&tape);
	assert_int_equal(told.records_nr, 1);
	assert_int_equal(told.records[0].ending, ENDING_FIN);
}

static void an_open_connection_ends_with_its_file(void **state)
{
	struct tape tape;
	struct talk talk;

	(void)state;
	tape_begin(&tape, DLT_EN10MB);
	talk = talk_begin(&tape, 40000, 1000);
	talk_greet(&talk);
	talk_mail(&talk);
	read_well(&tape);
	assert_int_equal(told.records_nr, 1);
	assert_int_equal(told.records[0].ending, ENDING_EOF);
	assert_int_equal(verdict(0).outcome, OUTCOME_PLAINTEXT);
}

static void a_full_table_counts_what_it_leaves_out(void **state)
{
	struct tape tape;

	(void)state;
	told.config.table_max = 2;
	tape_begin(&tape, DLT_EN10MB);
	for (__u16 port = 40000; port < 40005; port++)
		talk_begin(&tape, port, 1000);
	read_well(&tape);
	assert_int_equal(told.records_nr, 2);
	assert_int_equal(told.counters[COUNTER_TABLE_FULL], 3);
}

static void early_segments_wait_for_their_turn_and_are_bounded(void **state)
{
	struct tape tape;
	struct talk talk;

	(void)state;
	told.config.table_max = 1000;
	tape_begin(&tape, DLT_EN10MB);
	for (__u16 i = 0; i < 300; i++) {
		talk = talk_begin(&tape, 30000 + i, 1000);
		/* every second byte: no two of them are one run */
		for (unsigned int slot = 0; slot < 6; slot++) {
			talk.next[0] = 1002 + 2 * slot;
			talk_say(&talk, CLIENT, "x");
		}
		talk.next[0] = 1001;
		talk_send(&talk, CLIENT, TCP_RST | TCP_ACK, "");
		if (i >= 295)
			continue;
		/* left open with what it keeps */
		talk = talk_begin(&tape, 40000 + i, 1000);
		for (unsigned int slot = 0; slot < 4; slot++) {
			talk.next[0] = 1002 + 2 * slot;
			talk_say(&talk, CLIENT, "x");
		}
	}
	tape_end(&tape);
	told.records_nr = 0;
	tape_read(&tape, &told);
	tape_remove(&tape);
	assert_true(told.counters[COUNTER_REORDERED] >= 1024);
	assert_true(told.counters[COUNTER_REORDER_FULL] > 0);
}

/* An HTTP exchange, a TLS one and a mail, on ports of nobody's. */
static void play_foreign(struct tape *tape)
{
	struct talk talk;

	tape->wire.server_port = 8080;
	talk = talk_begin(tape, 40000, 1000);
	talk_say(&talk, CLIENT, "GET / HTTP/1.1\r\n\r\n");
	talk_say(&talk, SERVER, "HTTP/1.1 200 OK\r\n\r\n");
	talk_finish(&talk);
	tape->wire.server_port = 443;
	talk = talk_begin(tape, 40000, 1000);
	talk_say(&talk, CLIENT, "\x16\x03\x01\x02");
	talk_finish(&talk);
	tape->wire.server_port = 21;
	talk = talk_begin(tape, 40000, 1000);
	talk_say(&talk, SERVER, "220 FTP ready\r\n");
	talk_say(&talk, CLIENT, "NOOP\r\n");
	talk_say(&talk, SERVER, "200 ok\r\n");
	talk_finish(&talk);
	tape->wire.server_port = 119;
	talk = talk_begin(tape, 40000, 1000); /* silent, and open at the end */
	tape->wire.server_port = 30000;
	talk_session(tape);
}

static void any_port_finds_smtp_by_its_dialogue_alone(void **state)
{
	struct tape tape;

	(void)state;
	for (int any = 0; any < 2; any++) {
		told.config.any_port = any;
		tape_begin(&tape, DLT_EN10MB);
		play_foreign(&tape);
		read_well(&tape);
		assert_int_equal(told.records_nr, any);
	}
	assert_int_equal(be16toh(told.records[0].key.server_port_be16), 30000);
	assert_int_equal(verdict(0).outcome, OUTCOME_PLAINTEXT);
	assert_int_equal(verdict(0).findings, 1U << FINDING_PLAINTEXT_MAIL);
	assert_int_equal(told.records[0].ending, ENDING_FIN);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup(function, begin_test)
	const struct CMUnitTest tests[] = {
		TEST(the_same_packet_on_two_devices_counts_once),
		TEST(interleaved_connections_are_told_apart),
		TEST(a_port_that_is_reused_is_a_new_connection),
		TEST(a_syn_that_is_not_answered_ends_no_connection),
		TEST(a_straggler_of_a_closed_connection_opens_none),
		TEST(a_syn_is_unanswered_after_its_time_or_at_the_end),
		TEST(a_syn_is_refused_by_rst_and_by_icmp),
		TEST(a_silent_connection_expires_by_the_captures_clock),
		TEST(a_half_closed_connection_expires_earlier),
		TEST(an_open_connection_ends_with_its_file),
		TEST(a_full_table_counts_what_it_leaves_out),
		TEST(early_segments_wait_for_their_turn_and_are_bounded),
		TEST(any_port_finds_smtp_by_its_dialogue_alone),
	};
#undef TEST
	return cmocka_run_group_tests_name("connections", tests, NULL, NULL);
}
