/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The contract's structs, as both compilers see them: names, offsets, sizes. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <string.h>

#include <cmocka.h>

#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "session.h"

#include "smtpscope.skel.h"

struct member {
	const char *name;
	size_t offset;
	size_t size;
};

#define M(type, member)                                                                    \
	{                                                                                  \
#member, offsetof(struct type, member), sizeof(((struct type *)0)->member) \
	}

static const struct member record_members[] = {
	M(record, abi),		 M(record, ending),   M(record, role),	   M(record, fresh),
	M(record, id),		 M(record, sequence), M(record, first_ns), M(record, last_ns),
	M(record, handshake_ns), M(record, key),      M(record, ifindex),  M(record, midstream),
	M(record, egress),	 M(record, sni_len),  M(record, owner),	   M(record, client),
	M(record, server),	 M(record, sni),
};

static const struct member evidence_members[] = {
	M(evidence, bytes),
	M(evidence, gap_bytes),
	M(evidence, uninspected_bytes),
	M(evidence, packets),
	M(evidence, retransmits),
	M(evidence, flags),
	M(evidence, findings),
	M(evidence, commands),
	M(evidence, mails),
	M(evidence, rcpts),
	M(evidence, auths),
	M(evidence, auth_mechanism),
	M(evidence, starttls_verb),
	M(evidence, mails_accepted),
	M(evidence, mails_refused),
	M(evidence, rcpts_accepted),
	M(evidence, messages_accepted),
	M(evidence, replies),
	M(evidence, notable),
	M(evidence, greeting_code),
	M(evidence, last_code),
	M(evidence, starttls_code),
	M(evidence, auth_code),
	M(evidence, tls_version),
	M(evidence, tls_cipher),
	M(evidence, alert_level),
	M(evidence, alert_desc),
	M(evidence, pad),
};

static const struct member owner_members[] = {
	M(owner, pid),
	M(owner, uid),
	M(owner, cgroup_id),
	M(owner, comm),
};

static const struct member key_members[] = {
	M(conn_key, client),	       M(conn_key, server), M(conn_key, client_port_be16),
	M(conn_key, server_port_be16), M(conn_key, pad),
};

/* Userspace reads the tables too. */
static const struct member conn_members[] = {
	M(conn, id),   M(conn, first_ns),  M(conn, handshake_ns), M(conn, ifindex),
	M(conn, role), M(conn, midstream), M(conn, egress),	  M(conn, ending),
	M(conn, isn),  M(conn, asked),	   M(conn, pad0),	  M(conn, owner),
	M(conn, half), M(conn, queue),	   M(conn, sni_len),	  M(conn, pad),
	M(conn, sni),
};

static const struct member half_members[] = {
	M(half, stream),  M(half, parser), M(half, ev),
	M(half, last_ns), M(half, told),   M(half, pad),
};

static const struct member half_open_members[] = {
	M(half_open, first_ns), M(half_open, last_ns), M(half_open, isn),   M(half_open, tap),
	M(half_open, syns),	M(half_open, local),   M(half_open, owner),
};

static const struct member held_key_members[] = {
	M(held_key, id),
	M(held_key, server),
	M(held_key, slot),
};

#define S(type, members)                                                                    \
	{                                                                                   \
#type, sizeof(struct type), members, sizeof(members) / sizeof((members)[0]) \
	}

static const struct shape {
	const char *name;
	size_t size;
	const struct member *members;
	size_t members_nr;
} shapes[] = {
	/* records and keys: all of their bytes count */
	S(evidence, evidence_members), S(owner, owner_members), S(conn_key, key_members),
	S(held_key, held_key_members),
#define WITHOUT_HOLES 4
	S(conn, conn_members),	       S(half, half_members),	S(half_open, half_open_members),
};

static const struct shape record_shape = S(record, record_members);

static const struct shape readers[] = {
	{ "stream", sizeof(struct stream), NULL, 0 },
	{ "stream_slot", sizeof(struct stream_slot), NULL, 0 },
	{ "parser", sizeof(struct parser), NULL, 0 },
	{ "tls", sizeof(struct tls), NULL, 0 },
	{ "held", sizeof(struct held), NULL, 0 },
};

static struct smtpscope_bpf *skel;
static const struct btf *btf;

static int setup(void **state)
{
	(void)state;
	skel = smtpscope_bpf__open();
	btf = skel ? bpf_object__btf(skel->obj) : NULL;
	return btf ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	smtpscope_bpf__destroy(skel);
	return 0;
}

static const struct btf_type *find(const char *name, __u32 kind)
{
	int id = btf__find_by_name_kind(btf, name, kind);

	if (id < 0)
		fail_msg("the object knows no %s", name);
	return btf__type_by_id(btf, (__u32)id);
}

/* Every member in its order, and none that the other side does not know. */
static void check_shape(const struct shape *shape)
{
	const struct btf_type *type = find(shape->name, BTF_KIND_STRUCT);

	assert_int_equal(type->size, shape->size);
	assert_int_equal(btf_vlen(type), shape->members_nr);
	for (size_t m = 0; m < shape->members_nr; m++) {
		const struct btf_member *member = &btf_members(type)[m];

		assert_string_equal(btf__name_by_offset(btf, member->name_off),
				    shape->members[m].name);
		assert_int_equal(member->offset, shape->members[m].offset * 8);
		assert_int_equal(btf__resolve_size(btf, member->type), shape->members[m].size);
	}
}

static void the_record_is_the_same(void **state)
{
	(void)state;
	check_shape(&record_shape);
}

static void tables_and_parts_are_the_same(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++)
		check_shape(&shapes[i]);
}

static void readers_have_the_same_size(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(readers) / sizeof(readers[0]); i++)
		assert_int_equal(find(readers[i].name, BTF_KIND_STRUCT)->size, readers[i].size);
}

/* A hole is a byte that nobody has zeroed. */
static void check_holes(const struct shape *shape)
{
	size_t at = 0;

	for (size_t m = 0; m < shape->members_nr; m++) {
		assert_int_equal(shape->members[m].offset, at);
		at += shape->members[m].size;
	}
	assert_int_equal(shape->size, at);
}

static void records_and_keys_have_no_holes(void **state)
{
	(void)state;
	check_holes(&record_shape);
	for (size_t i = 0; i < WITHOUT_HOLES; i++)
		check_holes(&shapes[i]);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_record_is_the_same),
		cmocka_unit_test(tables_and_parts_are_the_same),
		cmocka_unit_test(readers_have_the_same_size),
		cmocka_unit_test(records_and_keys_have_no_holes),
	};

	return cmocka_run_group_tests_name("contract", tests, setup, teardown);
}
