/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Maps and knobs of the kernel side, and what is counted in them. */
#ifndef SMTPSCOPE_MAPS_BPF_H
#define SMTPSCOPE_MAPS_BPF_H

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "session.h"

/* The loader sets the sizes that flags govern before load. */
#define CONNECTIONS_MAX 65536
#define HALF_OPEN_MAX 16384
#define CLOSED_MAX 16384
#define RING_BYTES (4 << 20)
/* Early segments are rare: 1,024 runs of 6 kB are 6 MB at the worst. */
#define HELD_MAX 1024

/* What one packet needs: BPF's stack has 512 bytes. */
struct scratch {
	__u8 headers[PACKET_HEADERS_MAX];
	struct packet packet;
	struct conn_key key;
	__u64 now_ns;
	__u64 ids;     /* connections opened by this CPU */
	__u64 records; /* sent by this CPU */
	__u32 pad;
	__u32 tap; /* ifindex * 2 + egress */
	__u32 ethernet;
	__u32 server; /* the packet's direction */
	struct work work;
	struct conn fresh;
	struct half_open embryo;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, CONNECTIONS_MAX);
	__type(key, struct conn_key);
	__type(value, struct conn);
} conns SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, HALF_OPEN_MAX);
	__type(key, struct conn_key);
	__type(value, struct half_open);
} half_open SEC(".maps");

/* Connections that ended just now: their stragglers open no new one. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, CLOSED_MAX);
	__type(key, struct conn_key);
	__type(value, __u64);
} closed SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, HELD_MAX);
	__type(key, struct held_key);
	__type(value, struct held);
} held SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct held);
} held_empty SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, RING_BYTES);
} events SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct scratch);
} scratches SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, COUNTER_NR);
	__type(key, __u32);
	__type(value, __u64);
} counters SEC(".maps");

/* The process behind a socket; a clone inherits its listener's. */
struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC | BPF_F_CLONE);
	__type(key, int);
	__type(value, struct owner);
} owners SEC(".maps");

#define PORTS_MAX 16
#define PORT_WORDS (65536 / 64)

/* Server ports in host byte order: a bit each, and their roles. */
const volatile __u64 port_set[PORT_WORDS] = { 0 };
const volatile __u16 port_numbers[PORTS_MAX] = { 0 };
const volatile __u8 port_roles[PORTS_MAX] = { 0 };

static __always_inline bool port_watched(__u16 port)
{
	return port_set[port / 64] >> (port % 64) & 1;
}

static __always_inline __u8 port_role(__u16 port)
{
	for (int i = 0; i < PORTS_MAX; i++)
		if (port_numbers[i] == port)
			return port_roles[i];
	return ROLE_RELAY;
}

static __always_inline struct scratch *scratch_get(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&scratches, &zero);
}

static __always_inline void count(__u32 counter, __u64 n)
{
	__u64 *value = bpf_map_lookup_elem(&counters, &counter);

	if (value)
		*value += n;
}

#endif
