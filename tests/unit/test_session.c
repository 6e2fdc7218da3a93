/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A connection: limits, what is passed over, what is lost and found again. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine.h"

#define SUPER_MAX 65000
#define RUNS 3000

static struct engine engine;
static __u32 next[2];

static void say_bytes(bool server, const void *bytes, size_t n)
{
	const struct play_packet p = {
		.server = server,
		.flags = TCP_ACK,
		.seq = next[server],
		.ack = next[!server],
		.payload = bytes,
		.bytes = (__u32)n,
	};

	next[server] += (__u32)n;
	engine_packet(&engine, &p);
}

static void client(const char *text)
{
	say_bytes(false, text, strlen(text));
}

static void server(const char *text)
{
	say_bytes(true, text, strlen(text));
}

/* Bytes that arrive, and pass unseen. */
static void unseen(bool from_server, __u32 bytes)
{
	next[from_server] += bytes;
}

static void begin(void)
{
	struct play_packet p = { .flags = TCP_SYN, .seq = 99 };

	next[0] = 100;
	next[1] = 200;
	engine_begin(&engine, ROLE_RELAY);
	engine_packet(&engine, &p);
	p = (struct play_packet){
		.server = true, .flags = TCP_SYN | TCP_ACK, .seq = 199, .ack = 100
	};
	engine_packet(&engine, &p);
}

static void begin_body(void)
{
	begin();
	server("220 mx\r\n");
	client("MAIL FROM:<a>\r\n");
	server("250 Ok\r\n");
	client("DATA\r\n");
	server("354 go on\r\n");
}

static const struct evidence *evidence(bool of_server)
{
	return &engine.conn.half[of_server].ev;
}

/* A super packet of the shortest lines takes more steps than there are. */
static void a_packet_of_too_many_lines_is_cut(void **state)
{
	static char lines[SUPER_MAX];
	const __u32 steps = SESSION_BATCH * SESSION_BATCHES_MAX;

	(void)state;
	memset(lines, '\n', sizeof(lines));
	begin();
	server("220 mx\r\n");
	client("EHLO x\r\n");
	say_bytes(false, lines, sizeof(lines));
	assert_int_equal(engine.counters[COUNTER_STEPS], 1);
	assert_true(evidence(false)->flags & EV_LOST);
	assert_true(evidence(false)->commands > steps / 2);
	assert_true(evidence(false)->commands <= steps + 1);
	assert_int_equal(evidence(false)->uninspected_bytes + evidence(false)->commands - 1,
			 sizeof(lines));
	assert_int_equal(evidence(false)->bytes, 8 + sizeof(lines));
}

static void a_packet_of_usual_commands_is_read_whole(void **state)
{
	static const char line[16] = "RCPT TO:<a@bc>\r\n";
	static char lines[SUPER_MAX];
	size_t n = 0;

	(void)state;
	for (; n + sizeof(line) <= sizeof(lines); n += sizeof(line))
		memcpy(lines + n, line, sizeof(line));
	begin();
	say_bytes(false, lines, n);
	assert_int_equal(engine.counters[COUNTER_STEPS], 0);
	assert_int_equal(engine.counters[COUNTER_QUEUE_FULL], 0);
	assert_int_equal(engine.counters[COUNTER_GAPS], 0);
	assert_int_equal(evidence(false)->rcpts, n / sizeof(line));
	assert_int_equal(evidence(false)->uninspected_bytes, 0);
}

static void of_a_long_body_segment_the_end_is_read(void **state)
{
	static const char end[11] = "\r\n.\r\nQUIT\r\n";
	static char body[SUPER_MAX];

	(void)state;
	memset(body, 'x', sizeof(body));
	memcpy(body + sizeof(body) - sizeof(end), end, sizeof(end));
	begin_body();
	say_bytes(false, body, sizeof(body));
	assert_int_equal(evidence(false)->commands, 3);
	assert_int_equal(engine.conn.half[0].parser.mode, MODE_LINE);
	server("250 Ok\r\n221 Bye\r\n");
	assert_int_equal(evidence(true)->messages_accepted, 1);
}

