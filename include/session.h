/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A connection: joins the stream with its readers, and keeps the evidence. */
#ifndef SMTPSCOPE_SESSION_H
#define SMTPSCOPE_SESSION_H

#include "body.h"
#include "packet.h"
#include "proxy.h"
#include "reply.h"
#include "stream.h"

/*
 * Pieces and lines read of one packet at most: a 64 kB packet of the shortest
 * commands ("QUIT\r\n") has 11,000, of usual ones 3,000. What is beyond is
 * counted, and the evidence says that bytes were lost. In batches, for the
 * kernel's verifier follows no more than 8,192 branches in a row.
 */
#define SESSION_BATCH 64
#define SESSION_BATCHES_MAX 192

/*
 * A segment of a message body is read whole up to here. Of a longer one only
 * the end is read: clients wait for the answer to a message's end, or send a
 * few short commands behind it.
 */
#define BODY_WHOLE_BYTES 2048
#define BODY_TAIL_BYTES 256

/* One direction; only packets of that direction write it. */
struct half {
	struct stream stream;
	struct parser parser;
	struct evidence ev;
	__u64 last_ns;
	__u32 told; /* findings of this direction that were sent */
	__u32 pad;
};

struct conn {
	__u64 id;
	__u64 first_ns;
	__u64 handshake_ns;
	__u32 ifindex;
	__u8 role;
	__u8 midstream;
	__u8 egress;
	__u8 ending; /* enum ending, once it came to one */
	__u32 isn;   /* the client's, host byte order */
	__u8 asked;  /* bits 0, 1: the client's, the server's owner was */
	__u8 pad0[3];
	struct owner owner;
	struct half half[2]; /* the client's, the server's */
	__u32 queue[QUEUE_MAX];
	__u16 sni_len;
	__u8 pad[6];
	char sni[SNI_MAX];
};

/* A SYN that was not answered yet. */
struct half_open {
	__u64 first_ns;
	__u64 last_ns;
	__u32 isn;
	__u32 tap;
	__u32 syns;
	__u32 local; /* a socket of this machine sent it */
	struct owner owner;
};

/* A kept run of early segments: the connection's, by direction and slot. */
struct held_key {
	__u64 id;
	__u32 server;
	__u32 slot;
};

struct held {
	__u8 bytes[STREAM_SLOT_BYTES];
};

/* One packet's work on a connection. */
struct work {
	struct reader reader;
	struct stream stream;
	struct stream_segment segment;
	struct stream_take take;
	enum stream_event source;
	__u32 at;      /* next byte to load from the source */
	__u32 left;    /* bytes of the source that were not loaded */
	__u32 payload; /* where the segment's bytes begin in the packet */
	__u32 gaps;
	__u32 cut; /* the step limit was reached */
};

static inline void session_begin(struct conn *c, __u64 now_ns)
{
	c->first_ns = now_ns;
	c->half[0].last_ns = c->half[1].last_ns = now_ns;
}

/* The connection begins with the client's SYN. */
static inline void session_begin_syn(struct conn *c, const struct half_open *syn)
{
	c->first_ns = syn->first_ns;
	c->half[0].last_ns = syn->last_ns;
	c->ifindex = syn->tap >> 1;
	c->egress = syn->tap & 1;
	c->isn = syn->isn;
	c->owner = syn->owner;
	c->half[0].ev.packets = syn->syns;
	c->half[0].ev.flags = syn->local ? EV_LOCAL : 0;
	c->half[0].stream.tap = syn->tap;
	stream_open(&c->half[0].stream, syn->isn + 1);
}

/* The connection was under way already: lines begin at an unknown place. */
static inline void session_begin_midstream(struct conn *c)
{
	c->midstream = 1;
	for (int i = 0; i < 2; i++) {
		c->half[i].parser.mode = MODE_LOST;
		c->half[i].parser.begun = 1;
	}
}

/* What was seen of the reader's direction decides no more, or not for sure. */
static inline void session_lost(struct work *w)
{
	struct reader *r = &w->reader;
	struct parser *p = &r->parser;

	switch (p->mode) {
	case MODE_OPAQUE:
	case MODE_LOST: return;
	case MODE_TLS:
		p->mode = MODE_OPAQUE;
		if (!(r->ev.flags & (r->server ? EV_SERVER_HELLO : EV_CLIENT_HELLO)))
			r->ev.flags |= EV_LOST;
		return;
	case MODE_BODY:
		/* a body's bytes decide nothing; its end is told by the server */
		p->body_skipped = 1;
		p->body = BODY_TEXT;
		return;
	}
	r->ev.flags |= EV_LOST;
	p->mode = MODE_LOST;
	p->skip = 0;
	p->begun = 1;
	p->pending = PENDING_NONE;
	p->serial = r->server ? p->serial : r->peer.serial;
	token_clear(p);
}

/* Bytes of this direction passed unseen. */
static inline void session_gap(struct work *w, __u32 bytes)
{
	struct reader *r = &w->reader;
	struct parser *p = &r->parser;

	r->ev.gap_bytes += bytes;
	w->gaps++;
	if (p->mode == MODE_LINE && p->state == LINE_START && p->skip) {
		if (bytes <= p->skip) {
			p->skip -= bytes;
			return;
		}
		p->skip = 0;
	}
	session_lost(w);
}

