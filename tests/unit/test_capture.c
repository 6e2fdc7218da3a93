/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Capture files of every kind, whole and damaged. */
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
#include <pcap/pcap.h>

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

static void every_link_type_gives_the_same_record(void **state)
{
	static const int links[] = { DLT_EN10MB, DLT_RAW,	DLT_NULL,
				     DLT_LOOP,	 DLT_LINUX_SLL, DLT_LINUX_SLL2 };
	static const int versions[2][2] = { { 4, DLT_IPV4 }, { 6, DLT_IPV6 } };
	struct record first;

	(void)state;
	for (size_t i = 0; i < 2 * (sizeof(links) / sizeof(links[0]) + 1); i++) {
		struct tape tape;

		tape_begin(&tape, i / 2 < sizeof(links) / sizeof(links[0]) ? links[i / 2] :
									     versions[i % 2][1]);
		tape.wire.version = (__u8)versions[i % 2][0];
		talk_session(&tape);
		read_well(&tape);
		assert_int_equal(told.records_nr, 1);
		if (!i)
			first = told.records[0];
		assert_memory_equal(&told.records[0].client, &first.client, sizeof(first.client));
		assert_memory_equal(&told.records[0].server, &first.server, sizeof(first.server));
		assert_int_equal(told.records[0].ending, ENDING_FIN);
		assert_int_equal(verdict(0).outcome, OUTCOME_PLAINTEXT);
	}
}

static void tagged_frames_are_read(void **state)
{
	(void)state;
	for (unsigned int tags = 1; tags <= 2; tags++) {
		struct tape tape;

		tape_begin(&tape, DLT_EN10MB);
		tape.wire.tags = tags;
		talk_session(&tape);
		read_well(&tape);
		assert_int_equal(verdict(0).outcome, OUTCOME_PLAINTEXT);
	}
}

static void times_are_the_captures(void **state)
{
	struct tape tape;
	__u64 begin_ns;

	(void)state;
	tape_begin(&tape, DLT_EN10MB);
	begin_ns = tape.now_ns;
	tape.step_ns = 1500000001;
	talk_session(&tape);
	read_well(&tape);
	assert_int_equal(told.records[0].first_ns, begin_ns);
	assert_int_equal(told.records[0].last_ns, tape.now_ns - tape.step_ns);
	assert_int_equal(told.records[0].handshake_ns, tape.step_ns);
}

static void bytes_of_a_body_that_were_not_captured_decide_nothing(void **state)
{
	struct tape tape;

	(void)state;
	tape_begin(&tape, DLT_EN10MB);
	/* headers, and the longest line but the body's */
	tape.snap_bytes = 54 + 27;
	talk_session(&tape);
	read_well(&tape);
	assert_int_equal(verdict(0).outcome, OUTCOME_PLAINTEXT);
	assert_int_equal(told.records[0].client.mails, 1);
	assert_int_equal(told.records[0].server.messages_accepted, 1);
	assert_int_equal(told.records[0].client.gap_bytes, 62 - 27);
	assert_false(told.records[0].client.flags & EV_LOST);
}

static void bytes_of_commands_that_were_not_captured_are_a_gap(void **state)
{
	(void)state;
	for (__u32 snap = 54; snap < 54 + 6; snap++) {
		struct tape tape;

		tape_begin(&tape, DLT_EN10MB);
		tape.snap_bytes = snap;
		talk_session(&tape);
		read_well(&tape);
		assert_int_equal(told.records_nr, 1);
		assert_true(told.records[0].client.gap_bytes > 0);
		assert_true(told.records[0].client.flags & EV_LOST);
		assert_int_equal(told.records[0].client.bytes + told.records[0].client.gap_bytes,
				 13 + 27 + 25 + 6 + 62 + 3);
	}
}

static void headers_that_were_not_captured_are_no_packet(void **state)
{
	(void)state;
	for (__u32 snap = 1; snap < 54; snap++) {
		struct tape tape;

		tape_begin(&tape, DLT_EN10MB);
		tape.snap_bytes = snap;
		talk_session(&tape);
		read_well(&tape);
		assert_int_equal(told.records_nr, 0);
		assert_int_equal(told.counters[COUNTER_PACKETS], 0);
	}
}

