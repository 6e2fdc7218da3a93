/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The server's direction: codes, keywords, and which command is answered. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <string.h>

#include <cmocka.h>

#include "feed.h"

#define NR(array) (sizeof(array) / sizeof((array)[0]))

/* A server that has greeted, and was asked a verb. */
static void begin_asked(struct reader *r, enum verb verb)
{
	feed_begin(r, true);
	feed_text(r, "220 mx\r\n");
	r->peer.count = 1;
	r->peer.queued = 1;
	r->queue[0] = (__u32)verb << 24 | 1;
}

static void check_code(const struct reader *r, const void *ctx)
{
	int code = *(const int *)ctx;

	assert_int_equal(r->parser.serial, code ? 2 : 1);
	assert_int_equal(r->ev.last_code, code ? code : 220);
	assert_int_equal(r->ev.replies[0], code ? 0 : 1);
}

static void a_code_is_three_digits_and_a_mark(void **state)
{
	static const struct {
		const char *line;
		int code;
	} cases[] = {
		{ "250 Ok\r\n", 250 }, { "250\r\n", 250 },   { "250\n", 250 },
		{ "250\tOk\n", 250 },  { "100 x\r\n", 100 }, { "599 x\r\n", 599 },
		{ "25 x\r\n", 0 },     { "2500 x\r\n", 0 },  { "600 x\r\n", 0 },
		{ "099 x\r\n", 0 },    { "250x\r\n", 0 },    { "Ok\r\n", 0 },
		{ " 250 Ok\r\n", 0 },  { "\r\n", 0 },	     { "\n", 0 },
	};
	struct reader r;

	(void)state;
	for (size_t i = 0; i < NR(cases); i++) {
		begin_asked(&r, VERB_NOOP);
		feed_every(&r, cases[i].line, strlen(cases[i].line), check_code, &cases[i].code);
	}
}

static void check_keywords(const struct reader *r, const void *ctx)
{
	assert_int_equal(r->ev.flags & (EV_OFFERED | EV_MASKED | EV_OFFER_KNOWN),
			 *(const __u32 *)ctx);
}

static void an_offer_is_a_keyword_of_a_later_line(void **state)
{
	static const struct {
		const char *reply;
		__u32 flags;
	} cases[] = {
		{ "250-mx\r\n250 STARTTLS\r\n", EV_OFFER_KNOWN | EV_OFFERED },
		{ "250-mx\r\n250-starttls\r\n250 SIZE\r\n", EV_OFFER_KNOWN | EV_OFFERED },
		{ "250-mx\n250 StartTLS\n", EV_OFFER_KNOWN | EV_OFFERED },
		{ "250-mx\r\n250  STARTTLS \r\n", EV_OFFER_KNOWN | EV_OFFERED },
		{ "250-mx\r\n250 XXXXXXXA\r\n", EV_OFFER_KNOWN | EV_MASKED },
		{ "250-mx\r\n250 XXXXXXXX\r\n", EV_OFFER_KNOWN | EV_MASKED },
		{ "250-mx\r\n250-XXXXXXXX\r\n250 STARTTLS\r\n", EV_OFFER_KNOWN | EV_OFFERED },
		{ "250-mx\r\n250-STARTTLS\r\n250 XXXXXXXX\r\n", EV_OFFER_KNOWN | EV_OFFERED },
		{ "250-mx\r\n250 XXXXXXX\r\n", EV_OFFER_KNOWN },
		{ "250-mx\r\n250 XXXXXXXB\r\n", EV_OFFER_KNOWN },
		{ "250-mx\r\n250 STARTTLSX\r\n", EV_OFFER_KNOWN },
		{ "250-STARTTLS\r\n250 SIZE\r\n", EV_OFFER_KNOWN },
		{ "250 STARTTLS\r\n", EV_OFFER_KNOWN },
		{ "550-mx\r\n550 STARTTLS\r\n", 0 },
		{ "250-mx\r\n250-STARTTLS\r\n", 0 },
	};
	struct reader r;

	(void)state;
	for (size_t i = 0; i < NR(cases); i++) {
		begin_asked(&r, VERB_EHLO);
		feed_every(&r, cases[i].reply, strlen(cases[i].reply), check_keywords,
			   &cases[i].flags);
	}
}

static void two_hundreds_accept(void **state)
{
	static const struct {
		const char *line;
		bool accepts;
	} cases[] = { { "199 x\r\n", false },
		      { "200 x\r\n", true },
		      { "299 x\r\n", true },
		      { "300 x\r\n", false } };
	struct reader r;

	(void)state;
	for (size_t i = 0; i < NR(cases); i++) {
		begin_asked(&r, VERB_STARTTLS);
		feed_text(&r, cases[i].line);
		assert_int_equal(!!(r.ev.flags & EV_STARTTLS_OK), cases[i].accepts);
		assert_int_equal(!!r.ev.findings, !cases[i].accepts);
	}
}

