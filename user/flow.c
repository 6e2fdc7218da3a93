/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What bpf/conn.bpf.h does, in userspace: packets in, records out. */
#include "flow.h"

#include <errno.h>
#include <stdlib.h>

#include "conns.h"
#include "follow.h"

struct flow {
	struct conns conns;

	/* the packet at hand */
	const struct flow_packet *raw;
	struct packet packet;
	struct conn_key key;
	bool server;
};

static bool watched(const struct flow *f, __u16 port)
{
	return f->conns.roles[port];
}

/*
 * A client's SYN waits, by itself, for its answer. Returns the connection that
 * it opened at once: with data, RFC 7413.
 */
static struct conns_conn *on_syn(struct flow *f, const struct conns_conn *conn)
{
	struct conns_syn *syn = conns_find_syn(&f->conns, &f->key);
	struct conns_conn *opened;

	if (conn && conn->conn.isn == f->packet.seq)
		return NULL;
	if (syn && syn->half_open.isn == f->packet.seq) {
		follow_syn_again(&syn->half_open, f->raw->tap, f->raw->now_ns);
		return NULL;
	}
	syn = conns_enter_syn(&f->conns, &f->key);
	if (!syn)
		return NULL;
	follow_syn(&syn->half_open, &f->packet, f->raw->tap, f->raw->now_ns);
	if (!f->packet.payload_bytes || conn)
		return NULL;
	opened = conns_enter(&f->conns, &f->key, f->raw->now_ns);
	if (opened)
		opened->conn.half[0].ev.packets = 0;
	f->packet.seq++;
	return opened;
}

/*
 * The server's SYN-ACK opens the connection. One that was open under these
 * addresses ends with it: only an answered SYN proves a new one.
 */
static struct conns_conn *on_syn_ack(struct flow *f, struct conns_conn *conn)
{
	const struct packet *p = &f->packet;
	struct conns_syn *syn = conns_find_syn(&f->conns, &f->key);
	bool answers = syn && follow_answers(&syn->half_open, p);
	struct conn *c;

	if (conn && !answers) {
		if (!follow_awaits(&conn->conn, p))
			return NULL;
	} else {
		if (conn)
			conns_close(&f->conns, conn, ENDING_REUSED);
		if (syn && !answers)
			conns_forget_syn(&f->conns, syn);
		conn = conns_enter(&f->conns, &f->key, f->raw->now_ns);
		if (!conn)
			return NULL;
	}
	c = &conn->conn;
	if (!c->half[0].stream.open) {
		c->isn = p->ack - 1;
		stream_open(&c->half[0].stream, p->ack);
	}
	stream_open(&c->half[1].stream, p->seq + 1);
	if (c->half[0].ev.packets && f->raw->now_ns > c->first_ns)
		c->handshake_ns = f->raw->now_ns - c->first_ns;
	return conn;
}

/* Payload without a connection: it was under way, or its SYN-ACK unseen. */
static struct conns_conn *on_unknown(struct flow *f)
{
	const struct packet *p = &f->packet;
	struct conns_syn *syn = conns_find_syn(&f->conns, &f->key);
	struct conns_conn *conn;

	if (!p->payload_bytes)
		return NULL;
	if (syn && !f->server && follow_begins(&syn->half_open, p))
		return conns_enter(&f->conns, &f->key, f->raw->now_ns);
	if (!watched(f, f->server ? p->source_port : p->dest_port) ||
	    conns_closed(&f->conns, &f->key))
		return NULL;
	if (syn)
		conns_forget_syn(&f->conns, syn);
	conn = conns_enter(&f->conns, &f->key, f->raw->now_ns);
	if (!conn)
		return NULL;
	session_begin_midstream(&conn->conn);
	f->conns.counters[COUNTER_MIDSTREAM]++;
	return conn;
}

/* The connection that a packet belongs to, found or opened. */
static struct conns_conn *conn_for(struct flow *f)
{
	const struct packet *p = &f->packet;
	struct conns_conn *conn = conns_find(&f->conns, &f->key);
	struct conns_syn *syn;

	if (p->flags & TCP_SYN) {
		if (p->flags & TCP_RST)
			return NULL;
		if (p->flags & TCP_ACK)
			return f->server ? on_syn_ack(f, conn) : NULL;
		return f->server ? NULL : on_syn(f, conn);
	}
	if ((p->flags & TCP_RST) && f->server) {
		syn = conns_find_syn(&f->conns, &f->key);
		if (syn && follow_answers(&syn->half_open, p)) {
			conns_end_syn(&f->conns, syn, f->raw->now_ns, ENDING_REFUSED);
			return NULL;
		}
	}
	if (!conn && !(p->flags & TCP_RST))
		conn = on_unknown(f);
	return conn;
}

/* The payload, of which the first bytes were captured. */
static void conn_read(struct flow *f, struct conns_conn *conn)
{
	const struct packet *p = &f->packet;
	struct segment seg = {
		.seq = p->seq,
		.bytes = p->payload_bytes,
		.server = f->server,
	};

	if (f->raw->captured > p->payload) {
		seg.payload = f->raw->bytes + p->payload;
		seg.captured = f->raw->captured - p->payload;
		if (seg.captured > seg.bytes)
			seg.captured = seg.bytes;
	}
	segment_read(&f->conns.segments, &conn->conn, &conn->kept, &seg);
}

