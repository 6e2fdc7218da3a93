/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The client's direction: verbs, mechanisms, chunks, bodies, the queue. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <string.h>

#include <cmocka.h>

#include "feed.h"

#define NR(array) (sizeof(array) / sizeof((array)[0]))

static void check_verb(const struct reader *r, const void *ctx)
{
	assert_int_equal(r->parser.verb, *(const enum verb *)ctx);
	assert_int_equal(r->ev.commands, 1);
	assert_int_equal(r->parser.state, LINE_START);
}

static void each_verb_is_told_from_others(void **state)
{
	static const struct {
		const char *line;
		enum verb verb;
	} cases[] = {
		{ "EHLO x\r\n", VERB_EHLO },
		{ "ehlo\r\n", VERB_EHLO },
		{ "HeLo x\n", VERB_HELO },
		{ "LHLO x\r\n", VERB_LHLO },
		{ "MAIL FROM:<>\r\n", VERB_MAIL },
		{ "MAIL\tFROM:<>\r\n", VERB_MAIL },
		{ "RCPT TO:<a>\r\n", VERB_RCPT },
		{ "DATA\r\n", VERB_DATA },
		{ "BDAT 0\r\n", VERB_BDAT },
		{ "BDAT 0 LAST\r\n", VERB_BDAT_LAST },
		{ "BDAT 0 last \r\n", VERB_BDAT_LAST },
		{ "BDAT 0 LASTING\r\n", VERB_BDAT },
		{ "AUTH PLAIN\r\n", VERB_AUTH },
		{ "STARTTLS\r\n", VERB_STARTTLS },
		{ "  STARTTLS\r\n", VERB_STARTTLS },
		{ "x-anonymoustls\r\n", VERB_STARTTLS },
		{ "XCLIENT a=b\r\n", VERB_XCLIENT },
		{ "XFORWARD a=b\r\n", VERB_XFORWARD },
		{ "ETRN x\r\n", VERB_ETRN },
		{ "VRFY x\r\n", VERB_VRFY },
		{ "EXPN x\r\n", VERB_EXPN },
		{ "RSET\r\n", VERB_RSET },
		{ "NOOP\r\n", VERB_NOOP },
		{ "QUIT\r\n", VERB_QUIT },
		{ "HELP\r\n", VERB_HELP },
		{ "TURN\r\n", VERB_TURN },
		{ "STARTTLSX\r\n", VERB_OTHER },
		{ "XSTARTTLS\r\n", VERB_OTHER },
		{ "X-ANONYMOUSTLSX\r\n", VERB_OTHER },
		{ "X-ANONYMOUSTL\r\n", VERB_OTHER },
		{ "EHL\r\n", VERB_OTHER },
		{ "MAILFROM:<>\r\n", VERB_OTHER },
		{ "\xff\r\n", VERB_OTHER },
		{ "\n", VERB_OTHER },
		{ "VERBOFSEVENTEENXX\r\n", VERB_OTHER },
	};
	struct reader r;

	(void)state;
	for (size_t i = 0; i < NR(cases); i++) {
		feed_begin(&r, false);
		feed_every(&r, cases[i].line, strlen(cases[i].line), check_verb, &cases[i].verb);
	}
}

struct auth {
	enum auth_mechanism mechanism;
	bool secret;
};

static void check_auth(const struct reader *r, const void *ctx)
{
	const struct auth *auth = ctx;

	assert_int_equal(r->ev.auth_mechanism, auth->mechanism);
	assert_int_equal(!!(r->ev.flags & EV_SECRET), auth->secret);
	assert_int_equal(r->ev.auths, 1);
}

static void each_mechanism_is_told_from_others(void **state)
{
	static const struct {
		const char *line;
		struct auth auth;
	} cases[] = {
		{ "AUTH PLAIN AA==\r\n", { AUTH_PLAIN, true } },
		{ "auth  plain  AA==\r\n", { AUTH_PLAIN, true } },
		{ "AUTH PLAIN =\r\n", { AUTH_PLAIN, false } },
		{ "AUTH PLAIN\r\n", { AUTH_PLAIN, false } },
		{ "AUTH=PLAIN AA==\r\n", { AUTH_OTHER, false } },
		{ "AUTH LOGIN AA==\r\n", { AUTH_LOGIN, false } },
		{ "AUTH XOAUTH2 AA==\r\n", { AUTH_XOAUTH2, true } },
		{ "AUTH OAUTHBEARER AA==\r\n", { AUTH_OAUTHBEARER, true } },
		{ "AUTH CRAM-MD5\r\n", { AUTH_CRAM_MD5, false } },
		{ "AUTH DIGEST-MD5\r\n", { AUTH_DIGEST_MD5, false } },
		{ "AUTH SCRAM-SHA-1 AA==\r\n", { AUTH_SCRAM, false } },
		{ "AUTH SCRAM-SHA-256-PLUS AA==\r\n", { AUTH_SCRAM, false } },
		{ "AUTH NTLM AA==\r\n", { AUTH_NTLM, false } },
		{ "AUTH GSSAPI AA==\r\n", { AUTH_GSSAPI, false } },
		{ "AUTH EXTERNAL =\r\n", { AUTH_EXTERNAL, false } },
		{ "AUTH ANONYMOUS AA==\r\n", { AUTH_ANONYMOUS, false } },
		{ "AUTH PLAINX AA==\r\n", { AUTH_OTHER, false } },
		{ "AUTH\r\n", { AUTH_OTHER, false } },
	};
	struct reader r;

	(void)state;
	for (size_t i = 0; i < NR(cases); i++) {
		feed_begin(&r, false);
		feed_every(&r, cases[i].line, strlen(cases[i].line), check_auth, &cases[i].auth);
	}
}