static void a_truncated_file_tells_what_was_read(void **state)
{
	struct tape tape;
	struct talk talk;
	long end;

	(void)state;
	tape_begin(&tape, DLT_EN10MB);
	talk = talk_begin(&tape, 40000, 1000);
	talk_greet(&talk);
	end = pcap_dump_ftell(tape.dumper);
	talk_mail(&talk);
	tape_end(&tape);
	for (int more = 1; more < 40; more += 19) {
		assert_int_equal(truncate(tape.path, end + more), 0);
		tape_read(&tape, &told);
		assert_non_null(strstr(told.why, "truncated"));
		assert_int_equal(told.records_nr, 1);
		assert_int_equal(told.records[0].ending, ENDING_EOF);
		assert_int_equal(told.records[0].client.commands, 1);
	}
	tape_remove(&tape);
}

static void a_file_that_is_no_capture_says_so(void **state)
{
	static const char *const texts[] = { "", "x", "220 this is no capture, but long enough\n" };

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct tape tape;
		FILE *file;

		tape_begin(&tape, DLT_EN10MB);
		tape_end(&tape);
		file = fopen(tape.path, "w");
		assert_non_null(file);
		fputs(texts[i], file);
		fclose(file);
		tape_read(&tape, &told);
		tape_remove(&tape);
		assert_string_not_equal(told.why, "");
		assert_null(strchr(told.why, '\n'));
		assert_int_equal(told.records_nr, 0);
	}
}

static void a_missing_file_and_a_folder_say_so(void **state)
{
	struct tape tape = { .path = "/nonexistent/file" };

	(void)state;
	tape_read(&tape, &told);
	assert_string_equal(told.why, "No such file or directory");
	strcpy(tape.path, "/tmp");
	tape_read(&tape, &told);
	assert_non_null(strstr(told.why, "Is a directory"));
}

static void a_link_type_that_is_not_read_is_named(void **state)
{
	struct tape tape;

	(void)state;
	tape_begin(&tape, DLT_IEEE802_11);
	tape_end(&tape);
	tape_read(&tape, &told);
	tape_remove(&tape);
	assert_non_null(strstr(told.why, "link type 105 (IEEE802_11)"));
}

/* The same noise each time: a congruential generator, its high bits. */
static __u32 noise_next(__u32 *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 16;
}

static void packets_of_noise_do_no_harm(void **state)
{
	static const int links[] = { DLT_EN10MB, DLT_RAW, DLT_NULL, DLT_LINUX_SLL, DLT_LINUX_SLL2 };
	static const __u8 ipv4[] = { 0x08, 0x00, 0x45, 0x00 };
	__u8 noise[256];
	__u32 seed = 1;

	(void)state;
	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
		struct tape tape;

		tape_begin(&tape, links[i]);
		for (int n = 0; n < 4000; n++) {
			for (size_t at = 0; at < sizeof(noise); at++)
				noise[at] = (__u8)noise_next(&seed);
			/* half of it begins as what is looked for */
			if (n % 2)
				memcpy(noise + 12, ipv4, sizeof(ipv4));
			tape_packet(&tape, noise, noise_next(&seed) % sizeof(noise));
		}
		read_well(&tape);
	}
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup(function, begin_test)
	const struct CMUnitTest tests[] = {
		TEST(every_link_type_gives_the_same_record),
		TEST(tagged_frames_are_read),
		TEST(times_are_the_captures),
		TEST(bytes_of_a_body_that_were_not_captured_decide_nothing),
		TEST(bytes_of_commands_that_were_not_captured_are_a_gap),
		TEST(headers_that_were_not_captured_are_no_packet),
		TEST(a_truncated_file_tells_what_was_read),
		TEST(a_file_that_is_no_capture_says_so),
		TEST(a_missing_file_and_a_folder_say_so),
		TEST(a_link_type_that_is_not_read_is_named),
		TEST(packets_of_noise_do_no_harm),
	};
#undef TEST
	return cmocka_run_group_tests_name("captures", tests, NULL, NULL);
}
