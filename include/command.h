/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The client's direction: command lines, and answers to AUTH. */
#ifndef SMTPSCOPE_COMMAND_H
#define SMTPSCOPE_COMMAND_H

#include "smtp.h"

/* A whole word that names a verb; VERB_OTHER if none. */
static inline enum verb command_verb(const struct parser *p)
{
	if (p->token[1]) {
		/* Exchange's X-ANONYMOUSTLS */
		if (p->token[0] == TOKEN8('X', '-', 'A', 'N', 'O', 'N', 'Y', 'M') &&
		    p->token[1] == (TOKEN4('O', 'U', 'S', 'T') | TOKEN4('L', 'S', 0, 0) << 32))
			return VERB_STARTTLS;
		return VERB_OTHER;
	}
	switch (p->token[0]) {
	case TOKEN4('E', 'H', 'L', 'O'): return VERB_EHLO;
	case TOKEN4('H', 'E', 'L', 'O'): return VERB_HELO;
	case TOKEN4('L', 'H', 'L', 'O'): return VERB_LHLO;
	case TOKEN4('M', 'A', 'I', 'L'): return VERB_MAIL;
	case TOKEN4('R', 'C', 'P', 'T'): return VERB_RCPT;
	case TOKEN4('D', 'A', 'T', 'A'): return VERB_DATA;
	case TOKEN4('B', 'D', 'A', 'T'): return VERB_BDAT;
	case TOKEN4('A', 'U', 'T', 'H'): return VERB_AUTH;
	case TOKEN8('S', 'T', 'A', 'R', 'T', 'T', 'L', 'S'): return VERB_STARTTLS;
	case TOKEN8('X', 'C', 'L', 'I', 'E', 'N', 'T', 0): return VERB_XCLIENT;
	case TOKEN8('X', 'F', 'O', 'R', 'W', 'A', 'R', 'D'): return VERB_XFORWARD;
	case TOKEN4('E', 'T', 'R', 'N'): return VERB_ETRN;
	case TOKEN4('V', 'R', 'F', 'Y'): return VERB_VRFY;
	case TOKEN4('E', 'X', 'P', 'N'): return VERB_EXPN;
	case TOKEN4('R', 'S', 'E', 'T'): return VERB_RSET;
	case TOKEN4('N', 'O', 'O', 'P'): return VERB_NOOP;
	case TOKEN4('Q', 'U', 'I', 'T'): return VERB_QUIT;
	case TOKEN4('H', 'E', 'L', 'P'): return VERB_HELP;
	case TOKEN4('T', 'U', 'R', 'N'): return VERB_TURN;
	case TOKEN8('P', 'R', 'O', 'X', 'Y', 0, 0, 0): return VERB_PROXY;
	}
	return VERB_OTHER;
}

static inline enum auth_mechanism command_mechanism(const struct parser *p)
{
	const __u64 lo = p->token[0], hi = p->token[1];

	if (lo == TOKEN8('O', 'A', 'U', 'T', 'H', 'B', 'E', 'A') && hi == TOKEN4('R', 'E', 'R', 0))
		return AUTH_OAUTHBEARER;
	if (lo == TOKEN8('D', 'I', 'G', 'E', 'S', 'T', '-', 'M') && hi == TOKEN4('D', '5', 0, 0))
		return AUTH_DIGEST_MD5;
	if (lo == TOKEN8('S', 'C', 'R', 'A', 'M', '-', 'S', 'H'))
		return AUTH_SCRAM;
	if (lo == TOKEN8('A', 'N', 'O', 'N', 'Y', 'M', 'O', 'U') && hi == 'S')
		return AUTH_ANONYMOUS;
	if (hi)
		return AUTH_OTHER;
	switch (lo) {
	case TOKEN8('P', 'L', 'A', 'I', 'N', 0, 0, 0): return AUTH_PLAIN;
	case TOKEN8('L', 'O', 'G', 'I', 'N', 0, 0, 0): return AUTH_LOGIN;
	case TOKEN8('X', 'O', 'A', 'U', 'T', 'H', '2', 0): return AUTH_XOAUTH2;
	case TOKEN8('C', 'R', 'A', 'M', '-', 'M', 'D', '5'): return AUTH_CRAM_MD5;
	case TOKEN4('N', 'T', 'L', 'M'): return AUTH_NTLM;
	case TOKEN8('G', 'S', 'S', 'A', 'P', 'I', 0, 0): return AUTH_GSSAPI;
	case TOKEN8('E', 'X', 'T', 'E', 'R', 'N', 'A', 'L'): return AUTH_EXTERNAL;
	}
	return AUTH_OTHER;
}