/*
 * The client's place is found again once the server, which answers whole
 * lines only, has spoken since: what follows begins a line, or a body.
 */
static inline void command_resume(struct reader *r)
{
	struct parser *p = &r->parser;

	if (p->mode == MODE_BODY && p->body_skipped && p->ended != r->peer.ended) {
		p->mode = MODE_LINE;
		p->state = LINE_START;
		p->body_skipped = 0;
		return;
	}
	if (p->mode != MODE_LOST || r->peer.serial == p->serial || r->peer.state != LINE_START ||
	    r->peer.mode != MODE_LINE)
		return;
	p->base = p->count = r->peer.count;
	p->state = LINE_START;
	p->mode = r->peer.code == 354 ? MODE_BODY : MODE_LINE;
	p->body = BODY_CRLF;
	p->body_skipped = 0;
	p->ended = r->peer.ended;
}

/* The server's: a segment that begins with a code is tried as a reply. */
static inline void reply_resume(struct reader *r)
{
	struct parser *p = &r->parser;

	if (p->mode != MODE_LOST)
		return;
	p->mode = MODE_LINE;
	p->state = LINE_START;
	p->more = 0;
	p->line = 0;
	p->keywords = 0;
	p->trial = 1;
}

/*
 * Before the first byte of a segment that comes in order. Kept ones came before
 * what the other side has said since, which tells nothing about their place.
 */
static inline void session_resume(struct reader *r)
{
	if (r->server)
		reply_resume(r);
	else
		command_resume(r);
}

/* Reads a line on, to its end at most. */
static inline void line_step(struct reader *r)
{
	struct parser *p = &r->parser;
	struct piece *in = &r->in;

	if (in->pos >= in->len)
		return;
	if (!r->server && p->state != LINE_START && command_hello(r)) {
		p->mode = MODE_TLS;
		return;
	}
	if (p->state == LINE_START &&
	    !(r->server ? reply_start(r, piece_byte(in)) : command_start(r, piece_byte(in))))
		return;
	if (p->state == LINE_BLANK) {
		if (!line_blank(in))
			return;
		if (r->server || command_blank_end(r, piece_byte(in)))
			p->state = LINE_TOKEN;
	}
	if (p->state == LINE_TOKEN) {
		if (!line_token(p, in, r->server && p->word == 0) || in->pos >= in->len)
			return;
		if (r->server)
			reply_word(r);
		else
			command_word(r);
	}
	if (p->state == LINE_REST && p->mode == MODE_LINE && line_rest(in)) {
		if (r->server)
			reply_line_end(r);
		else
			command_end(r);
	}
}

/* Reads TLS on, some bytes a call. */
static inline void tls_reader_step(struct reader *r)
{
	struct parser *p = &r->parser;
	struct piece *in = &r->in;
	struct tls_out out = { &r->ev, r->sni, &r->sni_len, r->server };

	for (int i = 0; i < 8; i++) {
		step_barrier();
		if (in->pos >= in->len)
			break;
		__u32 bytes = tls_passable(&p->tls, in->len - in->pos);

		if (bytes) {
			in->pos += bytes;
			tls_passed(&p->tls, &out, bytes);
			continue;
		}
		enum tls_step step = tls_byte(&p->tls, &out, piece_byte(in));

		in->pos++;
		if (step != TLS_MORE) {
			p->mode = MODE_OPAQUE;
			break;
		}
	}
}

/* Findings that a TLS message made true. */
static inline void tls_findings(struct reader *r)
{
	__u32 flags = r->ev.flags;

	if ((flags & EV_SERVER_HELLO) && r->ev.tls_version < 0x0303)
		smtp_find(r, FINDING_WEAK_TLS);
	if ((flags & EV_ALERT) && r->ev.alert_level == TLS_ALERT_FATAL)
		smtp_find(r, FINDING_TLS_HANDSHAKE_FAILED);
}

/* The piece at hand is nothing that can be read. */
static inline void session_unread(struct reader *r)
{
	r->ev.uninspected_bytes += r->in.len - r->in.pos;
	r->in.pos = r->in.len;
}

/* Reads on in whatever the direction is in; always makes progress. */
static inline void session_read(struct reader *r)
{
	struct parser *p = &r->parser;

	switch (p->mode) {
	case MODE_LINE: line_step(r); break;
	case MODE_BODY: body_step(r); break;
	case MODE_TLS:
		tls_reader_step(r);
		tls_findings(r);
		break;
	case MODE_PROXY: proxy_step(r); break;
	default: session_unread(r); break;
	}
}

