/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One direction of TCP: what is new, kept, old, and never seen. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "stream.h"

#define BYTES 1000
#define SEED_NR 300

/* What was read of a stream whose byte at number n is (__u8)n. */
struct sink {
	struct stream stream;
	struct stream other;
	__u8 slots[STREAM_SLOTS][STREAM_SLOT_BYTES];
	__u32 read;
	__u32 gaps;
	__u32 gap_bytes;
};

static void sink_open(struct sink *s, __u32 first)
{
	memset(s, 0, sizeof(*s));
	stream_open(&s->stream, first);
}

static void sink_read(struct sink *s, struct stream_segment *seg, __u32 seq)
{
	struct stream_take take;
	enum stream_event event;
	__u32 at = s->stream.next;

	while ((event = stream_next(&s->stream, seg, &take)) != STREAM_DONE) {
		for (__u32 i = 0; i < take.bytes && event != STREAM_GAP; i++) {
			__u8 byte = event == STREAM_SLOT ? s->slots[take.slot][take.at + i] :
							   (__u8)(seq + take.at + i);

			assert_int_equal(byte, (__u8)(at + i));
		}
		if (event == STREAM_GAP) {
			s->gaps++;
			s->gap_bytes += take.bytes;
		} else {
			s->read += take.bytes;
		}
		at += take.bytes;
		assert_int_equal(s->stream.next, at);
	}
}

static enum stream_verdict sink_segment(struct sink *s, __u32 seq, __u32 bytes)
{
	struct stream_segment seg = { seq, bytes };
	struct stream_take take;
	enum stream_verdict verdict = stream_accept(&s->stream, &s->other, &seg, &take);

	if (verdict == STREAM_HOLD) {
		assert_true(take.at + take.bytes <= STREAM_SLOT_BYTES);
		for (__u32 i = 0; i < bytes; i++)
			s->slots[take.slot][take.at + i] = (__u8)(seq + i);
		stream_hold(&s->stream, &seg, &take);
	} else if (verdict != STREAM_OLD) {
		sink_read(s, &seg, seq);
	}
	return verdict;
}

static void segments_in_order_are_read(void **state)
{
	struct sink s;

	(void)state;
	sink_open(&s, 100);
	assert_int_equal(sink_segment(&s, 100, 10), STREAM_READ);
	assert_int_equal(sink_segment(&s, 110, 1), STREAM_READ);
	assert_int_equal(s.read, 11);
	assert_int_equal(s.gaps, 0);
}

static void old_bytes_are_not_read_again(void **state)
{
	struct sink s;

	(void)state;
	sink_open(&s, 100);
	sink_segment(&s, 100, 10);
	assert_int_equal(sink_segment(&s, 100, 10), STREAM_OLD);
	assert_int_equal(sink_segment(&s, 109, 1), STREAM_OLD);
	/* half of it is new */
	assert_int_equal(sink_segment(&s, 105, 10), STREAM_READ);
	assert_int_equal(s.read, 15);
}

static void an_early_segment_waits_for_its_turn(void **state)
{
	struct sink s;

	(void)state;
	sink_open(&s, 100);
	assert_int_equal(sink_segment(&s, 110, 10), STREAM_HOLD);
	assert_int_equal(s.read, 0);
	assert_int_equal(sink_segment(&s, 110, 10), STREAM_OLD);
	assert_int_equal(sink_segment(&s, 100, 10), STREAM_READ);
	assert_int_equal(s.read, 20);
	assert_int_equal(s.gaps, 0);
}

static void adjacent_segments_share_a_slot(void **state)
{
	struct sink s;

	(void)state;
	sink_open(&s, 100);
	for (__u32 i = 1; i <= 40; i++)
		assert_int_equal(sink_segment(&s, 100 + i * 100, 100), STREAM_HOLD);
	sink_segment(&s, 100, 100);
	assert_int_equal(s.read, 41 * 100);
	assert_int_equal(s.gaps, 0);
}

/* Without room for one more run, the holes count as lost. */
static void a_segment_that_finds_no_slot_is_read(void **state)
{
	struct sink s;

	(void)state;
	sink_open(&s, 100);
	for (__u32 i = 0; i < STREAM_SLOTS; i++)
		assert_int_equal(sink_segment(&s, 110 + i * 20, 10), STREAM_HOLD);
	/* each is remembered, so that it can be freed */
	assert_int_equal(s.stream.stored, (1 << STREAM_SLOTS) - 1);
	assert_int_equal(sink_segment(&s, 110 + STREAM_SLOTS * 20, 10), STREAM_FULL);
	assert_int_equal(s.gaps, STREAM_SLOTS + 1);
	assert_int_equal(s.gap_bytes, (STREAM_SLOTS + 1) * 10);
	assert_int_equal(s.read, (STREAM_SLOTS + 1) * 10);
}

