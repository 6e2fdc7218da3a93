/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A packet on a mail port: finds or opens its connection, and reads it. */
#ifndef SMTPSCOPE_CONN_BPF_H
#define SMTPSCOPE_CONN_BPF_H

#include "emit.bpf.h"
#include "follow.h"
#include "owner.bpf.h"

/* Fills the source's next piece; the verifier wants bytes bounded here. */
static __always_inline long piece_load(struct __sk_buff *skb, const struct scratch *s,
				       struct work *w, __u32 bytes)
{
	struct held_key key = { s->fresh.id, w->reader.server, w->take.slot };
	struct held *kept;
	__u32 at = w->at;

	bytes = ((bytes - 1) & (PIECE_MAX - 1)) + 1;
	if (w->source == STREAM_SEGMENT)
		return bpf_skb_load_bytes(skb, w->payload + at, w->reader.in.bytes, bytes);
	kept = bpf_map_lookup_elem(&held, &key);
	if (!kept || at > STREAM_SLOT_BYTES)
		return -1;
	return bpf_probe_read_kernel(w->reader.in.bytes, bytes, kept->bytes + at);
}

/* Reads on in the segment at hand, a line at most; 0 when it is done. */
__noinline int read_on(struct __sk_buff *skb)
{
	struct scratch *s = scratch_get();
	struct work *w;
	__u32 bytes;

	if (!s)
		return 0;
	w = &s->work;
	if (w->reader.in.pos >= w->reader.in.len) {
		if (!session_load(w, &bytes))
			return 0;
		if (!bytes)
			return 1;
		if (piece_load(skb, s, w, bytes)) {
			count(COUNTER_LOAD_FAILED, 1);
			session_cut(w);
			return 0;
		}
		session_loaded(w);
	}
	session_read(&w->reader);
	session_trim(w);
	return 1;
}

/* A batch of the above; 0 when the segment is done. */
__noinline int read_batch(struct __sk_buff *skb)
{
	for (int i = 0; i < SESSION_BATCH; i++)
		if (!read_on(skb))
			return 0;
	return 1;
}

/* All batches; what is left then is cut. */
__noinline int read_segment(struct __sk_buff *skb)
{
	for (int i = 0; i < SESSION_BATCHES_MAX; i++)
		if (!read_batch(skb))
			return 0;
	return 1;
}

/* Keeps a segment that came before its turn. */
static __always_inline bool segment_hold(struct __sk_buff *skb, struct scratch *s, struct conn *c,
					 struct half *me)
{
	struct stream_take *take = &s->work.take;
	struct held_key key = { c->id, s->server, take->slot };
	__u32 bytes = take->bytes, at = take->at, zero = 0;
	struct held *kept = bpf_map_lookup_elem(&held, &key), *empty;

	if (!kept) {
		empty = bpf_map_lookup_elem(&held_empty, &zero);
		if (!empty || bpf_map_update_elem(&held, &key, empty, BPF_ANY))
			return false;
		kept = bpf_map_lookup_elem(&held, &key);
		if (!kept)
			return false;
	}
	bytes = ((bytes - 1) & (STREAM_HOLD_MAX - 1)) + 1;
	if (at > STREAM_SLOT_FULL)
		return false;
	if (bpf_skb_load_bytes(skb, s->packet.payload, kept->bytes + at, bytes))
		return false;
	stream_hold(&me->stream, &s->work.segment, take);
	count(COUNTER_REORDERED, 1);
	return true;
}

/* Reads a segment's payload. */
static __always_inline void segment_read(struct __sk_buff *skb, struct scratch *s, struct conn *c,
					 struct half *me, struct half *peer)
{
	struct work *w = &s->work;

