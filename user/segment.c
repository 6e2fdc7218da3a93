/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A segment's payload through the core, in userspace. */
#include "segment.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* As the kernel side's: 6 MB at the worst. */
#define KEPT_MAX 1024

/* Fills the source's next piece. */
static void piece_load(struct work *w, const struct kept *kept, const struct segment *seg,
		       __u32 bytes)
{
	const __u8 *from = seg->payload;
	__u32 size = seg->captured;

	if (w->source == STREAM_SLOT) {
		from = kept->slots[seg->server][w->take.slot]->bytes;
		size = STREAM_SLOT_BYTES;
	}
	assert(bytes <= PIECE_MAX && w->at <= size && bytes <= size - w->at);
	memcpy(w->reader.in.bytes, from + w->at, bytes);
}

/* Reads on, a line at most; false when it is done. */
static bool read_on(struct work *w, const struct kept *kept, const struct segment *seg)
{
	__u32 bytes;

	if (w->reader.in.pos >= w->reader.in.len) {
		if (!session_load(w, &bytes))
			return false;
		if (!bytes)
			return true;
		piece_load(w, kept, seg, bytes);
		session_loaded(w);
	}
	session_read(&w->reader);
	session_trim(w);
	return true;
}

/* All that can be read; what is left at the step limit is cut. */
static void read_all(struct work *w, const struct kept *kept, const struct segment *seg)
{
	for (int i = 0; i < SESSION_BATCH * SESSION_BATCHES_MAX; i++)
		if (!read_on(w, kept, seg))
			return;
	session_cut(w);
}

/* The end of the segment was not captured: it is a gap, then early ones go on. */
static void pass_uncaptured(struct work *w, const struct kept *kept, const struct segment *seg)
{
	__u32 stop = seg->seq + seg->bytes;

	if (seg->captured == seg->bytes || !seq_after(stop, w->stream.next))
		return;
	session_gap(w, stop - w->stream.next);
	w->stream.next = stop;
	read_all(w, kept, seg);
}

/* Keeps a segment that came before its turn; one that was cut is not kept. */
static bool segment_hold(struct segments *s, struct kept *kept, const struct segment *seg,
			 struct stream *stream)
{
	struct stream_take *take = &s->work.take;
	struct held **slot = &kept->slots[seg->server][take->slot];

	if (seg->captured < seg->bytes)
		return false;
	if (!*slot) {
		if (s->kept_nr == KEPT_MAX)
			return false;
		*slot = malloc(sizeof(**slot));
		if (!*slot)
			return false;
		s->kept_nr++;
	}
	assert(take->at <= STREAM_SLOT_FULL && take->bytes <= STREAM_HOLD_MAX);
	memcpy((*slot)->bytes + take->at, seg->payload, take->bytes);
	stream_hold(stream, &s->work.segment, take);
	s->counters[COUNTER_REORDERED]++;
	return true;
}

static void free_slot(struct segments *s, struct held **slot)
{
	if (!*slot)
		return;
	free(*slot);
	*slot = NULL;
	s->kept_nr--;
}

static void count_work(struct segments *s)
{
	s->counters[COUNTER_GAPS] += s->work.gaps;
	s->counters[COUNTER_STEPS] += s->work.cut;
	s->counters[COUNTER_QUEUE_FULL] += s->work.reader.queue_full;
}

void segment_read(struct segments *s, struct conn *c, struct kept *kept, const struct segment *seg)
{
	struct half *me = &c->half[seg->server], *peer = &c->half[!seg->server];
	struct work *w = &s->work;

	w->segment = (struct stream_segment){ seg->seq, seg->bytes };
	switch (stream_accept(&me->stream, &peer->stream, &w->segment, &w->take)) {
	case STREAM_OLD: me->ev.retransmits++; return;
	case STREAM_HOLD:
		if (segment_hold(s, kept, seg, &me->stream))
			return;
		/* fallthrough */
	case STREAM_FULL: s->counters[COUNTER_REORDER_FULL]++; break;
	default: break;
	}
	w->segment.bytes = seg->captured;
	session_enter(w, c, seg->server);
	read_all(w, kept, seg);
	pass_uncaptured(w, kept, seg);
	session_leave(w, c);
	count_work(s);
	for (unsigned int i = 0; i < STREAM_SLOTS; i++)
		if (!me->stream.slots[i].bytes)
			free_slot(s, &kept->slots[seg->server][i]);
}

void segment_forget(struct segments *s, struct kept *kept)
{
	for (unsigned int i = 0; i < 2 * STREAM_SLOTS; i++)
		free_slot(s, &kept->slots[i / STREAM_SLOTS][i % STREAM_SLOTS]);
}