static void a_segment_too_long_to_keep_is_read(void **state)
{
	struct sink s;

	(void)state;
	sink_open(&s, 100);
	assert_int_equal(sink_segment(&s, 200, STREAM_HOLD_MAX), STREAM_HOLD);
	sink_open(&s, 100);
	assert_int_equal(sink_segment(&s, 200, STREAM_HOLD_MAX + 1), STREAM_FULL);
	assert_int_equal(s.gap_bytes, 100);
}

/* The other side has the bytes: they will not come again. */
static void an_acknowledged_hole_is_a_gap(void **state)
{
	struct sink s;

	(void)state;
	sink_open(&s, 100);
	stream_acknowledge(&s.other, 100);
	assert_int_equal(sink_segment(&s, 110, 10), STREAM_HOLD);
	stream_acknowledge(&s.other, 120);
	assert_int_equal(sink_segment(&s, 120, 10), STREAM_READ);
	assert_int_equal(s.gap_bytes, 10);
	assert_int_equal(s.read, 20);
}

static void acknowledgements_never_go_back(void **state)
{
	struct stream s = { 0 };

	(void)state;
	stream_acknowledge(&s, 0xfffffff0);
	stream_acknowledge(&s, 0x10);
	stream_acknowledge(&s, 0xfffffff8);
	assert_int_equal(s.acked, 0x10);
}

static __u32 next_random(__u64 *seed)
{
	*seed = *seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (__u32)(*seed >> 33);
}

/*
 * Segments that overlap, in any order within a small window, and a plain pass
 * at the end: every byte is read once, in its order, around the wrap.
 */
static void any_order_gives_the_same_bytes(void **state)
{
	struct sink s;

	(void)state;
	for (__u64 run = 0; run < SEED_NR; run++) {
		__u32 first = (__u32) - (BYTES / 2);
		__u64 seed = run;

		sink_open(&s, first);
		for (int i = 0; i < 200; i++) {
			__u32 at = (s.stream.next - first) + next_random(&seed) % 40;
			__u32 back = next_random(&seed) % 20, n = 1 + next_random(&seed) % 30;

			at = at > back ? at - back : 0;
			if (at + n <= BYTES && sink_segment(&s, first + at, n) == STREAM_FULL)
				break;
		}
		for (__u32 at = 0; at < BYTES; at += 50)
			sink_segment(&s, first + at, 50);
		assert_int_equal(s.read + s.gap_bytes, BYTES);
		assert_int_equal(s.stream.next, first + BYTES);
	}
}

static void a_fin_closes_once_all_before_it_was_read(void **state)
{
	struct sink s;

	(void)state;
	sink_open(&s, 100);
	assert_false(stream_closed(&s.stream, &s.other));
	stream_fin(&s.stream, 110);
	assert_false(stream_closed(&s.stream, &s.other));
	sink_segment(&s, 100, 10);
	assert_true(stream_closed(&s.stream, &s.other));
	/* or once the other side has acknowledged it */
	sink_open(&s, 100);
	stream_fin(&s.stream, 110);
	stream_acknowledge(&s.other, 110);
	assert_false(stream_closed(&s.stream, &s.other));
	stream_acknowledge(&s.other, 111);
	assert_true(stream_closed(&s.stream, &s.other));
}

static void a_reset_counts_near_the_next_number(void **state)
{
	struct stream s = { 0 };

	(void)state;
	assert_true(stream_reset_valid(&s, 7));
	stream_open(&s, 0xffffff00);
	assert_true(stream_reset_valid(&s, 0xffffff00));
	assert_true(stream_reset_valid(&s, 0x10));
	assert_true(stream_reset_valid(&s, 0xffffff00 + 65535));
	assert_false(stream_reset_valid(&s, 0xffffff00 + 65536));
	assert_false(stream_reset_valid(&s, 0xfffffeff));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(segments_in_order_are_read),
		cmocka_unit_test(old_bytes_are_not_read_again),
		cmocka_unit_test(an_early_segment_waits_for_its_turn),
		cmocka_unit_test(adjacent_segments_share_a_slot),
		cmocka_unit_test(a_segment_that_finds_no_slot_is_read),
		cmocka_unit_test(a_segment_too_long_to_keep_is_read),
		cmocka_unit_test(an_acknowledged_hole_is_a_gap),
		cmocka_unit_test(acknowledgements_never_go_back),
		cmocka_unit_test(any_order_gives_the_same_bytes),
		cmocka_unit_test(a_fin_closes_once_all_before_it_was_read),
		cmocka_unit_test(a_reset_counts_near_the_next_number),
	};

	return cmocka_run_group_tests_name("stream", tests, NULL, NULL);
}
