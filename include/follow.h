/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a packet does to its connection, wherever the connection is kept. */
#ifndef SMTPSCOPE_FOLLOW_H
#define SMTPSCOPE_FOLLOW_H

#include "session.h"

/* A closing connection that says no more: TIME-WAIT's length in Linux. */
#define FOLLOW_CLOSING_NS 60000000000ULL

/* A client's SYN that waits for its answer. The caller fills in the owner. */
static inline void follow_syn(struct half_open *syn, const struct packet *p, __u32 tap,
			      __u64 now_ns)
{
	__builtin_memset(syn, 0, sizeof(*syn));
	syn->first_ns = syn->last_ns = now_ns;
	syn->isn = p->seq;
	syn->tap = tap;
	syn->syns = 1;
}

/* The same SYN once more. False: it passes another device, and is not counted. */
static inline bool follow_syn_again(struct half_open *syn, __u32 tap, __u64 now_ns)
{
	if (syn->tap != tap)
		return false;
	syn->syns++;
	syn->last_ns = now_ns;
	return true;
}

/* The server's packet answers this SYN. */
static inline bool follow_answers(const struct half_open *syn, const struct packet *p)
{
	return syn->isn + 1 == p->ack;
}

/*
 * The client's payload goes on from this SYN, whose SYN-ACK was not seen; of its
 * first segments one may come before its turn.
 */
static inline bool follow_begins(const struct half_open *syn, const struct packet *p)
{
	return p->seq - syn->isn - 1 <= 65535;
}

/*
 * A SYN-ACK whose SYN is not known belongs to this connection, which data
 * opened: RFC 7413, the SYN's may be acknowledged with it.
 */
static inline bool follow_awaits(const struct conn *c, const struct packet *p)
{
	return !c->half[1].stream.open && p->ack - c->isn - 1 <= 65535;
}

/* The same packet passes several devices: one of them counts it. */
static inline bool follow_again(struct half *me, const struct packet *p, __u32 tap)
{
	__u32 stop = p->seq + p->payload_bytes + (p->flags & TCP_FIN ? 1 : 0);
	struct stream *st = &me->stream;

	if (st->tap == tap)
		return false;
	if (st->tap && st->open &&
	    (!seq_after(stop, st->next) || stream_kept(st, p->seq, p->payload_bytes)))
		return true;
	st->tap = tap;
	return false;
}

/* In ciphered traffic only counters move. */
static inline void follow_count(struct half *me, const struct packet *p)
{
	__u32 stop = p->seq + p->payload_bytes;

	if (!seq_after(stop, me->stream.next)) {
		me->ev.retransmits++;
		return;
	}
	me->ev.bytes += stop - me->stream.next;
	me->stream.next = stop;
}

/* A valid RST or a FIN; ENDING_OPEN: the connection goes on. */
static inline enum ending follow_end(struct half *me, const struct half *peer,
				     const struct packet *p)
{
	if (p->flags & TCP_RST) {
		me->ev.flags |= EV_RST;
		return ENDING_RST;
	}
	if (p->flags & TCP_FIN) {
		stream_fin(&me->stream, p->seq + p->payload_bytes);
		me->ev.flags |= EV_FIN;
	}
	if (peer->stream.fin_seen && stream_closed(&me->stream, &peer->stream) &&
	    stream_closed(&peer->stream, &me->stream))
		return ENDING_FIN;
	return ENDING_OPEN;
}

#endif