static void check_skip(const struct reader *r, const void *ctx)
{
	assert_true(r->parser.skip == *(const __u64 *)ctx);
	assert_int_equal(r->ev.commands, 1);
}

static void bdat_size_is_decimal_or_none(void **state)
{
	static const struct {
		const char *line;
		__u64 bytes;
	} cases[] = {
		{ "BDAT 1\r\n", 1 },
		{ "BDAT 0000000000000086 LAST\r\n", 86 },
		{ "BDAT 4294967296\r\n", 1ULL << 32 },
		{ "BDAT 9999999999999999\r\n", 9999999999999999ULL },
		{ "BDAT 99999999999999999\r\n", 0 },
		{ "BDAT -1\r\n", 0 },
		{ "BDAT +1\r\n", 0 },
		{ "BDAT 0x10\r\n", 0 },
		{ "BDAT 1a LAST\r\n", 0 },
		{ "BDAT\r\n", 0 },
		{ "BDAT LAST\r\n", 0 },
	};
	struct reader r;

	(void)state;
	for (size_t i = 0; i < NR(cases); i++) {
		feed_begin(&r, false);
		feed_every(&r, cases[i].line, strlen(cases[i].line), check_skip, &cases[i].bytes);
	}
}

static void check_body_ended(const struct reader *r, const void *ctx)
{
	bool ended = r->parser.mode == MODE_LINE;

	assert_int_equal(ended, *(const bool *)ctx);
	assert_int_equal(r->parser.count, 1 + ended);
}

static void only_crlf_dot_crlf_ends_a_body(void **state)
{
	static const struct {
		const char *body;
		bool ends;
	} cases[] = {
		{ ".\r\n", true },
		{ "a\r\n.\r\n", true },
		{ "a\r\r\n.\r\n", true },
		{ "\r\n.\r\n", true },
		{ "a fairly long line of text that is searched\r\n.\r\n", true },
		{ "many dots .... ... .\r\n..\r\n.. \r\n.\r\n", true },
		{ ".\r\r\n.\r\n", true },
		{ "a\n.\n", false },
		{ "a\n.\r\n", false },
		{ "a\r\n.\n", false },
		{ "a\r.\r", false },
		{ "a\r\n.\r", false },
		{ "a\r\n..\r\n", false },
		{ "a\r\n. \r\n", false },
		{ "a\r\n.\r\r\n", false },
		{ "a fairly long line of text that is searched\n.\n and more of it\r\n", false },
	};
	struct reader r;

	(void)state;
	for (size_t i = 0; i < NR(cases); i++) {
		feed_begin(&r, false);
		feed_text(&r, "DATA\r\n");
		r.peer.count = 1;
		r.peer.go = 1;
		feed_every(&r, cases[i].body, strlen(cases[i].body), check_body_ended,
			   &cases[i].ends);
	}
}

/* The mark at each place of a piece, and of the one behind; a command follows. */
static void a_mark_is_found_at_every_place(void **state)
{
	static const char rest[9] = "\r\n.\r\nNOOP";
	char body[4 * PIECE_MAX];
	struct reader r;

	(void)state;
	for (size_t at = 0; at < 2 * PIECE_MAX; at++) {
		feed_begin(&r, false);
		feed_text(&r, "DATA\r\n");
		r.peer.count = 1;
		r.peer.go = 1;
		memset(body, 'x', sizeof(body));
		memcpy(body + at, rest, sizeof(rest));
		body[at + sizeof(rest)] = ' ';
		body[sizeof(body) - 1] = '\n';
		feed(&r, body, sizeof(body));
		assert_int_equal(r.parser.mode, MODE_LINE);
		assert_int_equal(r.ev.commands, 2);
		assert_int_equal(r.parser.verb, VERB_NOOP);
		assert_int_equal(r.parser.count, 3);
	}
}

