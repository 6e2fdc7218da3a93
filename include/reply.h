/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The server's direction: reply lines, and what they answer. */
#ifndef SMTPSCOPE_REPLY_H
#define SMTPSCOPE_REPLY_H

#include "smtp.h"

static inline bool reply_positive(__u16 code)
{
	return code >= 200 && code < 300;
}

/* Counts the codes that operators ask for by number. */
static inline void reply_notable(struct evidence *ev, __u16 code)
{
	int n;

	switch (code) {
	case 421: n = NOTABLE_421; break;
	case 450: n = NOTABLE_450; break;
	case 451: n = NOTABLE_451; break;
	case 452: n = NOTABLE_452; break;
	case 454: n = NOTABLE_454; break;
	case 530: n = NOTABLE_530; break;
	case 535: n = NOTABLE_535; break;
	case 538: n = NOTABLE_538; break;
	case 550: n = NOTABLE_550; break;
	case 554: n = NOTABLE_554; break;
	default: return;
	}
	if (ev->notable[n] != 0xffff)
		ev->notable[n]++;
}

/* The client's direction was heard, so what it asked is known. */
static inline bool reply_client_heard(const struct reader *r)
{
	return r->peer.begun;
}

/* The verb that the next reply answers; VERB_NONE: nobody asked. */
static inline __u8 reply_answers(struct reader *r)
{
	struct parser *p = &r->parser;

	if ((__s32)(r->peer.base - p->count) > 0)
		p->count = r->peer.base;
	if ((__s32)(r->peer.count - p->count) <= 0)
		return VERB_NONE;
	for (int i = 0; i < QUEUE_MAX; i++) {
		step_barrier();
		__u32 run = r->queue[p->queued & (QUEUE_MAX - 1)];

		if (p->queued == r->peer.queued)
			break;
		/* counts are compared in 24 bits */
		if ((__s32)((run << 8) - (p->count << 8)) > 0)
			return (__u8)(run >> 24);
		p->queued++;
	}
	return VERB_NONE;
}

static inline void reply_to_starttls(struct reader *r, __u16 code)
{
	r->ev.starttls_code = code;
	if (reply_positive(code)) {
		r->ev.flags |= EV_STARTTLS_OK;
	} else {
		r->ev.flags &= ~EV_STARTTLS_OK;
		smtp_find(r, FINDING_STARTTLS_REFUSED);
	}
}

static inline void reply_to_ehlo(struct reader *r, __u16 code)
{
	if (!reply_positive(code))
		return;
	r->ev.flags |= EV_OFFER_KNOWN;
	if (r->parser.keywords & KEYWORD_STARTTLS) {
		r->ev.flags |= EV_OFFERED;
	} else if (r->parser.keywords & KEYWORD_MASKED) {
		r->ev.flags |= EV_MASKED;
		smtp_find(r, FINDING_STARTTLS_MASKED);
	} else if (!(r->ev.flags & EV_OFFERED)) {
		smtp_find(r, FINDING_STARTTLS_NOT_OFFERED);
	}
}

static inline void reply_to_mail(struct reader *r, __u16 code)
{
	if (reply_positive(code)) {
		r->ev.mails_accepted++;
		smtp_find(r, FINDING_PLAINTEXT_MAIL);
	} else {
		r->ev.mails_refused++;
	}
}

/* RFC 5321 4.2: the final line of a reply decides. */
static inline void reply_to(struct reader *r, __u8 verb, __u16 code)
{
	struct parser *p = &r->parser;

	switch (verb) {
	case VERB_EHLO:
	case VERB_LHLO: reply_to_ehlo(r, code); break;
	case VERB_STARTTLS: reply_to_starttls(r, code); break;
	case VERB_MAIL: reply_to_mail(r, code); break;
	case VERB_RCPT:
		if (reply_positive(code))
			r->ev.rcpts_accepted++;
		break;
	case VERB_AUTH: r->ev.auth_code = code; break;
	case VERB_DATA:
		if (code == 354)
			p->go = p->count + 1;
		break;
	case VERB_BDAT_LAST:
		if (reply_positive(code))
			r->ev.messages_accepted++;
		break;
	case VERB_NONE:
		/* nobody to match it with: the reply must speak for itself */
		if (!reply_client_heard(r) && (p->keywords || p->line > 1))
			reply_to_ehlo(r, code);
		break;
	}
	/* the end of data is answered: with its mark seen, or jumped over */
	if (p->in_data && (verb == VERB_EOD || verb == VERB_NONE)) {
		p->in_data = 0;
		p->ended++;
		if (reply_positive(code))
			r->ev.messages_accepted++;
	}
	if (code == 354) {
		p->in_data = 1;
		r->ev.flags |= EV_GO_AHEAD;
		smtp_find(r, FINDING_PLAINTEXT_MAIL);
	}
}

