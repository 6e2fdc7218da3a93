/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A capture's connections: entered, told at their ends, expired. */
#include "conns.h"

#include <endian.h>
#include <stdlib.h>

#include "follow.h"

#define NS_PER_S 1000000000ULL

/* As the kernel side's. */
#define SYNS_MAX 16384
#define CLOSED_MAX 16384

/* One that has seen a FIN is forgotten earlier. */
enum list { LIST_OPEN, LIST_CLOSING };

static __u8 role_of(const struct conns *conns, const struct conn_key *key)
{
	return conns->roles[be16toh(key->server_port_be16)];
}

/* Verbs that are SMTP's alone; what is none of the configuration's ports needs one. */
static bool is_ours(const struct conns *conns, const struct conn_key *key, const struct conn *c)
{
	const struct evidence *client = &c->half[0].ev;

	return role_of(conns, key) || (client->flags & (EV_EHLO | EV_HELO)) || client->mails;
}

static void tell(struct conns *conns, const struct conn_key *key, const struct conn *c, __u32 fresh,
		 enum ending ending)
{
	struct record rec = { 0 };

	if (!is_ours(conns, key, c))
		return;
	session_report(c, &rec);
	rec.key = *key;
	/* no device of this machine saw it */
	rec.ifindex = 0;
	rec.egress = 0;
	rec.ending = ending;
	rec.fresh = fresh;
	rec.sequence = conns->records++;
	conns->fn(conns->ctx, &rec);
}

static void end_conn(struct conns *conns, struct conns_conn *conn, enum ending ending)
{
	const struct conn *c = &conn->conn;

	conns->counters[COUNTER_CLOSED]++;
	tell(conns, &conn->entry.key, c, session_findings(c) & ~(c->half[0].told | c->half[1].told),
	     ending);
	conns_drop(conns, conn);
}

static void forget_closed(struct conns *conns, struct table_entry *entry)
{
	table_remove(&conns->closed, entry);
	free(entry);
}

static void enter_closed(struct conns *conns, const struct conn_key *key)
{
	struct table_entry *entry = table_find(&conns->closed, key);

	if (entry) {
		table_touch(&conns->closed, entry, 0);
		return;
	}
	if (table_count(&conns->closed) == CLOSED_MAX)
		forget_closed(conns, table_oldest(&conns->closed, 0));
	entry = malloc(sizeof(*entry));
	if (entry && table_enter(&conns->closed, entry, key))
		free(entry);
}

void conns_begin(struct conns *conns, const struct config *config, flow_fn *fn, void *ctx)
{
	*conns = (struct conns){
		.fn = fn,
		.ctx = ctx,
		.open_max = config->table_max,
		.idle_ns = config->idle_seconds * NS_PER_S,
		.syn_ns = config->syn_seconds * NS_PER_S,
		.any_port = config->any_port,
	};
	conns->segments.counters = conns->counters;
	for (unsigned int i = 0; i < config->ports_nr; i++)
		conns->roles[config->ports[i].port] = 1 + config->ports[i].role;
}

struct conns_conn *conns_find(const struct conns *conns, const struct conn_key *key)
{
	return (struct conns_conn *)table_find(&conns->open, key);
}

struct conns_syn *conns_find_syn(const struct conns *conns, const struct conn_key *key)
{
	return (struct conns_syn *)table_find(&conns->syns, key);
}

bool conns_closed(const struct conns *conns, const struct conn_key *key)
{
	return table_find(&conns->closed, key);
}

static __u8 begin_role(const struct conns *conns, const struct conn_key *key)
{
	__u8 role = role_of(conns, key);

	return role ? role - 1 : ROLE_RELAY;
}

struct conns_conn *conns_enter(struct conns *conns, const struct conn_key *key, __u64 now_ns)
{
	struct conns_syn *syn = conns_find_syn(conns, key);
	bool full = table_count(&conns->open) >= conns->open_max;
	struct conns_conn *conn = full ? NULL : calloc(1, sizeof(*conn));

	if (conn && !table_enter(&conns->open, &conn->entry, key)) {
		conn->conn.id = ++conns->ids;
		conn->conn.role = begin_role(conns, key);
		session_begin(&conn->conn, now_ns);
		if (syn)
			session_begin_syn(&conn->conn, &syn->half_open);
		conns->counters[COUNTER_OPENED]++;
	} else {
		conns->counters[COUNTER_TABLE_FULL]++;
		free(conn);
		conn = NULL;
	}
	if (syn)
		conns_forget_syn(conns, syn);
	return conn;
}