/* The mark was in what is passed over: the server's answer tells it. */
static void a_mark_that_was_passed_over_is_told_by_its_answer(void **state)
{
	static const char mark[5] = "\r\n.\r\n";
	static char body[SUPER_MAX];

	(void)state;
	memset(body, 'x', sizeof(body));
	memcpy(body + 1000, mark, sizeof(mark));
	begin_body();
	say_bytes(false, body, sizeof(body));
	assert_int_equal(engine.conn.half[0].parser.mode, MODE_BODY);
	server("250 Ok\r\n");
	client("MAIL FROM:<b>\r\n");
	server("550 no\r\n");
	assert_int_equal(evidence(false)->mails, 2);
	assert_int_equal(evidence(true)->mails_refused, 1);
	assert_int_equal(evidence(true)->messages_accepted, 1);
}

static void a_hole_in_a_chunk_is_told_by_its_size(void **state)
{
	(void)state;
	begin();
	server("220 mx\r\n");
	client("BDAT 100000 LAST\r\n");
	unseen(false, 100000);
	server("250 Ok\r\n");
	client("QUIT\r\n");
	assert_int_equal(evidence(false)->gap_bytes, 100000);
	assert_false(evidence(false)->flags & EV_LOST);
	assert_int_equal(evidence(false)->commands, 2);
	assert_int_equal(evidence(true)->messages_accepted, 1);
}

static void a_hole_beyond_a_chunk_loses_the_place(void **state)
{
	(void)state;
	begin();
	server("220 mx\r\n");
	client("BDAT 10\r\n");
	unseen(false, 11);
	server("250 Ok\r\n");
	assert_false(evidence(false)->flags & EV_LOST);
	client("QUIT\r\n");
	assert_true(evidence(false)->flags & EV_LOST);
	assert_int_equal(evidence(false)->commands, 1);
	/* the server has answered whatever that was: a line begins here */
	server("221 Bye\r\n");
	client("NOOP\r\n");
	assert_int_equal(evidence(false)->commands, 2);
}

/* The size may be read, but how the line goes on is not. */
static void a_hole_in_a_bdat_line_loses_the_place(void **state)
{
	(void)state;
	begin();
	server("220 mx\r\n");
	client("BDAT 100 ");
	unseen(false, 6);
	server("250 Ok\r\n");
	client("QUIT\r\n");
	assert_true(evidence(false)->flags & EV_LOST);
	assert_int_equal(engine.conn.half[0].parser.skip, 0);
}

/* Without a word of the server's since, nobody knows what these bytes are. */
static void a_lost_place_is_found_after_the_servers_next_word(void **state)
{
	(void)state;
	begin();
	server("220 mx\r\n");
	client("EHLO x\r\n");
	server("250 mx\r\n");
	unseen(false, 10);
	engine.conn.half[1].stream.acked = next[0];
	client("MAIL FROM:<a>\r\n");
	assert_int_equal(evidence(false)->mails, 0);
	assert_int_equal(evidence(false)->uninspected_bytes, 15);
	server("250 Ok\r\n");
	client("RCPT TO:<a>\r\n");
	assert_int_equal(evidence(false)->rcpts, 1);
	server("550 no\r\n");
	assert_int_equal(evidence(true)->rcpts_accepted, 0);
	assert_int_equal(evidence(true)->mails_refused, 0);
}

static void joined_after_a_354_a_body_goes_on(void **state)
{
	(void)state;
	engine_begin(&engine, ROLE_RELAY);
	next[0] = 100;
	next[1] = 200;
	server("354 go on\r\n");
	client("QUIT is the first line of a body\r\n.\r\n");
	assert_true(engine.conn.midstream);
	assert_int_equal(evidence(false)->commands, 0);
	server("250 Ok\r\n");
	client("QUIT\r\n");
	assert_int_equal(evidence(false)->commands, 1);
	assert_int_equal(evidence(true)->messages_accepted, 1);
}

