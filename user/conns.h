/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A capture's connections: entered, told at their ends, expired. */
#ifndef SMTPSCOPE_CONNS_H
#define SMTPSCOPE_CONNS_H

#include "config.h"
#include "flow.h"
#include "segment.h"
#include "table.h"

/* An open connection. */
struct conns_conn {
	struct table_entry entry;
	struct conn conn;
	struct kept kept;
};

/* A SYN that was not answered yet. */
struct conns_syn {
	struct table_entry entry;
	struct half_open half_open;
};

/* Before the first use conns_begin. */
struct conns {
	struct table open;
	struct table syns;
	struct table closed; /* ended just now: their stragglers open no new one */
	flow_fn *fn;
	void *ctx;
	unsigned int open_max;
	__u64 idle_ns;
	__u64 syn_ns;
	__u64 swept_ns;
	__u64 ids;
	__u64 records;
	__u64 counters[COUNTER_NR];
	struct segments segments;
	bool any_port;	   /* what is SMTP is told, whatever its port */
	__u8 roles[65536]; /* of server ports: 1 + enum role; 0: none of the configuration's */
};

void conns_begin(struct conns *conns, const struct config *config, flow_fn *fn, void *ctx);

/* NULL: there is none. */
struct conns_conn *conns_find(const struct conns *conns, const struct conn_key *key);
struct conns_syn *conns_find_syn(const struct conns *conns, const struct conn_key *key);
bool conns_closed(const struct conns *conns, const struct conn_key *key);

/* A new connection; its SYN, which waits no more, begins it. NULL: no room. */
struct conns_conn *conns_enter(struct conns *conns, const struct conn_key *key, __u64 now_ns);
/* It has said something just now. */
void conns_touch(struct conns *conns, struct conns_conn *conn);
/* Findings of one direction that were not told yet. */
void conns_tell(struct conns *conns, struct conns_conn *conn, struct half *half);
/* A packet ended it. */
void conns_close(struct conns *conns, struct conns_conn *conn, enum ending ending);
/* It is none of ours after all. */
void conns_drop(struct conns *conns, struct conns_conn *conn);

/* The SYN that waits under this key, a new one if need be; NULL: no room. */
struct conns_syn *conns_enter_syn(struct conns *conns, const struct conn_key *key);
void conns_forget_syn(struct conns *conns, struct conns_syn *syn);
/* Nobody will answer it; answer_ns is the refusal's time, or 0. */
void conns_end_syn(struct conns *conns, struct conns_syn *syn, __u64 answer_ns, enum ending ending);

/* Ends what nobody else will end, and, at the end of a capture, everything. */
void conns_sweep(struct conns *conns, __u64 now_ns);
void conns_flush(struct conns *conns);

#endif