void conns_touch(struct conns *conns, struct conns_conn *conn)
{
	const struct half *half = conn->conn.half;
	bool closing = (half[0].ev.flags | half[1].ev.flags) & EV_FIN;

	table_touch(&conns->open, &conn->entry, closing ? LIST_CLOSING : LIST_OPEN);
}

void conns_tell(struct conns *conns, struct conns_conn *conn, struct half *half)
{
	__u32 fresh = half->ev.findings & ~half->told;

	if (!fresh || !is_ours(conns, &conn->entry.key, &conn->conn))
		return;
	half->told |= fresh;
	tell(conns, &conn->entry.key, &conn->conn, fresh, ENDING_OPEN);
}

void conns_close(struct conns *conns, struct conns_conn *conn, enum ending ending)
{
	enter_closed(conns, &conn->entry.key);
	end_conn(conns, conn, ending);
}

void conns_drop(struct conns *conns, struct conns_conn *conn)
{
	table_remove(&conns->open, &conn->entry);
	segment_forget(&conns->segments, &conn->kept);
	free(conn);
}

struct conns_syn *conns_enter_syn(struct conns *conns, const struct conn_key *key)
{
	struct conns_syn *syn = conns_find_syn(conns, key);

	conns->counters[COUNTER_SYNS]++;
	if (syn) {
		table_touch(&conns->syns, &syn->entry, 0);
		return syn;
	}
	if (table_count(&conns->syns) == SYNS_MAX)
		conns_end_syn(conns, (struct conns_syn *)table_oldest(&conns->syns, 0), 0,
			      ENDING_UNANSWERED);
	syn = malloc(sizeof(*syn));
	if (syn && !table_enter(&conns->syns, &syn->entry, key))
		return syn;
	conns->counters[COUNTER_HALF_OPEN_FULL]++;
	free(syn);
	return NULL;
}

void conns_forget_syn(struct conns *conns, struct conns_syn *syn)
{
	table_remove(&conns->syns, &syn->entry);
	free(syn);
}

void conns_end_syn(struct conns *conns, struct conns_syn *syn, __u64 answer_ns, enum ending ending)
{
	struct conn c = { .id = ++conns->ids, .role = begin_role(conns, &syn->entry.key) };

	session_begin_syn(&c, &syn->half_open);
	c.half[1].last_ns = answer_ns;
	tell(conns, &syn->entry.key, &c, 0, ending);
	conns_forget_syn(conns, syn);
}

static __u64 last_ns(const struct conns_conn *conn)
{
	const struct half *half = conn->conn.half;

	return half[0].last_ns > half[1].last_ns ? half[0].last_ns : half[1].last_ns;
}

static void sweep_list(struct conns *conns, enum list list, __u64 after_ns, enum ending ending)
{
	struct conns_conn *conn;

	while ((conn = (struct conns_conn *)table_oldest(&conns->open, list)) &&
	       conns->swept_ns > last_ns(conn) + after_ns)
		end_conn(conns, conn, ending);
}

void conns_sweep(struct conns *conns, __u64 now_ns)
{
	bool idle_first = conns->idle_ns < FOLLOW_CLOSING_NS;
	struct conns_syn *syn;

	/* once a second; a clock that was set back sweeps too */
	if (now_ns - conns->swept_ns < NS_PER_S)
		return;
	conns->swept_ns = now_ns;
	sweep_list(conns, LIST_OPEN, conns->idle_ns, ENDING_IDLE);
	sweep_list(conns, LIST_CLOSING, idle_first ? conns->idle_ns : FOLLOW_CLOSING_NS,
		   idle_first ? ENDING_IDLE : ENDING_FIN);
	while ((syn = (struct conns_syn *)table_oldest(&conns->syns, 0)) &&
	       now_ns > syn->half_open.last_ns + conns->syn_ns)
		conns_end_syn(conns, syn, 0, ENDING_UNANSWERED);
}

void conns_flush(struct conns *conns)
{
	struct table_entry *entry;

	for (enum list list = LIST_OPEN; list <= LIST_CLOSING; list++)
		while ((entry = table_oldest(&conns->open, list)))
			end_conn(conns, (struct conns_conn *)entry, ENDING_EOF);
	while ((entry = table_oldest(&conns->syns, 0)))
		conns_end_syn(conns, (struct conns_syn *)entry, 0, ENDING_UNANSWERED);
	while ((entry = table_oldest(&conns->closed, 0)))
		forget_closed(conns, entry);
	conns->swept_ns = 0;
}