static void a_report_has_all_that_the_connection_has(void **state)
{
	struct record rec;
	struct conn *c = &engine.conn;

	(void)state;
	begin_body();
	c->id = 7;
	c->first_ns = 1;
	c->handshake_ns = 2;
	c->half[0].last_ns = 10;
	c->half[1].last_ns = 11;
	c->ifindex = 3;
	c->egress = 1;
	c->sni_len = 2;
	c->sni[1] = 'x';
	c->owner.pid = 4;
	engine_report(&engine, ENDING_STOPPED, &rec);
	assert_int_equal(rec.abi, RECORD_ABI);
	assert_int_equal(rec.ending, ENDING_STOPPED);
	assert_int_equal(rec.role, ROLE_RELAY);
	assert_int_equal(rec.id, 7);
	assert_int_equal(rec.first_ns, 1);
	assert_int_equal(rec.handshake_ns, 2);
	assert_int_equal(rec.last_ns, 11);
	assert_int_equal(rec.ifindex, 3);
	assert_int_equal(rec.egress, 1);
	assert_int_equal(rec.owner.pid, 4);
	assert_int_equal(rec.sni_len, 2);
	assert_int_equal(rec.sni[1], 'x');
	assert_int_equal(rec.client.mails, 1);
	assert_int_equal(rec.server.mails_accepted, 1);
	assert_int_equal(rec.fresh, 1U << FINDING_PLAINTEXT_MAIL);
	c->half[0].last_ns = 12;
	engine_report(&engine, ENDING_STOPPED, &rec);
	assert_int_equal(rec.last_ns, 12);
}

static __u32 next_random(__u64 *seed)
{
	*seed = *seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (__u32)(*seed >> 33);
}

/* Words that move the machines, in any order, from both sides, with holes. */
static void anything_from_anybody_is_counted_and_does_no_harm(void **state)
{
	static const char *const words[] = {
		"EHLO x\r\n",
		"MAIL FROM:<a>\r\n",
		"DATA\r\n",
		".\r\n",
		"BDAT 9\r\n",
		"BDAT 3 LAST\r\n",
		"STARTTLS\r\n",
		"AUTH LOGIN\r\n",
		"AUTH PLAIN AA==\r\n",
		"*\r\n",
		"\r\n",
		"x",
		"QUIT\r\n",
		"220 mx\r\n",
		"250-mx\r\n",
		"250 STARTTLS\r\n",
		"354 x\r\n",
		"334 x\r\n",
		"535 x\r\n",
		"\x16\x03\x01",
		"\x15\x03\x03",
		"\x17\x03\x03",
		"\r\n\r\n",
		"PROXY x\r\n",
		"\xff\xff",
	};
	const __u32 words_nr = sizeof(words) / sizeof(words[0]);

	(void)state;
	for (__u64 run = 0; run < RUNS; run++) {
		__u64 seed = run, said[2] = { 0 };

		begin();
		for (int i = 0; i < 60; i++) {
			const char *word = words[next_random(&seed) % words_nr];
			bool side = next_random(&seed) & 1;

			if (next_random(&seed) % 20 == 0)
				unseen(side, (__u32)strlen(word));
			else
				say_bytes(side, word, strlen(word));
			said[side] += strlen(word);
		}
		for (int side = 0; side < 2; side++) {
			const struct evidence *ev = evidence(side);

			assert_true(ev->bytes + ev->gap_bytes <= said[side]);
			assert_true(ev->uninspected_bytes <= ev->bytes);
		}
		assert_true(evidence(true)->mails_accepted <= evidence(false)->mails);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_packet_of_too_many_lines_is_cut),
		cmocka_unit_test(a_packet_of_usual_commands_is_read_whole),
		cmocka_unit_test(of_a_long_body_segment_the_end_is_read),
		cmocka_unit_test(a_mark_that_was_passed_over_is_told_by_its_answer),
		cmocka_unit_test(a_hole_in_a_chunk_is_told_by_its_size),
		cmocka_unit_test(a_hole_beyond_a_chunk_loses_the_place),
		cmocka_unit_test(a_hole_in_a_bdat_line_loses_the_place),
		cmocka_unit_test(a_lost_place_is_found_after_the_servers_next_word),
		cmocka_unit_test(joined_after_a_354_a_body_goes_on),
		cmocka_unit_test(a_report_has_all_that_the_connection_has),
		cmocka_unit_test(anything_from_anybody_is_counted_and_does_no_harm),
	};

	return cmocka_run_group_tests_name("session", tests, NULL, NULL);
}
