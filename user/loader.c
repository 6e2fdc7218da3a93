/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Loads the BPF object: knobs and map sizes down, counters up. */
#include "loader.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "smtpscope.skel.h"

struct loader {
	struct smtpscope_bpf *skel;
	__u64 swept;
	__u64 half_open;
	__u64 connections_max;
};

static char last_message[256];

const char *loader_why(void)
{
	return last_message;
}

/* libbpf's own lines are kept, not printed: whoever handles the error tells. */
__attribute__((format(printf, 2, 0))) static int keep_message(enum libbpf_print_level level,
							      const char *format, va_list args)
{
	char line[sizeof(last_message)];

	if (level != LIBBPF_WARN)
		return 0;
	vsnprintf(line, sizeof(line), format, args);
	line[strcspn(line, "\n")] = '\0';
	/* the verifier's log comes as one message: its first line says little */
	if (!strstr(line, "BEGIN PROG LOAD LOG"))
		snprintf(last_message, sizeof(last_message), "%s", line);
	return 0;
}

static void loader_knobs(struct smtpscope_bpf *skel, const struct config *config)
{
	for (unsigned int i = 0; i < config->ports_nr; i++) {
		__u16 port = config->ports[i].port;

		skel->rodata->port_set[port / 64] |= 1ULL << (port % 64);
		skel->rodata->port_numbers[i] = port;
		skel->rodata->port_roles[i] = config->ports[i].role;
	}
}

int loader_open(struct loader **out, const struct config *config, bool ip_devices)
{
	struct loader *loader;
	int err;

	libbpf_set_print(keep_message);
	last_message[0] = '\0';
	loader = calloc(1, sizeof(*loader));
	if (!loader)
		return -ENOMEM;
	loader->skel = smtpscope_bpf__open();
	if (!loader->skel) {
		err = -errno;
		goto out;
	}
	loader_knobs(loader->skel, config);
	bpf_map__set_max_entries(loader->skel->maps.conns, config->table_max);
	loader->connections_max = config->table_max;
	bpf_program__set_autoload(loader->skel->progs.ip_ingress, ip_devices);
	bpf_program__set_autoload(loader->skel->progs.ip_egress, ip_devices);
	err = smtpscope_bpf__load(loader->skel);
	if (err)
		goto out;
	*out = loader;
	return 0;
out:
	loader_close(loader);
	return err;
}

void loader_close(struct loader *loader)
{
	if (!loader)
		return;
	smtpscope_bpf__destroy(loader->skel);
	free(loader);
}

struct smtpscope_bpf *loader_skeleton(struct loader *loader)
{
	return loader->skel;
}

void loader_swept(struct loader *loader, __u64 connections)
{
	loader->swept += connections;
}

void loader_half_open(struct loader *loader, __u64 entries)
{
	loader->half_open = entries;
}

int loader_counters(const struct loader *loader, __u64 counters[COUNTER_NR])
{
	int fd = bpf_map__fd(loader->skel->maps.counters);
	int cpus = libbpf_num_possible_cpus(), err = 0;
	__u64 *values;

	if (cpus < 0)
		return cpus;
	values = calloc((size_t)cpus, sizeof(*values));
	if (!values)
		return -ENOMEM;
	for (__u32 id = 0; id < COUNTER_NR && !err; id++) {
		counters[id] = 0;
		if (bpf_map_lookup_elem(fd, &id, values))
			err = -errno;
		for (int cpu = 0; cpu < cpus; cpu++)
			counters[id] += values[cpu];
	}
	counters[COUNTER_CLOSED] += loader->swept;
	free(values);
	return err;
}

static bool stats_timed(void)
{
	FILE *f = fopen("/proc/sys/kernel/bpf_stats_enabled", "re");
	int c = f ? fgetc(f) : '0';

	if (f)
		fclose(f);
	return c == '1';
}

static void stats_programs(const struct loader *loader, struct kernel_stats *stats)
{
	const unsigned int max = sizeof(stats->programs) / sizeof(stats->programs[0]);
	struct bpf_program *prog;

	stats->programs_nr = 0;
	bpf_object__for_each_program (prog, loader->skel->obj) {
		struct bpf_prog_info info = { 0 };
		__u32 bytes = sizeof(info);
		unsigned int i = stats->programs_nr;

		if (bpf_program__fd(prog) < 0 || i == max ||
		    bpf_obj_get_info_by_fd(bpf_program__fd(prog), &info, &bytes))
			continue;
		snprintf(stats->programs[i].name, sizeof(stats->programs[i].name), "%s",
			 bpf_program__name(prog));
		stats->programs[i].run_ns = info.run_time_ns;
		stats->programs[i].run_count = info.run_cnt;
		stats->programs_nr++;
	}
	stats->programs_timed = stats_timed();
}

int loader_stats(const struct loader *loader, struct kernel_stats *stats)
{
	int err = loader_counters(loader, stats->counters);

	if (err)
		return err;
	stats->connections = stats->counters[COUNTER_OPENED] - stats->counters[COUNTER_CLOSED];
	stats->connections_max = loader->connections_max;
	stats->half_open = loader->half_open;
	stats->half_open_max = bpf_map__max_entries(loader->skel->maps.half_open);
	stats_programs(loader, stats);
	return 0;
}
