/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The real programs, fed one packet at a time by BPF_PROG_TEST_RUN. */
#include "kernel.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "events.h"
#include "loader.h"

#include "smtpscope.skel.h"

#define TC_ACT_UNSPEC 0xffffffffU
#define NS_PER_S 1000000000ULL
#define CLIENT_PORT_MIN 20000

static void on_record(void *ctx, const struct record *record)
{
	struct kernel *k = ctx;

	k->records[k->records_nr++ % KERNEL_RECORDS_MAX] = *record;
}

int kernel_open(struct kernel **out)
{
	static const struct config_port more[] = { { 2525, ROLE_RELAY },
						   { 10587, ROLE_SUBMISSION } };
	struct kernel *k = calloc(1, sizeof(*k));
	int err;

	assert(k);
	config_default(&k->config);
	for (size_t i = 0; i < sizeof(more) / sizeof(more[0]); i++)
		k->config.ports[k->config.ports_nr++] = more[i];
	k->config.table_max = 1024;
	k->last_port = CLIENT_PORT_MIN;
	err = loader_open(&k->loader, &k->config, true);
	if (!err)
		err = events_open(&k->events, k->loader, &k->config, on_record, k);
	if (err) {
		fprintf(stderr, "programs do not load: %s: %s\n", strerror(-err), loader_why());
		kernel_close(k);
		return err;
	}
	*out = k;
	return 0;
}

void kernel_close(struct kernel *k)
{
	events_close(k->events);
	loader_close(k->loader);
	free(k);
}

struct kernel_path kernel_connect(struct kernel *k, __u8 version, __u16 server_port)
{
	if (++k->last_port < CLIENT_PORT_MIN)
		k->last_port = CLIENT_PORT_MIN;
	return (struct kernel_path){
		.kernel = k,
		.wire = { .version = version,
			  .client_port = k->last_port,
			  .server_port = server_port },
	};
}

void kernel_packet(struct kernel *k, bool raw, bool egress, const __u8 *packet, size_t bytes)
{
	struct smtpscope_bpf *skel = loader_skeleton(k->loader);
	const struct bpf_program *programs[2][2] = {
		{ skel->progs.ether_ingress, skel->progs.ether_egress },
		{ skel->progs.ip_ingress, skel->progs.ip_egress },
	};
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = packet, .data_size_in = (__u32)bytes);
	int err = bpf_prog_test_run_opts(bpf_program__fd(programs[raw][egress]), &opts);

	if (err || opts.retval != TC_ACT_UNSPEC) {
		fprintf(stderr, "test run of %zu bytes: %s, returned %u\n", bytes, strerror(-err),
			opts.retval);
		abort();
	}
}

void kernel_play(void *ctx, const struct play_packet *packet)
{
	const struct kernel_path *path = ctx;
	__u8 bytes[WIRE_MAX];
	size_t n = wire_tcp(&path->wire, packet, bytes);

	kernel_packet(path->kernel, path->wire.raw, packet->server == path->server_here, bytes, n);
}

void kernel_forget(struct kernel *k)
{
	k->records_nr = 0;
}

void kernel_poll(struct kernel *k)
{
	int err = events_poll(k->events);

	assert(!err);
}

void kernel_flush(struct kernel *k)
{
	int err = events_flush(k->events);

	assert(!err);
}

void kernel_sweep(struct kernel *k, unsigned int seconds)
{
	struct timespec now;
	int err;

	clock_gettime(CLOCK_MONOTONIC, &now);
	kernel_poll(k);
	err = events_sweep(k->events, (now.tv_sec + seconds) * NS_PER_S + now.tv_nsec);
	assert(!err);
}

static bool map_empty(const struct bpf_map *map)
{
	struct conn_key key; /* the longest of the keys */

	return bpf_map_get_next_key(bpf_map__fd(map), NULL, &key) == -ENOENT;
}

bool kernel_empty(struct kernel *k)
{
	struct smtpscope_bpf *skel = loader_skeleton(k->loader);

	return map_empty(skel->maps.conns) && map_empty(skel->maps.held) &&
	       map_empty(skel->maps.half_open);
}

__u64 kernel_counter(struct kernel *k, enum counter counter)
{
	struct kernel_stats stats;
	int err = loader_stats(k->loader, &stats);

	assert(!err);
	return stats.counters[counter];
}