	w->segment.seq = s->packet.seq;
	w->segment.bytes = s->packet.payload_bytes;
	switch (stream_accept(&me->stream, &peer->stream, &w->segment, &w->take)) {
	case STREAM_OLD: me->ev.retransmits++; return;
	case STREAM_HOLD:
		if (segment_hold(skb, s, c, me))
			return;
		/* fallthrough */
	case STREAM_FULL: count(COUNTER_REORDER_FULL, 1); break;
	default: break;
	}
	s->fresh.id = c->id;
	w->payload = s->packet.payload;
	session_enter(w, c, s->server);
	if (read_segment(skb))
		session_cut(w);
	session_leave(w, c);
	if (w->gaps)
		count(COUNTER_GAPS, w->gaps);
	if (w->cut)
		count(COUNTER_STEPS, 1);
	if (w->reader.queue_full)
		count(COUNTER_QUEUE_FULL, w->reader.queue_full);
}

/* Asks who owns the local end, until a full socket has answered. */
static __always_inline void conn_owner(struct __sk_buff *skb, struct conn *c, struct half *me,
				       __u32 server)
{
	struct owner owner = {};
	bool local;

	if (c->asked >> server & 1)
		return;
	if (owner_of(skb, &owner, &local))
		c->asked |= (__u8)(1 << server);
	if (local)
		me->ev.flags |= EV_LOCAL;
	/* with both ends here, the client's process is the one to name */
	if (owner.pid && (!server || !c->owner.pid))
		c->owner = owner;
}

/* A packet of a connection that is in the table. */
static __always_inline void conn_follow(struct __sk_buff *skb, struct scratch *s, struct conn *c)
{
	const struct packet *p = &s->packet;
	struct half *me = s->server ? &c->half[1] : &c->half[0];
	struct half *peer = s->server ? &c->half[0] : &c->half[1];
	enum ending ending;

	if (c->ending)
		return;
	if (follow_again(me, p, s->tap)) {
		count(COUNTER_DUPLICATES, 1);
		return;
	}
	me->last_ns = s->now_ns;
	me->ev.packets++;
	if (s->tap & 1)
		conn_owner(skb, c, me, s->server);
	if (p->flags & TCP_ACK)
		stream_acknowledge(&me->stream, p->ack);
	if (p->payload_bytes) {
		if (me->parser.mode == MODE_OPAQUE && me->stream.open)
			follow_count(me, p);
		else
			segment_read(skb, s, c, me, peer);
		emit_findings(s, c, me);
	}
	if ((p->flags & TCP_RST) && !stream_reset_valid(&me->stream, p->seq)) {
		count(COUNTER_BAD_RST, 1);
		return;
	}
	ending = follow_end(me, peer, p);
	if (ending != ENDING_OPEN)
		emit_end(s, c, ending);
}

/* Prepares a connection in s->fresh. */
static __always_inline void conn_prepare(struct scratch *s, const struct half_open *syn)
{
	struct conn *c = &s->fresh;

	__builtin_memset(c, 0, sizeof(*c));
	c->id = (__u64)bpf_get_smp_processor_id() << RECORD_CPU_SHIFT | ++s->ids;
	c->role = port_role(__builtin_bswap16(s->key.server_port_be16));
	c->ifindex = s->tap >> 1;
	c->egress = s->tap & 1;
	session_begin(c, s->now_ns);
	if (syn)
		session_begin_syn(c, syn);
}

/* Enters s->fresh in the table. */
static __always_inline struct conn *conn_enter(struct scratch *s)
{
	bpf_map_delete_elem(&half_open, &s->key);
	if (bpf_map_update_elem(&conns, &s->key, &s->fresh, BPF_NOEXIST)) {
		count(COUNTER_TABLE_FULL, 1);
		return NULL;
	}
	count(COUNTER_OPENED, 1);
	if (s->fresh.midstream)
		count(COUNTER_MIDSTREAM, 1);
	return bpf_map_lookup_elem(&conns, &s->key);
}

/* A SYN that will not be answered: the evidence is that alone. */
static __always_inline void syn_refused(struct scratch *s, const struct half_open *syn)
{
	struct record *rec;

	conn_prepare(s, syn);
	if (bpf_map_delete_elem(&half_open, &s->key))
		return;
	s->fresh.half[1].last_ns = s->now_ns;
	rec = emit_reserve(s, &s->fresh, 0, ENDING_REFUSED);
	if (rec)
		bpf_ringbuf_submit(rec, emit_flags());
	else
		count(COUNTER_RECORDS_LOST, 1);
}