/* Answers until the secret itself is sent: RFC 4616, LOGIN, RFC 7628. */
static inline __u8 command_secret_steps(__u8 mechanism)
{
	switch (mechanism) {
	case AUTH_PLAIN:
	case AUTH_XOAUTH2:
	case AUTH_OAUTHBEARER: return 1;
	case AUTH_LOGIN: return 2;
	default: return 0;
	}
}

/* A non-empty initial response or answer to a 334 was sent. */
static inline void command_answer(struct reader *r)
{
	struct parser *p = &r->parser;

	if (p->steps && !--p->steps) {
		r->ev.flags |= EV_SECRET;
		smtp_find(r, FINDING_PLAINTEXT_AUTH);
	}
}

/* Enters a command that will be answered. */
static inline void command_push(struct reader *r, __u8 verb)
{
	struct parser *p = &r->parser;
	__u32 last = (p->queued - 1) & (QUEUE_MAX - 1);
	__u32 count = p->count + 1;

	/* a run goes on; a run that is done may not be extended */
	if (p->queued && r->queue[last] >> 24 == verb && p->queued != r->peer.queued) {
		r->queue[last] = (__u32)verb << 24 | (count & 0xffffff);
	} else if (p->queued - r->peer.queued < QUEUE_MAX) {
		r->queue[p->queued & (QUEUE_MAX - 1)] = (__u32)verb << 24 | (count & 0xffffff);
		p->queued++;
	} else {
		r->queue_full++;
		r->ev.flags |= EV_LOST;
		r->queue[last] = (__u32)VERB_OTHER << 24 | (count & 0xffffff);
	}
	p->count = count;
}

static inline void command_pending(struct parser *p, __u8 pending)
{
	p->pending = pending;
	p->pending_at = p->count;
}

/* BDAT's size, RFC 3030 2: decimal digits. False: it is none. */
static inline bool command_chunk(const struct parser *p, __u64 *bytes)
{
	__u64 value = 0;

	if (!p->token_len || p->token_len > TOKEN_MAX)
		return false;
	for (int i = 0; i < TOKEN_MAX; i++) {
		__u8 c = (__u8)(p->token[i / 8] >> (i % 8 * 8));

		step_barrier();
		if (i >= p->token_len)
			break;
		if (!is_digit(c))
			return false;
		value = value * 10 + (c - '0');
	}
	*bytes = value;
	return true;
}

/* A command line is complete: what it means, and what may come next. */
static inline void command_end(struct reader *r)
{
	struct parser *p = &r->parser;
	__u8 verb = p->verb, pending = PENDING_NONE;

	p->state = LINE_START;
	if (verb == VERB_RESPONSE)
		return;
	if (verb == VERB_PROXY && !r->ev.commands) {
		p->begun = 0;
		return;
	}
	r->ev.commands++;
	r->ev.flags |= EV_COMMAND;
	if (verb < VERB_STRONG)
		r->ev.flags |= EV_SMTP;
	else if (r->ev.commands == 1)
		r->ev.flags |= verb == VERB_OTHER ? EV_NOT_SMTP : EV_SMTP;
	switch (verb) {
	case VERB_EHLO:
	case VERB_LHLO: r->ev.flags |= EV_EHLO; break;
	case VERB_HELO: r->ev.flags |= EV_HELO; break;
	case VERB_MAIL: r->ev.mails++; break;
	case VERB_RCPT: r->ev.rcpts++; break;
	case VERB_DATA: pending = PENDING_DATA; break;
	case VERB_AUTH:
		pending = PENDING_AUTH;
		p->continues = r->peer.continues;
		break;
	case VERB_STARTTLS: pending = PENDING_STARTTLS; break;
	case VERB_BDAT:
	case VERB_BDAT_LAST:
		if (p->skip)
			r->ev.flags |= EV_BODY;
		break;
	}
	command_pending(p, pending);
	command_push(r, verb);
}

/* The verb is known. */
static inline void command_named(struct reader *r)
{
	struct parser *p = &r->parser;

	p->verb = (__u8)command_verb(p);
	p->state = LINE_REST;
	/* the word after DATA that is no verb begins a body, RFC 2920 3.1 */
	if (p->pending == PENDING_DATA && p->verb == VERB_OTHER) {
		p->mode = MODE_BODY;
		p->body = p->token[0] == '.' ? BODY_DOT : BODY_TEXT;
		p->ended = r->peer.ended;
		r->ev.flags |= EV_BODY;
		return;
	}
	if (p->verb == VERB_STARTTLS)
		r->ev.starttls_verb = p->token[1] ? STARTTLS_VERB_ANONYMOUSTLS :
						    STARTTLS_VERB_STARTTLS;
	if (p->verb == VERB_AUTH || p->verb == VERB_BDAT) {
		p->state = LINE_BLANK;
		p->word = 1;
	}
}

