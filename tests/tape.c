/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Packets to a capture file, and what is read from one. */
#include "tape.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <pcap/pcap.h>

#define NS_PER_S 1000000000ULL
#define SNAP_MAX 262144
#define LINK_HEADER_MAX 24
/* 2026-01-01. */
#define BEGIN_NS (1767225600ULL * NS_PER_S)

void tape_begin(struct tape *t, int link)
{
	pcap_t *dead =
		pcap_open_dead_with_tstamp_precision(link, SNAP_MAX, PCAP_TSTAMP_PRECISION_NANO);
	int fd;

	*t = (struct tape){
		.path = "/tmp/smtpscope-tape-XXXXXX",
		.wire = { .version = 4, .client_port = 40000, .server_port = 25 },
		.link = link,
		.device = 3,
		.now_ns = BEGIN_NS,
		.step_ns = 1000000,
	};
	t->wire.raw = link != DLT_EN10MB;
	fd = mkstemp(t->path);
	assert(fd >= 0 && dead);
	t->dumper = pcap_dump_fopen(dead, fdopen(fd, "wb"));
	assert(t->dumper);
	pcap_close(dead);
}

void tape_packet(struct tape *t, const __u8 *bytes, size_t bytes_nr)
{
	struct pcap_pkthdr header = {
		.ts = { .tv_sec = (time_t)(t->now_ns / NS_PER_S),
			.tv_usec = (suseconds_t)(t->now_ns % NS_PER_S) },
		.caplen = (bpf_u_int32)bytes_nr,
		.len = (bpf_u_int32)bytes_nr,
	};

	if (t->snap_bytes && header.caplen > t->snap_bytes)
		header.caplen = t->snap_bytes;
	pcap_dump((u_char *)t->dumper, &header, bytes);
	t->now_ns += t->step_ns;
}

/* What stands before IP, as the capturing machine writes it. */
static size_t put_link(const struct tape *t, bool server, __u8 *out)
{
	__u16 ethertype = t->wire.version == 6 ? 0x86dd : 0x0800;
	__u32 family = t->wire.version == 6 ? 10 : 2;

	memset(out, 0, LINK_HEADER_MAX);
	switch (t->link) {
	case DLT_NULL: memcpy(out, &family, sizeof(family)); return sizeof(family);
	case DLT_LOOP: out[3] = (__u8)family; return sizeof(family);
	case DLT_LINUX_SLL:
		out[1] = server ? 0 : 4;
		out[14] = (__u8)(ethertype >> 8);
		out[15] = (__u8)ethertype;
		return 16;
	case DLT_LINUX_SLL2:
		out[0] = (__u8)(ethertype >> 8);
		out[1] = (__u8)ethertype;
		out[7] = t->device;
		out[10] = server ? 0 : 4;
		return 20;
	default: return 0;
	}
}

void tape_play(void *tape, const struct play_packet *packet)
{
	static __u8 bytes[LINK_HEADER_MAX + WIRE_MAX];
	struct tape *t = tape;
	size_t link = put_link(t, packet->server, bytes);

	tape_packet(t, bytes, link + wire_tcp(&t->wire, packet, bytes + link));
}

void tape_wait(struct tape *t, unsigned int seconds)
{
	const struct play_packet packet = { .flags = 0x10,
					    .payload = (const __u8 *)"x",
					    .bytes = 1 };
	struct wire mail = t->wire;

	t->now_ns += seconds * NS_PER_S;
	t->wire.server_port = 9;
	tape_play(t, &packet);
	t->wire = mail;
}

void tape_end(struct tape *t)
{
	int err = pcap_dump_flush(t->dumper);

	assert(!err);
	pcap_dump_close(t->dumper);
	t->dumper = NULL;
}

void tape_remove(const struct tape *t)
{
	unlink(t->path);
}

static void on_record(void *ctx, const struct record *record)
{
	struct told *told = ctx;

	assert(told->records_nr < TAPE_RECORDS_MAX);
	told->records[told->records_nr++] = *record;
}

void told_begin(struct told *told)
{
	static const struct config_port more[] = { { 2525, ROLE_RELAY },
						   { 10587, ROLE_SUBMISSION } };

	memset(told, 0, sizeof(*told));
	config_default(&told->config);
	for (size_t i = 0; i < sizeof(more) / sizeof(more[0]); i++)
		told->config.ports[told->config.ports_nr++] = more[i];
}

/* In memory of its own length: a byte read behind it is found. */
static void feed(struct flow *flow, struct flow_packet *packet)
{
	__u8 *copy = malloc(packet->captured);

	assert(copy || !packet->captured);
	memcpy(copy, packet->bytes, packet->captured);
	packet->bytes = copy;
	flow_packet(flow, packet);
	free(copy);
}

void tape_read(const struct tape *t, struct told *told)
{
	struct capture *capture;
	struct flow_packet packet;
	struct flow *flow;
	int err = flow_open(&flow, &told->config, on_record, told);

	assert(!err);
	told->records_nr = 0;
	told->why[0] = '\0';
	if (!capture_open(&capture, t->path, told->why)) {
		while (capture_next(capture, &packet, told->why) > 0)
			feed(flow, &packet);
		capture_close(capture);
	}
	flow_flush(flow);
	for (unsigned int i = 0; i < COUNTER_NR; i++)
		told->counters[i] = flow_counter(flow, i);
	flow_close(flow);
}

void tape_read_well(struct tape *t, struct told *told)
{
	unsigned int n = 0;

	tape_end(t);
	tape_read(t, told);
	tape_remove(t);
	assert(!told->why[0]);
	for (unsigned int i = 0; i < told->records_nr; i++)
		if (told->records[i].ending != ENDING_OPEN)
			told->records[n++] = told->records[i];
	told->records_nr = n;
}
