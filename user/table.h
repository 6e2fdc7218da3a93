/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Connections by their addresses, and in the order in which they were seen. */
#ifndef SMTPSCOPE_TABLE_H
#define SMTPSCOPE_TABLE_H

#include <linux/types.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#include "record.h"

/* Each list has its own order, and so its own time of expiry. */
#define TABLE_LISTS 2

/* The head of what is kept: it stands first there. */
struct table_entry {
	struct conn_key key;
	unsigned int list;
	struct table_entry *prev, *next;
	UT_hash_handle hh;
};

/* Empty when zero. */
struct table {
	struct table_entry *hash;
	struct table_entry *lists[TABLE_LISTS]; /* the oldest first */
};

struct table_entry *table_find(const struct table *table, const struct conn_key *key);
unsigned int table_count(const struct table *table);

/* The key must be new. 0, or -ENOMEM. */
int table_enter(struct table *table, struct table_entry *entry, const struct conn_key *key);
void table_remove(struct table *table, struct table_entry *entry);

/* The youngest of a list from now on. */
void table_touch(struct table *table, struct table_entry *entry, unsigned int list);
/* NULL: the list is empty. */
struct table_entry *table_oldest(const struct table *table, unsigned int list);

#endif