/* AUTH's and BDAT's first argument is known. */
static inline void command_argument(struct reader *r)
{
	struct parser *p = &r->parser;

	p->state = LINE_BLANK;
	p->word = 2;
	if (p->verb == VERB_BDAT) {
		if (!command_chunk(p, &p->skip))
			p->state = LINE_REST;
		return;
	}
	r->ev.auths++;
	if (!(r->ev.flags & EV_SECRET))
		r->ev.auth_mechanism = (__u8)command_mechanism(p);
	p->steps = command_secret_steps((__u8)command_mechanism(p));
}

/* A word of a command line is complete, the byte after it is at hand. */
static inline void command_word(struct reader *r)
{
	struct parser *p = &r->parser;

	if (p->word == 0) {
		command_named(r);
	} else if (p->word == 1) {
		command_argument(r);
	} else {
		/* only BDAT collects a third word */
		if (p->token[0] == TOKEN4('L', 'A', 'S', 'T') && !p->token[1])
			p->verb = VERB_BDAT_LAST;
		p->state = LINE_REST;
	}
	token_clear(p);
}

/*
 * A byte that is no blank comes before a word. AUTH's third word is a secret
 * and not read: RFC 4954 4, "=" is an empty initial response. True: a word
 * may begin.
 */
static inline bool command_blank_end(struct reader *r, __u8 c)
{
	struct parser *p = &r->parser;

	if (p->word == 2 && p->verb == VERB_AUTH) {
		if (c != '\r' && c != '\n' && c != '=')
			command_answer(r);
		p->state = LINE_REST;
		return false;
	}
	return true;
}

/*
 * The pending AUTH is not answered for good: is this line an answer to a 334?
 * A client that does not wait has said all with its initial response, or goes
 * on with its answers.
 */
static inline bool command_is_answer(struct parser *p, const struct parser *peer)
{
	if (peer->count > p->pending_at) {
		p->pending = PENDING_NONE;
		return false;
	}
	if (peer->continues != p->continues) {
		p->continues++;
		return true;
	}
	return p->steps != 0;
}

/* The first byte after a STARTTLS that is no ClientHello, RFC 3207 4.2. */
static inline void command_after_starttls(struct reader *r)
{
	struct parser *p = &r->parser;

	if (r->peer.count <= p->pending_at) {
		r->ev.flags |= EV_INJECTED;
		smtp_find(r, FINDING_STARTTLS_INJECTION);
	} else if (r->peer_flags & EV_STARTTLS_OK) {
		r->ev.flags |= EV_CLEAR_AFTER;
	}
	p->pending = PENDING_NONE;
}

/*
 * CVE-2011-0411: a piece of a line was injected, and behind the 220 a segment
 * goes on in it with the ClientHello.
 */
static inline bool command_hello(const struct reader *r)
{
	return r->in.pos == 0 && piece_byte(&r->in) == TLS_HANDSHAKE &&
	       (r->ev.flags & EV_INJECTED) && (r->peer_flags & EV_STARTTLS_OK);
}

/* The answer to DATA decides, if it is there; else the line's first word. */
static inline bool command_is_body(struct reader *r)
{
	struct parser *p = &r->parser;

	if (r->peer.count > p->pending_at) {
		p->pending = PENDING_NONE;
		return r->peer.go == p->pending_at + 1;
	}
	/* the server was never heard: a real client has waited for its 354 */
	return !r->peer.begun;
}

/* Before a line's first byte. False: it is no command line, nothing is read. */
static inline bool command_start(struct reader *r, __u8 c)
{
	struct parser *p = &r->parser;
	bool first = !p->begun;

	p->begun = 1;
	if (first ? c == TLS_HANDSHAKE : r->ev.starttls_verb && tls_begins(c)) {
		if (first)
			r->ev.flags |= EV_TLS_FIRST;
		p->mode = MODE_TLS;
		return false;
	}
	if (first && c == '\r') {
		p->mode = MODE_PROXY;
		p->skip = 0;
		p->steps = 0;
		return false;
	}
	line_begin(p);
	p->verb = VERB_NONE;
	if (p->pending == PENDING_AUTH && command_is_answer(p, &r->peer)) {
		p->verb = VERB_RESPONSE;
		p->state = LINE_REST;
		/* RFC 4954 4: "*" cancels; an empty line holds nothing */
		if (c == '*')
			p->steps = 0;
		else if (c != '\r' && c != '\n' && c != '=')
			command_answer(r);
	} else if (p->pending == PENDING_STARTTLS) {
		command_after_starttls(r);
	} else if (p->pending == PENDING_DATA && command_is_body(r)) {
		p->mode = MODE_BODY;
		p->body = BODY_CRLF;
		p->state = LINE_START;
		p->pending = PENDING_NONE;
		p->ended = r->peer.ended;
		r->ev.flags |= EV_BODY;
		return false;
	}
	return true;
}

#endif