/* A final line was read to its end. */
static inline void reply_end(struct reader *r)
{
	struct parser *p = &r->parser;
	__u16 code = p->code;
	__u32 class = code / 100;
	__u8 verb;

	__asm__("" : "+r"(class));
	if (class < 6)
		r->ev.replies[class]++;
	r->ev.last_code = code;
	reply_notable(&r->ev, code);
	r->ev.flags |= EV_SMTP;
	if (!(r->ev.flags & EV_GREETED) && !p->serial && !p->trial) {
		r->ev.flags |= EV_GREETED;
		r->ev.greeting_code = code;
		if (r->role == ROLE_IMPLICIT)
			smtp_find(r, FINDING_IMPLICIT_PORT_PLAINTEXT);
	} else {
		verb = reply_answers(r);
		if (verb == VERB_AUTH && code == 334) {
			p->continues++;
		} else {
			reply_to(r, verb, code);
			if (verb != VERB_NONE)
				p->count++;
		}
	}
	p->trial = 0;
	p->more = 0;
	p->line = 0;
	p->keywords = 0;
	p->serial++;
}

/* Any reply line was read to its end. */
static inline void reply_line_end(struct reader *r)
{
	struct parser *p = &r->parser;

	p->state = LINE_START;
	if (p->verb == VERB_OTHER) {
		r->ev.replies[0]++;
		return;
	}
	if (p->line < 2)
		p->line++;
	if (!p->more)
		reply_end(r);
}

/* Server plaintext between its 220 and its ServerHello, CVE-2021-38371. */
static inline void reply_suspect(struct reader *r)
{
	r->parser.suspect = 0;
	r->ev.flags |= EV_RESPONSE_INJECTED;
	smtp_find(r, FINDING_RESPONSE_INJECTION);
}

/* A line that begins without a code. */
static inline void reply_uncoded(struct reader *r)
{
	struct parser *p = &r->parser;

	if (p->trial) {
		p->trial = 0;
		p->mode = MODE_LOST;
		return;
	}
	if (!p->serial && !p->more && !p->line && !r->ev.replies[0] && piece_byte(&r->in) != '\r' &&
	    piece_byte(&r->in) != '\n') {
		r->ev.flags |= EV_NOT_SMTP;
		p->mode = MODE_OPAQUE;
		return;
	}
	if (p->suspect)
		reply_suspect(r);
	p->verb = VERB_OTHER;
	p->state = LINE_REST;
}

/* RFC 5321 4.2: three digits, then a hyphen if more lines follow. */
static inline void reply_code(struct reader *r)
{
	struct parser *p = &r->parser;
	struct piece *in = &r->in;
	__u8 c = piece_byte(in), a, b, d;

	a = (__u8)p->token[0] - '0';
	b = (__u8)(p->token[0] >> 8) - '0';
	d = (__u8)(p->token[0] >> 16) - '0';
	if (p->token_len != 3 || a < 1 || a > 5 ||
	    (c != '-' && c != ' ' && c != '\r' && c != '\n' && c != '\t')) {
		reply_uncoded(r);
		token_clear(p);
		return;
	}
	token_clear(p);
	/* found its place again: it answers what was asked last */
	if (p->trial && (__s32)(r->peer.count - p->count) > 1)
		p->count = r->peer.count - 1;
	p->code = (__u16)(a * 100 + b * 10 + d);
	p->more = c == '-';
	p->verb = VERB_NONE;
	if (p->suspect && p->code != 421)
		reply_suspect(r);
	p->suspect = 0;
	if (c == '-' || c == ' ')
		in->pos++;
	/* the first line names the server, the others its extensions */
	p->state = p->line ? LINE_BLANK : LINE_REST;
	p->word = 1;
}

/*
 * RFC 5321 4.1.1.1, RFC 3207 2. Firewalls that hide STARTTLS write X over it,
 * the last letter X or A.
 */
static inline void reply_keyword(struct parser *p)
{
	const __u64 masked = TOKEN8('X', 'X', 'X', 'X', 'X', 'X', 'X', 0);
	__u8 last = (__u8)(p->token[0] >> 56);

	if (p->token_len == 8) {
		if (p->token[0] == TOKEN8('S', 'T', 'A', 'R', 'T', 'T', 'L', 'S'))
			p->keywords |= KEYWORD_STARTTLS;
		else if (p->token[0] << 8 >> 8 == masked && (last == 'X' || last == 'A'))
			p->keywords |= KEYWORD_MASKED;
	}
	p->state = LINE_REST;
	token_clear(p);
}

static inline void reply_word(struct reader *r)
{
	if (r->parser.word == 0)
		reply_code(r);
	else
		reply_keyword(&r->parser);
}

/* Before a line's first byte. False: it is no reply line, nothing is read. */
static inline bool reply_start(struct reader *r, __u8 c)
{
	struct parser *p = &r->parser;

	p->begun = 1;
	if (tls_begins(c)) {
		p->mode = MODE_TLS;
		return false;
	}
	line_begin(p);
	p->verb = VERB_NONE;
	p->state = LINE_TOKEN;
	/* nothing was asked since STARTTLS was accepted: who speaks here? */
	if ((r->ev.flags & EV_STARTTLS_OK) && !(r->ev.flags & EV_RESPONSE_INJECTED) && !p->more &&
	    (__s32)(r->peer.count - p->count) <= 0)
		p->suspect = 1;
	return true;
}

#endif
