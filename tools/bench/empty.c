/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The empty program on a device, where smtpscope's would be. */
#include "empty.h"

#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <net/if.h>

#include "bench.skel.h"

/* kernel 6.6, commit e420bed02507: newer than Debian 12's linux/bpf.h */
#define ATTACH_TCX_INGRESS ((enum bpf_attach_type)46)
#define ATTACH_TCX_EGRESS ((enum bpf_attach_type)47)

static const enum bpf_tc_attach_point points[] = { BPF_TC_INGRESS, BPF_TC_EGRESS };

/* The qdisc stays, and goes with the lab's device. */
static int attach_clsact(int prog, int ifindex)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = ifindex,
		    .attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS);
	int error = bpf_tc_hook_create(&hook);

	if (error == -EEXIST)
		error = 0;
	for (int i = 0; i < 2 && !error; i++) {
		LIBBPF_OPTS(bpf_tc_opts, opts, .prog_fd = prog, .handle = 1, .priority = 1);

		hook.attach_point = points[i];
		error = bpf_tc_attach(&hook, &opts);
	}
	return error;
}

static void detach_clsact(int ifindex)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = ifindex);

	for (int i = 0; i < 2; i++) {
		LIBBPF_OPTS(bpf_tc_opts, opts, .handle = 1, .priority = 1);

		hook.attach_point = points[i];
		bpf_tc_detach(&hook, &opts);
	}
}

/* Links end with the process; a filter does not. */
static int attach(int prog, int ifindex, bool *clsact)
{
	*clsact = false;
	if (bpf_link_create(prog, ifindex, ATTACH_TCX_INGRESS, NULL) >= 0)
		return bpf_link_create(prog, ifindex, ATTACH_TCX_EGRESS, NULL) < 0 ? -errno : 0;
	if (errno != EINVAL)
		return -errno;
	*clsact = true;
	return attach_clsact(prog, ifindex);
}

int empty_hold(const char *device)
{
	int ifindex = device ? (int)if_nametoindex(device) : 0, signal;
	struct bench_bpf *skel;
	bool clsact = false;
	sigset_t ends;

	/* this lasts as long as the descriptor, so nothing is left switched on */
	if (bpf_enable_stats(BPF_STATS_RUN_TIME) < 0)
		err(1, "run-time statistics");
	sigemptyset(&ends);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGTERM);
	sigprocmask(SIG_BLOCK, &ends, NULL);
	if (device) {
		if (!ifindex)
			err(1, "%s", device);
		skel = bench_bpf__open_and_load();
		if (!skel || attach(bpf_program__fd(skel->progs.empty), ifindex, &clsact))
			err(1, "%s", device);
	}
	puts("ready");
	fflush(stdout);
	sigwait(&ends, &signal);
	if (clsact)
		detach_clsact(ifindex);
	return 0;
}
