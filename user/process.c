/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What this process itself costs, as Prometheus wants it told. */
#include "process.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_SECOND 1000000000ULL

/* proc(5): size and resident, in pages. */
static int read_memory(struct process_stats *stats)
{
	__u64 page = sysconf(_SC_PAGESIZE);
	unsigned long long size, resident;
	FILE *file = fopen("/proc/self/statm", "re");
	int fields;

	if (!file)
		return -errno;
	fields = fscanf(file, "%llu %llu", &size, &resident);
	fclose(file);
	if (fields != 2)
		return -EIO;
	stats->virtual_bytes = size * page;
	stats->resident_bytes = resident * page;
	return 0;
}

static int read_open_fds(struct process_stats *stats)
{
	DIR *dir = opendir("/proc/self/fd");
	const struct dirent *entry;
	__u64 nr = 0;

	if (!dir)
		return -errno;
	while ((entry = readdir(dir)))
		nr += entry->d_name[0] != '.';
	closedir(dir);
	stats->open_fds = nr - 1; /* not the directory's own */
	return 0;
}

int process_read(struct process_stats *stats)
{
	struct process_stats new = { .start_ns = stats->start_ns };
	struct rlimit limit;
	struct timespec cpu;
	int err;

	err = read_memory(&new);
	if (!err)
		err = read_open_fds(&new);
	if (err)
		return err;
	if (getrlimit(RLIMIT_NOFILE, &limit) || clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu))
		return -errno;
	new.max_fds = limit.rlim_cur;
	new.cpu_ns = cpu.tv_sec *NS_PER_SECOND + cpu.tv_nsec;
	*stats = new;
	return 0;
}