/*
 * A client's SYN waits, by itself, for its answer. Returns the connection that
 * it opened at once: with data, RFC 7413.
 */
static __always_inline struct conn *on_syn(struct __sk_buff *skb, struct scratch *s,
					   const struct conn *c)
{
	struct conn *opened;
	const struct packet *p = &s->packet;
	struct half_open *syn = bpf_map_lookup_elem(&half_open, &s->key);
	bool local = false;

	if (c && c->isn == p->seq)
		return NULL;
	if (syn && syn->isn == p->seq) {
		if (!follow_syn_again(syn, s->tap, s->now_ns))
			count(COUNTER_DUPLICATES, 1);
		return NULL;
	}
	syn = &s->embryo;
	follow_syn(syn, p, s->tap, s->now_ns);
	if (s->tap & 1)
		owner_of(skb, &syn->owner, &local);
	syn->local = local;
	if (!p->payload_bytes || c) {
		if (bpf_map_update_elem(&half_open, &s->key, syn, BPF_ANY))
			count(COUNTER_HALF_OPEN_FULL, 1);
		/* after its entry: the sweep walks the table when this moved */
		count(COUNTER_SYNS, 1);
		return NULL;
	}
	conn_prepare(s, syn);
	opened = conn_enter(s);
	if (opened)
		opened->half[0].ev.packets = 0;
	s->packet.seq++;
	return opened;
}

/*
 * The server's SYN-ACK opens the connection. One that was open under these
 * addresses ends with it: only an answered SYN proves a new one.
 */
static __always_inline struct conn *on_syn_ack(struct scratch *s, struct conn *c)
{
	const struct packet *p = &s->packet;
	struct half_open *syn = bpf_map_lookup_elem(&half_open, &s->key);

	if (syn && !follow_answers(syn, p))
		syn = NULL;
	if (c && !syn) {
		if (!follow_awaits(c, p)) {
			if (c->half[1].stream.tap != s->tap)
				count(COUNTER_DUPLICATES, 1);
			return NULL;
		}
	} else {
		if (c) {
			emit_end(s, c, ENDING_REUSED);
			if (!bpf_map_delete_elem(&conns, &s->key))
				count(COUNTER_RECORDS_LOST, 1);
		}
		conn_prepare(s, syn);
		if (!syn) {
			s->fresh.isn = p->ack - 1;
			stream_open(&s->fresh.half[0].stream, p->ack);
		}
		c = conn_enter(s);
		if (!c)
			return NULL;
	}
	stream_open(&c->half[1].stream, p->seq + 1);
	if (c->half[0].ev.packets)
		c->handshake_ns = s->now_ns - c->first_ns;
	return c;
}

/* Payload without a connection: it was under way, or its SYN-ACK unseen. */
static __always_inline struct conn *on_unknown(struct scratch *s)
{
	const struct packet *p = &s->packet;
	struct half_open *syn = bpf_map_lookup_elem(&half_open, &s->key);

	if (!p->payload_bytes)
		return NULL;
	if (syn && !s->server && follow_begins(syn, p)) {
		conn_prepare(s, syn);
		return conn_enter(s);
	}
	if (bpf_map_lookup_elem(&closed, &s->key))
		return NULL;
	conn_prepare(s, NULL);
	session_begin_midstream(&s->fresh);
	return conn_enter(s);
}

/* The connection that a packet belongs to, found or opened. */
static __always_inline struct conn *conn_for(struct __sk_buff *skb, struct scratch *s)
{
	const struct packet *p = &s->packet;
	struct conn *c = bpf_map_lookup_elem(&conns, &s->key);
	struct half_open *syn;

	if (p->flags & TCP_SYN) {
		if (p->flags & TCP_RST)
			return NULL;
		if (p->flags & TCP_ACK)
			return s->server ? on_syn_ack(s, c) : NULL;
		return s->server ? NULL : on_syn(skb, s, c);
	}
	if ((p->flags & TCP_RST) && s->server) {
		syn = bpf_map_lookup_elem(&half_open, &s->key);
		if (syn && follow_answers(syn, p)) {
			syn_refused(s, syn);
			return NULL;
		}
	}
	if (!c && !(p->flags & TCP_RST))
		c = on_unknown(s);
	return c;
}

