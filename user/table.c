/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Connections by their addresses, and in the order in which they were seen. */
#include "table.h"

#include <errno.h>
#include <utlist.h>

struct table_entry *table_find(const struct table *table, const struct conn_key *key)
{
	struct table_entry *entry;

	HASH_FIND(hh, table->hash, key, sizeof(*key), entry);
	return entry;
}

unsigned int table_count(const struct table *table)
{
	return HASH_COUNT(table->hash);
}

int table_enter(struct table *table, struct table_entry *entry, const struct conn_key *key)
{
	entry->key = *key;
	entry->list = 0;
	HASH_ADD(hh, table->hash, key, sizeof(entry->key), entry);
	if (!entry->hh.tbl)
		return -ENOMEM;
	DL_APPEND(table->lists[0], entry);
	return 0;
}

void table_remove(struct table *table, struct table_entry *entry)
{
	HASH_DEL(table->hash, entry);
	DL_DELETE(table->lists[entry->list], entry);
}

void table_touch(struct table *table, struct table_entry *entry, unsigned int list)
{
	DL_DELETE(table->lists[entry->list], entry);
	entry->list = list;
	DL_APPEND(table->lists[list], entry);
}

struct table_entry *table_oldest(const struct table *table, unsigned int list)
{
	return table->lists[list];
}
