/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Resumable readers of SMTP: lines and tokens, commands, replies, bodies. */
#ifndef SMTPSCOPE_SMTP_H
#define SMTPSCOPE_SMTP_H

#include <linux/types.h>
#include <stdbool.h>

#include "record.h"
#include "tls.h"

/* Bytes read at a time; a word search for the line's end needs whole words. */
#define PIECE_MAX 256
#define PIECE_WORDS (PIECE_MAX / 8)

/* The longest word that is told from others: SCRAM-SHA-256 and BDAT sizes. */
#define TOKEN_MAX 16
#define TOKEN_LONG (TOKEN_MAX + 1)

/*
 * Commands in flight, runs of one verb counting once: RFC 2920 lets a client
 * send MAIL, any number of RCPT and DATA; with BDAT (RFC 3030) whole messages.
 */
#define QUEUE_MAX 32

enum verb {
	VERB_NONE,
	VERB_EHLO,
	VERB_HELO,
	VERB_LHLO, /* RFC 2033 */
	VERB_MAIL,
	VERB_RCPT,
	VERB_DATA,
	VERB_BDAT,
	VERB_BDAT_LAST, /* with the word LAST: ends a message */
	VERB_EOD,	/* no verb: the end-of-data mark, which is answered too */
	VERB_AUTH,
	VERB_STARTTLS,
	VERB_XCLIENT,
	VERB_XFORWARD,
	VERB_ETRN,
	VERB_VRFY,
	VERB_EXPN,
	VERB_STRONG, /* those above are SMTP's alone; FTP has those below */
	VERB_RSET,
	VERB_NOOP,
	VERB_QUIT,
	VERB_HELP,
	VERB_TURN,
	VERB_PROXY, /* HAProxy's PROXY protocol, version 1 */
	VERB_OTHER,
	VERB_RESPONSE, /* no verb: an answer to a 334 */
};

enum mode {
	MODE_LINE,
	MODE_BODY, /* after a 354 */
	MODE_TLS,
	MODE_PROXY,  /* binary header of PROXY protocol, version 2 */
	MODE_LOST,   /* where a line begins is not known */
	MODE_OPAQUE, /* nothing more to read: ciphered, or not ours */
};

enum line_state {
	LINE_START,
	LINE_BLANK, /* before a word */
	LINE_TOKEN, /* in a word */
	LINE_REST,  /* to the line's end unread */
};

/* Which answer decides what the client's next line is. */
enum pending {
	PENDING_NONE,
	PENDING_AUTH,
	PENDING_DATA,
	PENDING_STARTTLS,
};

/* The end-of-data mark, RFC 5321 4.1.1.4: how much of it was just read. */
enum body_state {
	BODY_TEXT,
	BODY_CR,
	BODY_CRLF, /* as at the body's beginning */
	BODY_DOT,
	BODY_DOT_CR,
};

/*
 * One direction's reader. The other direction reads what is marked "told":
 * each such field has one writer, and stands alone.
 */
struct parser {
	__u64 token[TOKEN_MAX / 8]; /* upper case, first byte lowest */
	__u64 skip;		    /* bytes of a BDAT chunk or PROXY header to come */
	__u32 count;		    /* told: commands sent, or answered */
	__u32 base;		    /* told: client's count when it found its place again */
	__u32 serial;		    /* told by the server: complete replies */
	__u32 continues;	    /* told by the server: 334s; client: those used */
	__u32 go;		    /* told by the server: 1 + the DATA answered 354 */
	__u32 ended;		    /* told by the server: ends of data answered */
	__u32 pending_at;	    /* client: number of the pending command */
	__u32 queued;		    /* client: runs entered; server: runs done */
	__u16 code;		    /* told by the server: of the last reply */
	__u8 mode;		    /* enum mode */
	__u8 state;		    /* enum line_state */
	__u8 word;		    /* index of the word in the line */
	__u8 token_len;		    /* TOKEN_LONG: more than TOKEN_MAX bytes */
	__u8 verb;		    /* client: of the line; server: being answered */
	__u8 pending;		    /* client: enum pending */
	__u8 body;		    /* enum body_state */
	__u8 begun;		    /* a byte was read */
	__u8 steps;		    /* client: answers to 334 until the secret; 0: none */
	__u8 body_skipped;	    /* client: bytes of this body were not read */
	__u8 more;		    /* server: in a multi-line reply */
	__u8 line;		    /* server: lines of this reply with a code, up to 2 */
	__u8 keywords;		    /* server: enum keyword bits of this reply */
	__u8 in_data;		    /* server: a 354 was given, its end not answered */
	__u8 suspect;		    /* server: a line after STARTTLS was accepted */
	__u8 trial;		    /* server: in MODE_LOST, trying a line */
	__u8 pad[6];
	struct tls tls;
};

enum keyword {
	KEYWORD_STARTTLS = 1,
	KEYWORD_MASKED = 2,
};

/* Bytes at hand. */
struct piece {
	union {
		__u8 bytes[PIECE_MAX];
		__u64 words[PIECE_WORDS];
	};
	__u32 pos;
	__u32 len;
};