/* Passes over the source's bytes that nobody needs to look at. */
static inline void session_skip(struct work *w)
{
	struct parser *p = &w->reader.parser;
	__u64 bytes = 0;

	if (p->mode == MODE_OPAQUE) {
		bytes = w->left;
	} else if (p->mode == MODE_LOST) {
		bytes = w->left;
		w->reader.ev.uninspected_bytes += bytes;
	} else if (p->mode == MODE_LINE && p->state == LINE_START && p->skip) {
		bytes = p->skip < w->left ? p->skip : w->left;
		p->skip -= bytes;
	} else if (p->mode == MODE_BODY && w->left > BODY_WHOLE_BYTES) {
		bytes = w->left - BODY_TAIL_BYTES;
		p->body = BODY_TEXT;
		p->body_skipped = 1;
	}
	w->at += (__u32)bytes;
	w->left -= (__u32)bytes;
}

/*
 * The next piece to load: true if w->take tells its source, from w->at on, and
 * the caller is to fill reader.in with *bytes. False with *bytes 0: done.
 */
static inline bool session_load(struct work *w, __u32 *bytes)
{
	struct piece *in = &w->reader.in;

	*bytes = 0;
	if (!w->left) {
		w->source = stream_next(&w->stream, &w->segment, &w->take);
		if (w->source == STREAM_DONE)
			return false;
		if (w->source == STREAM_GAP) {
			session_gap(w, w->take.bytes);
			return true;
		}
		w->at = w->take.at;
		w->left = w->take.bytes;
		w->reader.ev.bytes += w->left;
		if (w->source == STREAM_SEGMENT)
			session_resume(&w->reader);
	}
	session_skip(w);
	*bytes = w->left < PIECE_MAX ? w->left : PIECE_MAX;
	in->pos = 0;
	in->len = *bytes;
	return true;
}

/* Those bytes were loaded. */
static inline void session_loaded(struct work *w)
{
	w->at += w->reader.in.len;
	w->left -= w->reader.in.len;
}

/* A piece was read up to here; the rest need not be, if it is to be skipped. */
static inline void session_trim(struct work *w)
{
	struct piece *in = &w->reader.in;
	struct parser *p = &w->reader.parser;

	if (in->pos < in->len &&
	    (p->mode >= MODE_LOST || (p->mode == MODE_LINE && p->state == LINE_START && p->skip))) {
		/* give the bytes back to the source, session_skip sees to them */
		w->at -= in->len - in->pos;
		w->left += in->len - in->pos;
		in->len = in->pos;
	}
}

/* Takes what a packet of this side needs out of the connection. */
static inline void session_enter(struct work *w, const struct conn *c, bool server)
{
	const struct half *me = &c->half[server ? 1 : 0];
	const struct half *peer = &c->half[server ? 0 : 1];
	struct reader *r = &w->reader;

	w->stream = me->stream;
	r->parser = me->parser;
	r->ev = me->ev;
	r->peer = peer->parser;
	r->peer_flags = peer->ev.flags;
	r->server = server;
	r->role = c->role;
	r->sni_len = c->sni_len;
	r->queue_full = 0;
	r->in.pos = r->in.len = 0;
	__builtin_memcpy(r->queue, c->queue, sizeof(r->queue));
	if (!server && r->parser.mode == MODE_TLS)
		__builtin_memcpy(r->sni, c->sni, sizeof(r->sni));
	w->left = 0;
	w->gaps = 0;
	w->cut = 0;
}

/* Puts it back. */
static inline void session_leave(struct work *w, struct conn *c)
{
	struct reader *r = &w->reader;
	struct half *me = &c->half[r->server ? 1 : 0];

	me->stream = w->stream;
	me->ev = r->ev;
	me->parser = r->parser;
	if (r->server)
		return;
	__builtin_memcpy(c->queue, r->queue, sizeof(c->queue));
	if (r->sni_len && r->sni_len != c->sni_len) {
		__builtin_memcpy(c->sni, r->sni, sizeof(c->sni));
		c->sni_len = r->sni_len;
	}
}

/* The step limit was reached with bytes unread. */
static inline void session_cut(struct work *w)
{
	struct reader *r = &w->reader;

	r->ev.uninspected_bytes += w->left + (r->in.len - r->in.pos);
	r->in.pos = r->in.len;
	w->left = 0;
	w->cut = 1;
	session_lost(w);
}

/* Findings that are true by now. */
static inline __u32 session_findings(const struct conn *c)
{
	return c->half[0].ev.findings | c->half[1].ev.findings;
}

/* Copies the evidence. The caller sets ending, fresh, sequence and key. */
static inline void session_report(const struct conn *c, struct record *rec)
{
	__u64 a = c->half[0].last_ns, b = c->half[1].last_ns;

	rec->abi = RECORD_ABI;
	rec->role = c->role;
	rec->id = c->id;
	rec->first_ns = c->first_ns;
	rec->last_ns = a > b ? a : b;
	rec->handshake_ns = c->handshake_ns;
	rec->ifindex = c->ifindex;
	rec->midstream = c->midstream;
	rec->egress = c->egress;
	rec->sni_len = c->sni_len;
	rec->owner = c->owner;
	rec->client = c->half[0].ev;
	rec->server = c->half[1].ev;
	__builtin_memcpy(rec->sni, c->sni, sizeof(rec->sni));
}

#endif
