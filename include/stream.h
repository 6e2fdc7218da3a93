/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One direction of TCP: new bytes, retransmission, overlap, gap, wrap. */
#ifndef SMTPSCOPE_STREAM_H
#define SMTPSCOPE_STREAM_H

#include <linux/types.h>
#include <stdbool.h>

/*
 * Segments that came before their turn are kept, each run of adjacent ones in
 * a slot of its own, which takes more until it holds 4 kB. 4 slots are a 16 kB
 * window a direction, more than SMTP's commands, replies and TLS hellos ever
 * have in flight; larger segments are message bodies.
 */
#define STREAM_SLOTS 4
#define STREAM_SLOT_FULL 4096
#define STREAM_HOLD_MAX 2048
#define STREAM_SLOT_BYTES (STREAM_SLOT_FULL + STREAM_HOLD_MAX)

struct stream_slot {
	__u32 seq;
	__u32 bytes; /* 0: free */
};

/* Sequence numbers are in host byte order and wrap (RFC 9293 3.4). */
struct stream {
	__u32 next;    /* the next new byte's */
	__u32 acked;   /* highest that this direction acknowledged of the other */
	__u32 fin;     /* of the FIN; valid with fin_seen */
	__u32 tap;     /* where the packets are counted: ifindex * 2 + egress */
	__u8 open;     /* next is valid */
	__u8 ack_seen; /* acked is valid */
	__u8 fin_seen;
	__u8 stored; /* a bit for each slot that was ever kept */
	struct stream_slot slots[STREAM_SLOTS];
};

/* A segment's payload; bytes 0: there is none, or it was dealt with. */
struct stream_segment {
	__u32 seq;
	__u32 bytes;
};

enum stream_verdict {
	STREAM_OLD,  /* nothing new: a retransmission, a keep-alive */
	STREAM_READ, /* call stream_next until STREAM_DONE */
	STREAM_HOLD, /* out of order: keep it, then call stream_hold */
	STREAM_FULL, /* out of order and not to be kept: as STREAM_READ */
};

enum stream_event {
	STREAM_DONE,
	STREAM_SLOT,	/* read take.bytes from take.at on of take.slot */
	STREAM_SEGMENT, /* read take.bytes from take.at on of the segment */
	STREAM_GAP,	/* take.bytes were never seen */
};

struct stream_take {
	__u32 slot;
	__u32 at;
	__u32 bytes;
};

/* Serial arithmetic: a comes after b. */
static inline bool seq_after(__u32 a, __u32 b)
{
	return (__s32)(a - b) > 0;
}

static inline void stream_open(struct stream *s, __u32 next)
{
	s->next = next;
	s->open = 1;
}

/* A place for an early segment: behind a kept run, else in a free slot. */
static inline int stream_slot_for(const struct stream *s, __u32 seq, __u32 bytes)
{
	int free_slot = -1;

	if (bytes > STREAM_HOLD_MAX)
		return -1;
	for (int i = 0; i < STREAM_SLOTS; i++) {
		const struct stream_slot *slot = &s->slots[i];

		if (!slot->bytes) {
			free_slot = i;
			continue;
		}
		if (slot->seq + slot->bytes == seq && slot->bytes <= STREAM_SLOT_FULL)
			return i;
	}
	return free_slot;
}

/* True if a kept run covers the segment already. */
static inline bool stream_kept(const struct stream *s, __u32 seq, __u32 bytes)
{
	for (int i = 0; i < STREAM_SLOTS; i++) {
		const struct stream_slot *slot = &s->slots[i];

		if (slot->bytes && !seq_after(slot->seq, seq) &&
		    !seq_after(seq + bytes, slot->seq + slot->bytes))
			return true;
	}
	return false;
}

/*
 * Judges a segment with bytes > 0. The other side's acknowledgement tells that
 * a hole will never be filled: those bytes arrived, and passed us unseen.
 */
static inline enum stream_verdict stream_accept(struct stream *s, const struct stream *other,
						const struct stream_segment *seg,
						struct stream_take *take)
{
	int slot;

	if (!s->open)
		stream_open(s, seg->seq);
	if (!seq_after(seg->seq + seg->bytes, s->next))
		return STREAM_OLD;
	if (!seq_after(seg->seq, s->next))
		return STREAM_READ;
	if (stream_kept(s, seg->seq, seg->bytes))
		return STREAM_OLD;
	if (other->ack_seen && seq_after(other->acked, s->next))
		return STREAM_READ;
	slot = stream_slot_for(s, seg->seq, seg->bytes);
	if (slot < 0)
		return STREAM_FULL;
	take->slot = (__u32)slot & (STREAM_SLOTS - 1);
	take->at = s->slots[take->slot].bytes;
	take->bytes = seg->bytes;
	return STREAM_HOLD;
}

/* Enters the segment that was kept as take says. */
static inline void stream_hold(struct stream *s, struct stream_segment *seg,
			       const struct stream_take *take)
{
	struct stream_slot *slot = &s->slots[take->slot & (STREAM_SLOTS - 1)];

	if (!slot->bytes)
		slot->seq = seg->seq;
	slot->bytes += take->bytes;
	s->stored |= (__u8)(1 << take->slot);
	seg->bytes = 0;
}

/*
 * What to read next, in the order of the stream; it has advanced past that
 * when this returns. Overlaps keep the bytes that came first, as Linux does.
 */
static inline enum stream_event stream_next(struct stream *s, struct stream_segment *seg,
					    struct stream_take *take)
{
	__u32 target = seg->seq;
	__u32 stop = seg->seq + seg->bytes;

	for (__u32 i = 0; i < STREAM_SLOTS; i++) {
		struct stream_slot *slot = &s->slots[i];
		__u32 slot_stop = slot->seq + slot->bytes;

		if (!slot->bytes)
			continue;
		if (seq_after(slot->seq, s->next)) {
			if (seq_after(target, slot->seq))
				target = slot->seq;
			continue;
		}
		slot->bytes = 0;
		if (!seq_after(slot_stop, s->next))
			continue;
		take->slot = i;
		take->at = s->next - slot->seq;
		take->bytes = slot_stop - s->next;
		s->next = slot_stop;
		return STREAM_SLOT;
	}
	if (!seg->bytes)
		return STREAM_DONE;
	if (seq_after(target, s->next)) {
		take->bytes = target - s->next;
		s->next = target;
		return STREAM_GAP;
	}
	seg->bytes = 0;
	if (!seq_after(stop, s->next))
		return STREAM_DONE;
	take->at = s->next - seg->seq;
	take->bytes = stop - s->next;
	s->next = stop;
	return STREAM_SEGMENT;
}

/* Notes the highest acknowledgement. */
static inline void stream_acknowledge(struct stream *s, __u32 ack)
{
	if (!s->ack_seen || seq_after(ack, s->acked))
		s->acked = ack;
	s->ack_seen = 1;
}

/* A FIN takes one sequence number after its segment's bytes. */
static inline void stream_fin(struct stream *s, __u32 seq)
{
	s->fin = seq;
	s->fin_seen = 1;
}

/* All bytes up to the FIN were read, or the other side has them. */
static inline bool stream_closed(const struct stream *s, const struct stream *other)
{
	return s->fin_seen && (!seq_after(s->fin, s->next) ||
			       (other->ack_seen && seq_after(other->acked, s->fin)));
}

/*
 * RFC 5961 3.2: a reset counts at the next expected number alone; the window
 * is not known here, so one within 64 kB ahead is taken too.
 */
static inline bool stream_reset_valid(const struct stream *s, __u32 seq)
{
	return !s->open || seq - s->next <= 65535;
}

#endif