/* What reading one direction of a connection needs. */
struct reader {
	struct parser parser;
	struct evidence ev;
	struct parser peer; /* the other direction's, as it was just now */
	__u32 peer_flags;   /* its evidence.flags */
	__u16 sni_len;
	__u8 server; /* 1: the server's direction */
	__u8 role;
	__u32 queue[QUEUE_MAX]; /* written by the client: verb, count after */
	struct piece in;
	char sni[SNI_MAX];
	__u32 queue_full; /* times the queue overflowed */
	__u32 pad;
};

/* Four and eight letters as a token holds them. */
#define TOKEN4(a, b, c, d) ((__u64)(a) | (__u64)(b) << 8 | (__u64)(c) << 16 | (__u64)(d) << 24)
#define TOKEN8(a, b, c, d, e, f, g, h) (TOKEN4(a, b, c, d) | TOKEN4(e, f, g, h) << 32)

/*
 * Once a step of a loop: what it changed is in memory then, not in registers,
 * and the kernel's verifier sees each step begin in the same state.
 */
#define step_barrier() __asm__ __volatile__("" ::: "memory")

#define ALL_BYTES 0x0101010101010101ULL

static inline void smtp_find(struct reader *r, enum finding finding)
{
	r->ev.findings |= 1U << finding;
}

/* Words with a zero byte have that byte's top bit set; others have none. */
static inline __u64 word_zeros(__u64 w)
{
	return (w - ALL_BYTES) & ~w & (ALL_BYTES << 7);
}

/* The first byte lowest; word < PIECE_WORDS. */
static inline __u64 piece_word_at(const struct piece *in, __u32 word)
{
	__u64 w = in->words[word];

#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	w = __builtin_bswap64(w);
#endif
	return w;
}

/* The same where the kernel's verifier is to see the bound. */
static inline __u64 piece_word(const struct piece *in, __u32 word)
{
	__asm__("" : "+r"(word));
	return piece_word_at(in, word & (PIECE_WORDS - 1));
}

/* Only after pos < len was checked. */
static inline __u8 piece_byte(const struct piece *in)
{
	__u32 pos = in->pos;

	__asm__("" : "+r"(pos));
	return in->bytes[pos & (PIECE_MAX - 1)];
}

static inline void token_clear(struct parser *p)
{
	p->token[0] = p->token[1] = 0;
	p->token_len = 0;
}

static inline void token_push(struct parser *p, __u8 c)
{
	if (c >= 'a' && c <= 'z')
		c -= 'a' - 'A';
	if (p->token_len < 8)
		p->token[0] |= (__u64)c << (8 * p->token_len);
	else if (p->token_len < TOKEN_MAX)
		p->token[1] |= (__u64)c << (8 * (p->token_len - 8));
	if (p->token_len < TOKEN_LONG)
		p->token_len++;
}

static inline bool token_ends(__u8 c)
{
	return c == '\n' || c == '\r' || c == ' ' || c == '\t' || c == '=';
}

static inline bool is_digit(__u8 c)
{
	return c >= '0' && c <= '9';
}

static inline void line_begin(struct parser *p)
{
	p->state = LINE_BLANK;
	p->word = 0;
	token_clear(p);
}

/* Reads on to the line's end. True: it was reached, and the LF consumed. */
static inline bool line_rest(struct piece *in)
{
	__u32 word = in->pos / 8;
	__u64 seen = in->pos % 8;
	__u64 ignore = seen ? ~0ULL >> (64 - 8 * seen) : 0;

	for (int i = 0; i < PIECE_WORDS; i++) {
		if (word >= PIECE_WORDS || word * 8 >= in->len)
			break;
		/* in a word, bytes already read are made to differ from LF */
		__u64 w = piece_word(in, word) ^ (ALL_BYTES * '\n');

		if (word_zeros(w | ignore))
			break;
		ignore = 0;
		word++;
	}
	if (word * 8 > in->pos)
		in->pos = word * 8;
	for (int i = 0; i < 8; i++) {
		step_barrier();
		if (in->pos >= in->len)
			break;
		__u8 c = piece_byte(in);

		in->pos++;
		if (c == '\n')
			return true;
	}
	if (in->pos > in->len)
		in->pos = in->len;
	return false;
}

/* Reads a word to the byte that ends it. True: that byte is at hand. */
static inline bool line_token(struct parser *p, struct piece *in, bool digits)
{
	for (int i = 0; i < TOKEN_LONG; i++) {
		step_barrier();
		if (in->pos >= in->len)
			return false;
		__u8 c = piece_byte(in);

		if (digits ? !is_digit(c) : token_ends(c))
			return true;
		token_push(p, c);
		in->pos++;
		if (p->token_len == TOKEN_LONG)
			return true;
	}
	return false;
}

/*
 * Skips blanks before a word, 8 a call at most. True: a byte that is no blank
 * is at hand.
 */
static inline bool line_blank(struct piece *in)
{
	for (int i = 0; i < 8; i++) {
		step_barrier();
		if (in->pos >= in->len)
			return false;
		__u8 c = piece_byte(in);

		if (c != ' ' && c != '\t')
			return true;
		in->pos++;
	}
	return false;
}

#endif