/* An ICMP error for a SYN on its way to a mail port. */
static __always_inline void on_unreachable(struct scratch *s)
{
	struct half_open *syn = bpf_map_lookup_elem(&half_open, &s->key);

	if (syn && syn->isn == s->packet.seq)
		syn_refused(s, syn);
}

/* With both ports watched, only a connection that is known tells its server. */
static __always_inline void mail_orient(struct scratch *s)
{
	const struct packet *p = &s->packet;

	if ((p->flags & TCP_SYN) || !port_watched(p->source_port) || !port_watched(p->dest_port) ||
	    bpf_map_lookup_elem(&conns, &s->key))
		return;
	packet_key_swap(&s->key);
	s->server = !s->server;
}

/* A packet on a mail port: its headers and key are in the scratch. */
__noinline int mail(struct __sk_buff *skb)
{
	struct scratch *s = scratch_get();
	struct conn *c;

	if (!s)
		return 0;
	mail_orient(s);
	s->now_ns = bpf_ktime_get_ns();
	count(COUNTER_PACKETS, 1);
	c = conn_for(skb, s);
	if (c)
		conn_follow(skb, s, c);
	return 0;
}

/* Which end sent it, as its ports tell, and a SYN-ACK where both are watched. */
static __always_inline bool from_server(const struct packet *p)
{
	if (!port_watched(p->source_port))
		return false;
	return !port_watched(p->dest_port) ||
	       (p->flags & (TCP_SYN | TCP_ACK)) == (TCP_SYN | TCP_ACK);
}

/* Reads TCP's header and the key, at data or from a copy. False: lengths lie. */
static __always_inline bool mail_headers(struct scratch *s, const __u8 *data, const __u8 *end,
					 __u32 wire_bytes)
{
	if (packet_tcp(data, end, wire_bytes, &s->packet)) {
		count(COUNTER_MALFORMED, 1);
		return false;
	}
	s->server = from_server(&s->packet);
	return packet_key(data, end, &s->packet, s->server, &s->key);
}

/*
 * What filter() could not read in place: headers that are not linear, and ICMP
 * errors, which quote some.
 */
__noinline int mail_copied(struct __sk_buff *skb)
{
	struct scratch *s = scratch_get();
	/* 64 bits wide: a narrower one is tested in another register than used */
	__u64 wire_bytes = skb->len, bytes = wire_bytes;
	enum packet_kind kind;
	const __u8 *end;

	if (!s)
		return 0;
	if (bytes > PACKET_HEADERS_MAX)
		bytes = PACKET_HEADERS_MAX;
	__asm__ __volatile__("" : "+r"(bytes));
	if (bytes < IPV4_BYTES)
		return 0;
	if (bpf_skb_load_bytes(skb, 0, s->headers, bytes)) {
		count(COUNTER_LOAD_FAILED, 1);
		return 0;
	}
	end = s->headers + bytes;
	kind = packet_locate(s->headers, end, s->ethernet, &s->packet);
	if (kind == PACKET_ICMP && !packet_quoted(s->headers, end, &s->packet))
		return 0;
	if (kind != PACKET_TCP && kind != PACKET_ICMP) {
		if (kind != PACKET_OTHER)
			count(COUNTER_MALFORMED, 1);
		return 0;
	}
	if (!packet_ports(s->headers, end, &s->packet) ||
	    (!port_watched(s->packet.source_port) && !port_watched(s->packet.dest_port)))
		return 0;
	if (kind == PACKET_TCP)
		return mail_headers(s, s->headers, end, wire_bytes) && mail(skb);
	if (packet_key(s->headers, end, &s->packet, false, &s->key)) {
		s->now_ns = bpf_ktime_get_ns();
		on_unreachable(s);
	}
	return 0;
}

#endif