static void a_lines_end_is_found_at_every_place(void **state)
{
	static const char first[5] = "NOOP ", second[6] = "\nRSET\n";
	char line[2 * PIECE_MAX + 8];
	struct reader r;

	(void)state;
	for (size_t at = 5; at < 2 * PIECE_MAX; at++) {
		feed_begin(&r, false);
		memset(line, 'x', at);
		memcpy(line, first, sizeof(first));
		memcpy(line + at, second, sizeof(second));
		feed(&r, line, at + sizeof(second));
		assert_int_equal(r.ev.commands, 2);
		assert_int_equal(r.parser.verb, VERB_RSET);
	}
}

static void a_run_of_one_verb_takes_one_place(void **state)
{
	struct reader r;

	(void)state;
	feed_begin(&r, false);
	feed_text(&r, "MAIL FROM:<a>\r\n");
	for (int i = 0; i < 600; i++)
		feed_text(&r, "RCPT TO:<b>\r\n");
	feed_text(&r, "DATA\r\n");
	assert_int_equal(r.parser.queued, 3);
	assert_int_equal(r.parser.count, 602);
	assert_int_equal(r.ev.rcpts, 600);
	assert_int_equal(r.queue[0], VERB_MAIL << 24 | 1);
	assert_int_equal(r.queue[1], VERB_RCPT << 24 | 601);
	assert_int_equal(r.queue[2], VERB_DATA << 24 | 602);
}

/* The server is done with the run: another of its verb is a new one. */
static void a_run_that_is_done_is_not_extended(void **state)
{
	struct reader r;

	(void)state;
	feed_begin(&r, false);
	feed_text(&r, "NOOP\r\n");
	r.peer.count = r.peer.queued = 1;
	feed_text(&r, "NOOP\r\n");
	assert_int_equal(r.parser.queued, 2);
	assert_int_equal(r.queue[1], VERB_NOOP << 24 | 2);
}

static void a_full_queue_is_told(void **state)
{
	struct reader r;

	(void)state;
	feed_begin(&r, false);
	for (int i = 0; i < QUEUE_MAX / 2; i++)
		feed_text(&r, "NOOP\r\nRSET\r\n");
	assert_int_equal(r.queue_full, 0);
	assert_false(r.ev.flags & EV_LOST);
	feed_text(&r, "NOOP\r\n");
	assert_int_equal(r.queue_full, 1);
	assert_true(r.ev.flags & EV_LOST);
	assert_int_equal(r.parser.count, QUEUE_MAX + 1);
}

static void the_word_after_an_unanswered_data_decides(void **state)
{
	struct reader r;

	(void)state;
	feed_begin(&r, false);
	feed_text(&r, "DATA\r\nRSET\r\n");
	assert_int_equal(r.parser.mode, MODE_LINE);
	assert_int_equal(r.ev.commands, 2);
	feed_begin(&r, false);
	feed_text(&r, "DATA\r\nSubject: x\r\n");
	assert_int_equal(r.parser.mode, MODE_BODY);
	assert_true(r.ev.flags & EV_BODY);
	feed_text(&r, ".\r\n");
	assert_int_equal(r.parser.mode, MODE_LINE);
}

/* With the line read to its end, or cut in the secret. */
static void no_byte_of_a_secret_is_kept(void **state)
{
	static const char *const ends[] = { "SECRETSECRETSECRET", "SECRETSECRETSECRET\r\n" };
	struct reader r;

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		feed_begin(&r, false);
		feed_text(&r, i < 2 ? "AUTH PLAIN " : "AUTH LOGIN\r\n");
		r.peer.continues = 1;
		feed_text(&r, ends[i & 1]);
		memset(&r.in, 0, sizeof(r.in));
		assert_null(memmem(&r, sizeof(r), "SECR", 4));
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_verb_is_told_from_others),
		cmocka_unit_test(each_mechanism_is_told_from_others),
		cmocka_unit_test(bdat_size_is_decimal_or_none),
		cmocka_unit_test(only_crlf_dot_crlf_ends_a_body),
		cmocka_unit_test(a_mark_is_found_at_every_place),
		cmocka_unit_test(a_lines_end_is_found_at_every_place),
		cmocka_unit_test(a_run_of_one_verb_takes_one_place),
		cmocka_unit_test(a_run_that_is_done_is_not_extended),
		cmocka_unit_test(a_full_queue_is_told),
		cmocka_unit_test(the_word_after_an_unanswered_data_decides),
		cmocka_unit_test(no_byte_of_a_secret_is_kept),
	};

	return cmocka_run_group_tests_name("command", tests, NULL, NULL);
}
