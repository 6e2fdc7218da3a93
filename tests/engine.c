/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The core in userspace: one connection's packets in, its record out. */
#include "engine.h"

#include <assert.h>
#include <string.h>

#include "follow.h"

/* A device's, on the way out: anything but 0. */
#define TAP 3

void engine_begin(struct engine *e, __u8 role)
{
	segment_forget(&e->segments, &e->kept);
	memset(e, 0, sizeof(*e));
	e->conn.role = role;
	e->segments.counters = e->counters;
}

static void engine_follow(struct engine *e, const struct play_packet *play, const struct packet *p)
{
	const struct segment segment = {
		.payload = play->payload,
		.seq = play->seq,
		.bytes = play->bytes,
		.captured = play->bytes,
		.server = play->server,
	};
	struct half *me = &e->conn.half[play->server];

	me->ev.packets++;
	if (!play->server)
		me->ev.flags |= EV_LOCAL;
	if (p->flags & TCP_ACK)
		stream_acknowledge(&me->stream, p->ack);
	if (p->payload_bytes && me->parser.mode == MODE_OPAQUE && me->stream.open)
		follow_count(me, p);
	else if (p->payload_bytes)
		segment_read(&e->segments, &e->conn, &e->kept, &segment);
	if (!(p->flags & TCP_RST) || stream_reset_valid(&me->stream, p->seq))
		e->conn.ending = follow_end(me, &e->conn.half[!play->server], p);
}

static void engine_syn(struct engine *e, const struct packet *p)
{
	assert(!e->syn_seen && !p->payload_bytes);
	follow_syn(&e->syn, p, TAP, 0);
	e->syn.local = 1;
	e->syn_seen = true;
}

static void engine_syn_ack(struct engine *e, const struct packet *p)
{
	if (e->syn_seen)
		session_begin_syn(&e->conn, &e->syn);
	else
		stream_open(&e->conn.half[0].stream, p->ack);
	stream_open(&e->conn.half[1].stream, p->seq + 1);
	e->opened = true;
}

/* Payload before the connection is open: it was under way, or half of it is unseen. */
static void engine_unknown(struct engine *e, const struct packet *p, bool server)
{
	if (!p->payload_bytes)
		return;
	if (e->syn_seen && !server && follow_begins(&e->syn, p))
		session_begin_syn(&e->conn, &e->syn);
	else
		session_begin_midstream(&e->conn);
	e->opened = true;
}

void engine_packet(void *engine, const struct play_packet *play)
{
	struct engine *e = engine;
	const struct packet p = {
		.seq = play->seq,
		.ack = play->ack,
		.flags = play->flags,
		.payload_bytes = play->bytes,
	};

	if (e->conn.ending)
		return;
	if ((p.flags & (TCP_SYN | TCP_ACK)) == TCP_SYN) {
		engine_syn(e, &p);
		return;
	}
	if (p.flags & TCP_SYN)
		engine_syn_ack(e, &p);
	if ((p.flags & TCP_RST) && play->server && !e->opened && e->syn_seen) {
		session_begin_syn(&e->conn, &e->syn);
		e->conn.ending = ENDING_REFUSED;
		return;
	}
	if (!e->opened)
		engine_unknown(e, &p, play->server);
	if (e->opened)
		engine_follow(e, play, &p);
}

void engine_report(struct engine *e, __u8 ending, struct record *rec)
{
	if (!e->opened && e->syn_seen && !e->conn.ending)
		session_begin_syn(&e->conn, &e->syn);
	memset(rec, 0, sizeof(*rec));
	session_report(&e->conn, rec);
	rec->ending = e->conn.ending ? e->conn.ending : ending;
	rec->fresh = session_findings(&e->conn);
}
