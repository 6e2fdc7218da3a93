/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Records out of the kernel: the ring buffer, and the sweep of the tables. */
#include "events.h"

#include <assert.h>
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "follow.h"

#include "smtpscope.skel.h"

#define NS_PER_S 1000000000ULL
/* Entries a system call brings; a connection has about 1 kB. */
#define BATCH 64

struct events {
	struct ring_buffer *ring;
	struct loader *loader;
	events_fn *fn;
	void *ctx;
	const struct config *config;
	__u64 idle_ns;
	__u64 syn_ns;
	__u64 sequence;
	__u64 syns;	    /* COUNTER_SYNS at the last walk of the half-open table */
	__u64 syns_waiting; /* entries that it found */
	/* one batch of a table's entries */
	struct conn_key keys[BATCH];
	union {
		struct conn conns[BATCH];
		struct half_open half_open[BATCH];
	};
};

/* Called with each entry of a table, which it may take out. */
typedef void visit_fn(struct events *events, const struct conn_key *key, const void *value,
		      __u64 now_ns);

static int on_record(void *ctx, void *data, size_t bytes)
{
	struct events *e = ctx;
	const struct record *rec = data;

	/* nobody else writes to this ring */
	assert(bytes >= sizeof(*rec) && rec->abi == RECORD_ABI);
	e->fn(e->ctx, rec);
	return 0;
}

int events_open(struct events **out, struct loader *loader, const struct config *config,
		events_fn *fn, void *ctx)
{
	struct smtpscope_bpf *skel = loader_skeleton(loader);
	struct events *e = calloc(1, sizeof(*e));

	if (!e)
		return -ENOMEM;
	e->loader = loader;
	e->fn = fn;
	e->ctx = ctx;
	e->config = config;
	e->idle_ns = config->idle_seconds * NS_PER_S;
	e->syn_ns = config->syn_seconds * NS_PER_S;
	e->ring = ring_buffer__new(bpf_map__fd(skel->maps.events), on_record, e, NULL);
	if (!e->ring) {
		int err = -errno;

		free(e);
		return err;
	}
	*out = e;
	return 0;
}

void events_close(struct events *events)
{
	if (!events)
		return;
	ring_buffer__free(events->ring);
	free(events);
}

int events_fd(const struct events *events)
{
	return ring_buffer__epoll_fd(events->ring);
}

int events_poll(struct events *events)
{
	int n = ring_buffer__consume(events->ring);

	return n < 0 ? n : 0;
}

/*
 * A table's entries, batch by batch. The kernel says ENOENT with the last one,
 * and ENOSPC for a bucket that is longer than a batch, which ends the walk
 * until the next one.
 */
static int walk(struct events *e, int fd, size_t value_bytes, visit_fn *visit, __u64 now_ns,
		__u64 *entries)
{
	__u64 at = 0, seen = 0;
	void *from = NULL;
	int err;

	do {
		__u32 n = BATCH;

		err = bpf_map_lookup_batch(fd, from, &at, e->keys, e->conns, &n, NULL);
		if (err && errno != ENOENT)
			return -errno;
		for (__u32 i = 0; i < n; i++)
			visit(e, &e->keys[i], (const char *)e->conns + i * value_bytes, now_ns);
		seen += n;
		from = &at;
	} while (!err);
	if (entries)
		*entries = seen;
	return 0;
}

/* Hands on a connection that is no more in the table. */
static void deliver(struct events *e, const struct conn_key *key, const struct conn *c, __u8 ending)
{
	struct record rec = { 0 };

	session_report(c, &rec);
	rec.key = *key;
	rec.ending = ending;
	rec.fresh = session_findings(c) & ~(c->half[0].told | c->half[1].told);
	rec.sequence = (RECORD_CPUS - 1ULL) << RECORD_CPU_SHIFT | e->sequence++;
	e->fn(e->ctx, &rec);
}

static void forget_held(struct events *e, const struct conn *c)
{
	int fd = bpf_map__fd(loader_skeleton(e->loader)->maps.held);

	for (__u32 i = 0; i < 2 * STREAM_SLOTS; i++) {
		struct held_key key = { c->id, i / STREAM_SLOTS, i % STREAM_SLOTS };

		if (c->half[key.server].stream.stored >> key.slot & 1)
			bpf_map_delete_elem(fd, &key);
	}
}

/* Taking it out is the claim: the kernel side may do so at the same time. */
static void end_conn(struct events *e, const struct conn_key *key, const struct conn *c,
		     __u8 ending)
{
	int fd = bpf_map__fd(loader_skeleton(e->loader)->maps.conns);

	if (bpf_map_delete_elem(fd, key))
		return;
	loader_swept(e->loader, 1);
	forget_held(e, c);
	deliver(e, key, c, ending);
}

static void sweep_conn(struct events *e, const struct conn_key *key, const void *value,
		       __u64 now_ns)
{
	const struct conn *c = value;
	const __u32 flags = c->half[0].ev.flags | c->half[1].ev.flags;
	__u64 last = c->half[0].last_ns > c->half[1].last_ns ? c->half[0].last_ns :
							       c->half[1].last_ns;

	if (c->ending)
		end_conn(e, key, c, c->ending);
	else if (now_ns > last + e->idle_ns)
		end_conn(e, key, c, ENDING_IDLE);
	else if ((flags & EV_FIN) && now_ns > last + FOLLOW_CLOSING_NS)
		end_conn(e, key, c, ENDING_FIN);
}

static void sweep_syn(struct events *e, const struct conn_key *key, const void *value, __u64 now_ns)
{
	int fd = bpf_map__fd(loader_skeleton(e->loader)->maps.half_open);
	const struct half_open *syn = value;
	struct conn c = { 0 };

	if (now_ns <= syn->last_ns + e->syn_ns || bpf_map_delete_elem(fd, key))
		return;
	session_begin_syn(&c, syn);
	c.role = config_role(e->config, be16toh(key->server_port_be16));
	deliver(e, key, &c, ENDING_UNANSWERED);
}

static void stop_conn(struct events *e, const struct conn_key *key, const void *value, __u64 now_ns)
{
	const struct conn *c = value;

	(void)now_ns;
	end_conn(e, key, c, c->ending ? c->ending : ENDING_STOPPED);
}

static int sweep_syns(struct events *events, __u64 syns, __u64 now_ns)
{
	int fd = bpf_map__fd(loader_skeleton(events->loader)->maps.half_open);
	int err;

	if (!events->syns_waiting && events->syns == syns)
		return 0;
	err = walk(events, fd, sizeof(struct half_open), sweep_syn, now_ns, &events->syns_waiting);
	if (err)
		return err;
	events->syns = syns;
	loader_half_open(events->loader, events->syns_waiting);
	return 0;
}

/* An empty table is not walked: its buckets alone would take a millisecond. */
int events_sweep(struct events *events, __u64 now_ns)
{
	int fd = bpf_map__fd(loader_skeleton(events->loader)->maps.conns);
	__u64 counters[COUNTER_NR];
	int err;

	err = loader_counters(events->loader, counters);
	if (!err && counters[COUNTER_OPENED] != counters[COUNTER_CLOSED])
		err = walk(events, fd, sizeof(struct conn), sweep_conn, now_ns, NULL);
	return err ? err : sweep_syns(events, counters[COUNTER_SYNS], now_ns);
}

int events_flush(struct events *events)
{
	struct smtpscope_bpf *skel = loader_skeleton(events->loader);
	int err = events_poll(events);

	if (err)
		return err;
	return walk(events, bpf_map__fd(skel->maps.conns), sizeof(struct conn), stop_conn, 0, NULL);
}