/* Another protocol on a port of nobody's: it need not be followed. */
static bool is_foreign(const struct flow *f, const struct conns_conn *conn)
{
	const __u32 client = conn->conn.half[0].ev.flags;

	return !watched(f, f->server ? f->packet.source_port : f->packet.dest_port) &&
	       (client & (EV_NOT_SMTP | EV_TLS_FIRST)) && !(client & EV_SMTP);
}

/* A packet of a connection that is in the table. */
static void conn_follow(struct flow *f, struct conns_conn *conn)
{
	const struct packet *p = &f->packet;
	struct half *me = &conn->conn.half[f->server];
	struct half *peer = &conn->conn.half[!f->server];
	enum ending ending;

	if (follow_again(me, p, f->raw->tap)) {
		f->conns.counters[COUNTER_DUPLICATES]++;
		return;
	}
	me->last_ns = f->raw->now_ns;
	me->ev.packets++;
	if (p->flags & TCP_ACK)
		stream_acknowledge(&me->stream, p->ack);
	if (p->payload_bytes) {
		if (me->parser.mode == MODE_OPAQUE && me->stream.open)
			follow_count(me, p);
		else
			conn_read(f, conn);
		if (is_foreign(f, conn)) {
			conns_drop(&f->conns, conn);
			return;
		}
		conns_tell(&f->conns, conn, me);
	}
	if ((p->flags & TCP_RST) && !stream_reset_valid(&me->stream, p->seq)) {
		f->conns.counters[COUNTER_BAD_RST]++;
		return;
	}
	ending = follow_end(me, peer, p);
	if (ending == ENDING_OPEN)
		conns_touch(&f->conns, conn);
	else
		conns_close(&f->conns, conn, ending);
}

/* An ICMP error for a SYN on its way to a mail port. */
static void on_unreachable(struct flow *f)
{
	struct conns_syn *syn = conns_find_syn(&f->conns, &f->key);

	if (syn && syn->half_open.isn == f->packet.seq)
		conns_end_syn(&f->conns, syn, f->raw->now_ns, ENDING_REFUSED);
}

/*
 * Which end sent it? The port tells, unless it tells nothing: then a connection
 * or SYN that is known, or else a SYN's sender is the client.
 */
static bool from_server(struct flow *f, const __u8 *end)
{
	const struct packet *p = &f->packet;
	bool from = watched(f, p->source_port), to = watched(f, p->dest_port);

	if (from != to)
		return from;
	if (p->flags & TCP_SYN)
		return p->flags & TCP_ACK;
	return packet_key(f->raw->bytes, end, p, true, &f->key) &&
	       (conns_find(&f->conns, &f->key) || conns_find_syn(&f->conns, &f->key));
}

static void on_transport(struct flow *f, const __u8 *end, bool tcp)
{
	const __u8 *bytes = f->raw->bytes;
	struct packet *p = &f->packet;
	struct conns_conn *conn;

	if (!packet_ports(bytes, end, p) ||
	    (!f->conns.any_port && !watched(f, p->source_port) && !watched(f, p->dest_port)))
		return;
	if (tcp && packet_tcp(bytes, end, f->raw->wire_bytes, p)) {
		f->conns.counters[COUNTER_MALFORMED]++;
		return;
	}
	f->server = tcp && from_server(f, end);
	if (!packet_key(bytes, end, p, f->server, &f->key))
		return;
	if (!tcp) {
		on_unreachable(f);
		return;
	}
	f->conns.counters[COUNTER_PACKETS]++;
	conn = conn_for(f);
	if (conn)
		conn_follow(f, conn);
}

int flow_open(struct flow **out, const struct config *config, flow_fn *fn, void *ctx)
{
	struct flow *f = calloc(1, sizeof(*f));

	if (!f)
		return -ENOMEM;
	conns_begin(&f->conns, config, fn, ctx);
	*out = f;
	return 0;
}

void flow_packet(struct flow *f, const struct flow_packet *raw)
{
	__u32 readable = raw->captured < PACKET_HEADERS_MAX ? raw->captured : PACKET_HEADERS_MAX;
	const __u8 *end = raw->bytes + readable;
	__u64 *counters = f->conns.counters;

	f->raw = raw;
	conns_sweep(&f->conns, raw->now_ns);
	switch (packet_locate(raw->bytes, end, raw->ethernet, &f->packet)) {
	case PACKET_TCP: on_transport(f, end, true); break;
	case PACKET_ICMP:
		if (packet_quoted(raw->bytes, end, &f->packet))
			on_transport(f, end, false);
		break;
	case PACKET_FRAGMENT: counters[COUNTER_FRAGMENTS]++; break;
	case PACKET_EXTENSIONS: counters[COUNTER_EXTENSIONS]++; break;
	case PACKET_SHORT:
	case PACKET_MALFORMED: counters[COUNTER_MALFORMED]++; break;
	default: break;
	}
}

void flow_flush(struct flow *f)
{
	conns_flush(&f->conns);
}

void flow_close(struct flow *f)
{
	free(f);
}

__u64 flow_counter(const struct flow *f, enum counter counter)
{
	return f->conns.counters[counter];
}