static void answers_go_to_their_commands(void **state)
{
	struct reader r;

	(void)state;
	feed_begin(&r, true);
	feed_text(&r, "220 mx\r\n");
	assert_int_equal(r.ev.flags, EV_GREETED | EV_SMTP);
	r.peer.count = 5;
	r.peer.queued = 3;
	r.queue[0] = VERB_MAIL << 24 | 1;
	r.queue[1] = VERB_RCPT << 24 | 4;
	r.queue[2] = VERB_DATA << 24 | 5;
	feed_text(&r, "250 a\r\n250 b\r\n550 c\r\n250 d\r\n354 e\r\n");
	assert_int_equal(r.ev.mails_accepted, 1);
	assert_int_equal(r.ev.rcpts_accepted, 2);
	assert_true(r.ev.flags & EV_GO_AHEAD);
	assert_int_equal(r.parser.count, 5);
	assert_int_equal(r.parser.go, 5);
	/* nobody asked for this one */
	feed_text(&r, "421 x\r\n");
	assert_int_equal(r.parser.count, 5);
	assert_int_equal(r.ev.mails_refused, 0);
}

/* Counts stand in the queue by 24 bits. */
static void answers_find_commands_when_counts_wrap(void **state)
{
	struct reader r;

	(void)state;
	feed_begin(&r, true);
	feed_text(&r, "220 mx\r\n");
	r.parser.count = 0xffffff;
	r.peer.count = 0x1000001;
	r.peer.queued = 2;
	r.queue[0] = VERB_MAIL << 24 | 0x000000;
	r.queue[1] = VERB_RCPT << 24 | 0x000001;
	feed_text(&r, "250 a\r\n250 b\r\n");
	assert_int_equal(r.ev.mails_accepted, 1);
	assert_int_equal(r.ev.rcpts_accepted, 1);
}

static void notable_replies_are_counted_to_their_limit(void **state)
{
	static const char *const lines[NOTABLE_NR] = {
		"421 x\r\n", "450 x\r\n", "451 x\r\n", "452 x\r\n", "454 x\r\n",
		"530 x\r\n", "535 x\r\n", "538 x\r\n", "550 x\r\n", "554 x\r\n",
	};
	struct reader r;

	(void)state;
	for (unsigned int i = 0; i < NOTABLE_NR; i++) {
		begin_asked(&r, VERB_NOOP);
		feed_text(&r, lines[i]);
		for (unsigned int n = 0; n < NOTABLE_NR; n++)
			assert_int_equal(r.ev.notable[n], n == i);
		r.ev.notable[i] = 0xffff;
		feed_text(&r, lines[i]);
		assert_int_equal(r.ev.notable[i], 0xffff);
	}
}

static void every_class_is_counted(void **state)
{
	struct reader r;

	(void)state;
	feed_begin(&r, true);
	feed_text(&r, "220 mx\r\n100 x\r\n211 x\r\n333 x\r\n444 x\r\n555 x\r\n555 y\r\n");
	assert_int_equal(r.ev.replies[1], 1);
	assert_int_equal(r.ev.replies[2], 2);
	assert_int_equal(r.ev.replies[3], 1);
	assert_int_equal(r.ev.replies[4], 1);
	assert_int_equal(r.ev.replies[5], 2);
}

static void check_not_smtp(const struct reader *r, const void *ctx)
{
	(void)ctx;
	assert_true(r->ev.flags & EV_NOT_SMTP);
	assert_int_equal(r->parser.mode, MODE_OPAQUE);
	assert_int_equal(r->parser.serial, 0);
}

static void a_first_line_without_a_code_is_no_smtp(void **state)
{
	static const char *const lines[] = { "SSH-2.0-x\r\n220 mx\r\n", "HTTP/1.1 200 OK\r\n",
					     "2200 x\r\n", "* OK IMAP4\r\n" };
	struct reader r;

	(void)state;
	for (size_t i = 0; i < NR(lines); i++) {
		feed_begin(&r, true);
		feed_every(&r, lines[i], strlen(lines[i]), check_not_smtp, NULL);
	}
}

/* After lost bytes, only a line with a code is taken for a reply. */
static void a_lost_place_is_found_at_a_code(void **state)
{
	struct reader r;

	(void)state;
	feed_begin(&r, true);
	r.parser.mode = MODE_LOST;
	feed_text(&r, "half a line\r\n");
	assert_int_equal(r.parser.mode, MODE_LOST);
	assert_int_equal(r.parser.serial, 0);
	feed_text(&r, "250 Ok\r\n");
	assert_int_equal(r.parser.mode, MODE_LINE);
	assert_int_equal(r.parser.serial, 1);
	/* the greeting is long past */
	assert_false(r.ev.flags & EV_GREETED);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_code_is_three_digits_and_a_mark),
		cmocka_unit_test(an_offer_is_a_keyword_of_a_later_line),
		cmocka_unit_test(two_hundreds_accept),
		cmocka_unit_test(answers_go_to_their_commands),
		cmocka_unit_test(answers_find_commands_when_counts_wrap),
		cmocka_unit_test(notable_replies_are_counted_to_their_limit),
		cmocka_unit_test(every_class_is_counted),
		cmocka_unit_test(a_first_line_without_a_code_is_no_smtp),
		cmocka_unit_test(a_lost_place_is_found_at_a_code),
	};

	return cmocka_run_group_tests_name("reply", tests, NULL, NULL);
}
