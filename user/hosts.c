/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What each host did, in each role: a bounded table, totals that never shrink. */
#include "hosts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A host that cannot be entered is counted in `other`: no exit in the macros. */
#define HASH_NONFATAL_OOM 1
#include <uthash.h>
#include <utlist.h>

/* Address and role, side by side, are the key. */
#define HOST_KEY_LEN (sizeof(((struct host *)0)->address) + sizeof(enum host_role))

_Static_assert(__builtin_offsetof(struct host, address) == 0, "host key");
_Static_assert(__builtin_offsetof(struct host, role) == 16, "host key");

struct entry {
	struct host host; /* first: hosts_next goes from one to the other */
	struct entry *prev, *next;
	UT_hash_handle hh;
};

struct hosts {
	struct entry *table;
	struct entry *oldest; /* the list of all, by last_seen */
	unsigned int max;
	struct host_counts other[HOST_ROLE_NR];
	struct host_counts totals;
};

static __u64 mails_in_clear(const struct record *r)
{
	__u32 mails = r->client.mails, refused = r->server.mails_refused;

	return mails > refused ? mails - refused : 0;
}

/* One session's counts: everything else here is their sum. */
static void counts_of(struct host_counts *counts, const struct record *r, const struct verdict *v)
{
	__u32 server_flags = r->server.flags;

	*counts = (struct host_counts){
		.sessions = 1,
		.mails = mails_in_clear(r),
		.rcpts = r->server.rcpts_accepted,
		.auth_exposed = !!(r->client.flags & EV_SECRET),
		.starttls_offered = !!(server_flags & EV_OFFERED),
		.starttls_not_offered = (server_flags & (EV_OFFERED | EV_OFFER_KNOWN)) ==
					EV_OFFER_KNOWN,
		.starttls_requested = !!r->client.starttls_verb,
		.bytes = r->client.bytes + r->server.bytes,
	};
	if (v->outcome < OUTCOME_NR)
		counts->outcomes[v->outcome] = 1;
}

static void counts_add(struct host_counts *to, const struct host_counts *from)
{
	to->sessions += from->sessions;
	for (unsigned int i = 0; i < OUTCOME_NR; i++)
		to->outcomes[i] += from->outcomes[i];
	to->mails += from->mails;
	to->rcpts += from->rcpts;
	to->auth_exposed += from->auth_exposed;
	to->starttls_offered += from->starttls_offered;
	to->starttls_not_offered += from->starttls_not_offered;
	to->starttls_requested += from->starttls_requested;
	to->bytes += from->bytes;
}

static void hosts_fold(struct hosts *hosts, struct entry *entry)
{
	counts_add(&hosts->other[entry->host.role], &entry->host.counts);
	HASH_DEL(hosts->table, entry);
	DL_DELETE(hosts->oldest, entry);
	free(entry);
}

/* NULL when there is no room at all. */
static struct entry *hosts_enter(struct hosts *hosts, const struct host *key)
{
	struct entry *entry;

	if (!hosts->max)
		return NULL;
	if (HASH_COUNT(hosts->table) >= hosts->max)
		hosts_fold(hosts, hosts->oldest);
	entry = calloc(1, sizeof(*entry));
	if (!entry)
		return NULL;
	memcpy(&entry->host, key, HOST_KEY_LEN);
	HASH_ADD(hh, hosts->table, host, HOST_KEY_LEN, entry);
	if (!entry->hh.tbl) {
		free(entry);
		return NULL;
	}
	DL_APPEND(hosts->oldest, entry);
	return entry;
}

static void hosts_touch(struct hosts *hosts, const __u8 address[16], enum host_role role,
			__u64 now_ns, const struct host_counts *counts)
{
	struct host key = { .role = role };
	struct entry *entry;

	memcpy(key.address, address, sizeof(key.address));
	HASH_FIND(hh, hosts->table, &key, HOST_KEY_LEN, entry);
	if (entry) {
		DL_DELETE(hosts->oldest, entry);
		DL_APPEND(hosts->oldest, entry);
	} else {
		entry = hosts_enter(hosts, &key);
	}
	if (!entry) {
		counts_add(&hosts->other[role], counts);
		return;
	}
	entry->host.last_ns = now_ns;
	counts_add(&entry->host.counts, counts);
}

int hosts_open(struct hosts **out, unsigned int max)
{
	struct hosts *hosts = calloc(1, sizeof(*hosts));

	if (!hosts)
		return -ENOMEM;
	hosts->max = max;
	*out = hosts;
	return 0;
}

void hosts_close(struct hosts *hosts)
{
	struct entry *entry, *next;

	if (!hosts)
		return;
	HASH_CLEAR(hh, hosts->table);
	DL_FOREACH_SAFE(hosts->oldest, entry, next)
	free(entry);
	free(hosts);
}

void hosts_record(struct hosts *hosts, const struct record *r, const struct verdict *v)
{
	struct host_counts counts;

	counts_of(&counts, r, v);
	counts_add(&hosts->totals, &counts);
	hosts_touch(hosts, r->key.client, HOST_CLIENT, r->last_ns, &counts);
	hosts_touch(hosts, r->key.server, HOST_SERVER, r->last_ns, &counts);
}

unsigned int hosts_count(const struct hosts *hosts)
{
	return HASH_COUNT(hosts->table);
}

const struct host *hosts_next(const struct hosts *hosts, const struct host *host)
{
	const struct entry *entry = (const struct entry *)host;

	entry = entry ? entry->next : hosts->oldest;
	return entry ? &entry->host : NULL;
}

const struct host_counts *hosts_other(const struct hosts *hosts, enum host_role role)
{
	return &hosts->other[role];
}

const struct host_counts *hosts_totals(const struct hosts *hosts)
{
	return &hosts->totals;
}
