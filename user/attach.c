/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Attaches the programs: TCX or clsact on devices, cgroup root for owners. */
#include "attach.h"

#include <errno.h>
#include <fcntl.h>
#include <mntent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "tc.h"

#include "smtpscope.skel.h"

/* kernel 6.6, commit e420bed02507: newer than Debian 12's linux/bpf.h */
#define ATTACH_TCX_INGRESS ((enum bpf_attach_type)46)
#define ATTACH_TCX_EGRESS ((enum bpf_attach_type)47)

/* Behind the filters that people number by hand, before the kernel's own. */
#define CLSACT_PRIORITY 49000

enum { INGRESS, EGRESS, HOOKS_NR };

static const enum bpf_attach_type tcx_types[HOOKS_NR] = { ATTACH_TCX_INGRESS, ATTACH_TCX_EGRESS };
static const enum bpf_tc_attach_point clsact_points[HOOKS_NR] = { BPF_TC_INGRESS, BPF_TC_EGRESS };

struct attached {
	struct device device;
	int links[HOOKS_NR]; /* TCX */
	bool filters[HOOKS_NR];
	bool qdisc_made;
};

#define OWNER_LINKS 4

struct attach {
	enum attach_mode mode;
	__u32 who;
	struct bpf_link *owners[OWNER_LINKS];
	unsigned int devices_nr;
	struct attached devices[];
};

static int attach_tcx(struct attached *a, const int *progs)
{
	for (int i = 0; i < HOOKS_NR; i++) {
		a->links[i] = bpf_link_create(progs[i], (int)a->device.ifindex, tcx_types[i], NULL);
		if (a->links[i] < 0)
			return -errno;
	}
	return 0;
}

static int attach_clsact(struct attached *a, const int *progs, __u32 who)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)a->device.ifindex,
		    .attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS);
	int err = bpf_tc_hook_create(&hook);

	if (err && err != -EEXIST)
		return err;
	a->qdisc_made = !err;
	for (int i = 0; i < HOOKS_NR; i++) {
		/* a killed instance's filter is replaced */
		LIBBPF_OPTS(bpf_tc_opts, opts, .prog_fd = progs[i], .flags = BPF_TC_F_REPLACE,
			    .handle = who, .priority = CLSACT_PRIORITY);

		hook.attach_point = clsact_points[i];
		err = bpf_tc_attach(&hook, &opts);
		if (err)
			return err;
		a->filters[i] = true;
	}
	return 0;
}

static void detach_device(struct attached *a, __u32 who)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)a->device.ifindex);

	for (int i = 0; i < HOOKS_NR; i++) {
		if (a->links[i] >= 0)
			close(a->links[i]);
		a->links[i] = -1;
		if (!a->filters[i])
			continue;
		LIBBPF_OPTS(bpf_tc_opts, opts, .handle = who, .priority = CLSACT_PRIORITY);

		hook.attach_point = clsact_points[i];
		bpf_tc_detach(&hook, &opts);
		a->filters[i] = false;
	}
	if (a->qdisc_made && tc_clsact_unused(a->device.ifindex)) {
		hook.attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS;
		bpf_tc_hook_destroy(&hook);
	}
	a->qdisc_made = false;
}

static int attach_device(struct attach *attach, struct attached *a, struct smtpscope_bpf *skel)
{
	struct bpf_program *in = a->device.ethernet ? skel->progs.ether_ingress :
						      skel->progs.ip_ingress;
	struct bpf_program *out = a->device.ethernet ? skel->progs.ether_egress :
						       skel->progs.ip_egress;
	const int progs[HOOKS_NR] = { bpf_program__fd(in), bpf_program__fd(out) };
	int err;

	if (attach->mode != ATTACH_CLSACT) {
		err = attach_tcx(a, progs);
		/* EINVAL: a kernel before 6.6 */
		if (err != -EINVAL || attach->mode == ATTACH_TCX) {
			attach->mode = err ? attach->mode : ATTACH_TCX;
			return err;
		}
		detach_device(a, attach->who);
		attach->mode = ATTACH_CLSACT;
	}
	return attach_clsact(a, progs, attach->who);
}

/* The cgroup v2 root, with hybrid v1 too; -1: there is none. */
static int cgroup_root(void)
{
	FILE *mounts = setmntent("/proc/self/mounts", "re");
	struct mntent *m;
	int fd = -1;

	if (!mounts)
		return -1;
	while (fd < 0 && (m = getmntent(mounts)))
		if (!strcmp(m->mnt_type, "cgroup2"))
			fd = open(m->mnt_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	endmntent(mounts);
	return fd;
}

/* Owners are a help, not a need: a session without one is told without. */
static void attach_cgroup(struct attach *attach, struct smtpscope_bpf *skel)
{
	struct bpf_program *progs[OWNER_LINKS] = { skel->progs.connect4, skel->progs.connect6,
						   skel->progs.post_bind4, skel->progs.post_bind6 };
	int fd = cgroup_root();

	if (fd < 0)
		return;
	for (int i = 0; i < OWNER_LINKS; i++)
		attach->owners[i] = bpf_program__attach_cgroup(progs[i], fd);
	close(fd);
}

int attach_open(struct attach **out, struct loader *loader, enum attach_mode mode, __u32 who,
		const struct device *devices, unsigned int devices_nr, const char **failed)
{
	struct smtpscope_bpf *skel = loader_skeleton(loader);
	struct attach *attach;
	int err;

	attach = calloc(1, sizeof(*attach) + devices_nr * sizeof(*attach->devices));
	if (!attach)
		return -ENOMEM;
	attach->mode = mode;
	attach->who = who;
	attach_cgroup(attach, skel);
	for (unsigned int i = 0; i < devices_nr; i++) {
		struct attached *a = &attach->devices[i];

		a->device = devices[i];
		a->links[INGRESS] = a->links[EGRESS] = -1;
		attach->devices_nr++;
		err = attach_device(attach, a, skel);
		if (err) {
			*failed = devices[i].name;
			attach_close(attach);
			return err;
		}
	}
	*out = attach;
	return 0;
}

void attach_close(struct attach *attach)
{
	if (!attach)
		return;
	for (unsigned int i = 0; i < attach->devices_nr; i++)
		detach_device(&attach->devices[i], attach->who);
	for (int i = 0; i < OWNER_LINKS; i++)
		bpf_link__destroy(attach->owners[i]);
	free(attach);
}

const char *attach_name(const struct attach *attach)
{
	return attach->mode == ATTACH_CLSACT ? "clsact" : "tcx";
}

bool attach_owners(const struct attach *attach)
{
	for (int i = 0; i < OWNER_LINKS; i++)
		if (!attach->owners[i])
			return false;
	return true;
}
