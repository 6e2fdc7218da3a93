/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Records through the ring buffer; the table keeps what does not fit. */
#ifndef SMTPSCOPE_EMIT_BPF_H
#define SMTPSCOPE_EMIT_BPF_H

#include "maps.bpf.h"

/* Keeps the contract in the object's BTF, for a test to check. */
const struct record *record_type __attribute__((unused));

/*
 * The reader looks every 50 ms by itself; waking it for each record costs 7 to
 * 27 us a session in the mail's own path, so only the record that fills the
 * ring up to here does.
 */
#define WAKE_BYTES 8192

static __always_inline __u64 emit_flags(void)
{
	__u64 queued = bpf_ringbuf_query(&events, BPF_RB_AVAIL_DATA);

	return queued >= WAKE_BYTES && queued - sizeof(struct record) < WAKE_BYTES ?
		       BPF_RB_FORCE_WAKEUP :
		       BPF_RB_NO_WAKEUP;
}

/* A filled record, or NULL if the ring has no room. */
static __always_inline struct record *emit_reserve(struct scratch *s, const struct conn *c,
						   __u32 fresh, __u8 ending)
{
	struct record *rec = bpf_ringbuf_reserve(&events, sizeof(*rec), 0);

	if (!rec)
		return NULL;
	session_report(c, rec);
	rec->key = s->key;
	rec->ending = ending;
	rec->fresh = fresh;
	rec->sequence = (__u64)bpf_get_smp_processor_id() << RECORD_CPU_SHIFT | s->records++;
	return rec;
}

/* Tells the findings of one direction that were not told yet. */
static __always_inline void emit_findings(struct scratch *s, struct conn *c, struct half *me)
{
	__u32 fresh = me->ev.findings & ~me->told;
	struct record *rec;

	if (!fresh)
		return;
	rec = emit_reserve(s, c, fresh, ENDING_OPEN);
	if (!rec) {
		count(COUNTER_FINDINGS_LATE, 1);
		return;
	}
	me->told |= fresh;
	bpf_ringbuf_submit(rec, emit_flags());
}

/* Frees the early segments that were kept for a connection. */
static __always_inline void emit_forget(const struct conn *c)
{
	for (__u32 i = 0; i < 2 * STREAM_SLOTS; i++) {
		struct held_key key = { c->id, i / STREAM_SLOTS, i % STREAM_SLOTS };

		if (c->half[key.server].stream.stored >> key.slot & 1)
			bpf_map_delete_elem(&held, &key);
	}
}

/*
 * The connection is over. Taking it out of the table is the claim: of two
 * CPUs that see the end at once, one sends the record. With no room in the
 * ring it stays, marked, and userspace's sweep delivers it.
 */
static __noinline void emit_end(struct scratch *s, struct conn *c, __u8 ending)
{
	__u32 fresh = session_findings(c) & ~(c->half[0].told | c->half[1].told);
	struct record *rec;

	if (c->ending)
		ending = c->ending;
	if (c->half[0].stream.stored | c->half[1].stream.stored)
		emit_forget(c);
	rec = emit_reserve(s, c, fresh, ending);
	if (!rec) {
		c->ending = ending;
		count(COUNTER_RING_FULL, 1);
		return;
	}
	if (bpf_map_delete_elem(&conns, &s->key)) {
		/* the number was taken, and is given back: nobody got it */
		s->records--;
		bpf_ringbuf_discard(rec, BPF_RB_NO_WAKEUP);
		return;
	}
	bpf_ringbuf_submit(rec, emit_flags());
	count(COUNTER_CLOSED, 1);
	bpf_map_update_elem(&closed, &s->key, &s->now_ns, BPF_ANY);
}

#endif
