/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Can this machine and this process run the kernel side? One probe a feature. */
#include "probe.h"

#include <cap-ng.h>
#include <errno.h>
#include <mntent.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <bpf/libbpf.h>

/* cgroup sock_addr programs may use socket storage from 5.10 on. */
#define KERNEL_MAJOR 5
#define KERNEL_MINOR 10

static bool probe_version(char *why, size_t bytes)
{
	struct utsname name;
	int major = 0, minor = 0;

	uname(&name);
	sscanf(name.release, "%d.%d", &major, &minor);
	snprintf(why, bytes, "kernel %s", name.release);
	if (major > KERNEL_MAJOR || (major == KERNEL_MAJOR && minor >= KERNEL_MINOR))
		return true;
	snprintf(why, bytes,
		 "kernel %s is too old: smtpscope needs %d.%d or newer, "
		 "boot a newer kernel",
		 name.release, KERNEL_MAJOR, KERNEL_MINOR);
	return false;
}

/* kernel 5.4, commit 341dfcf8d78e: BTF of the kernel itself */
static bool probe_btf(char *why, size_t bytes)
{
	if (!access("/sys/kernel/btf/vmlinux", R_OK))
		return true;
	snprintf(why, bytes,
		 "/sys/kernel/btf/vmlinux: %s: boot a kernel built with "
		 "CONFIG_DEBUG_INFO_BTF=y, as those of all distributions are",
		 strerror(errno));
	return false;
}

/* CAP_SYS_ADMIN stands for those that were split from it in 5.8. */
static bool capable(unsigned int capability)
{
	capng_get_caps_process();
	return capng_have_capability(CAPNG_EFFECTIVE, capability) ||
	       ((capability == CAP_BPF || capability == CAP_PERFMON) &&
		capng_have_capability(CAPNG_EFFECTIVE, CAP_SYS_ADMIN));
}

/* Without privileges the kernel does not say: that is told by another probe. */
static bool probe_map(enum bpf_map_type type, const char *what, char *why, size_t bytes)
{
	if (!capable(CAP_BPF)) {
		snprintf(why, bytes, "not known without privileges");
		return true;
	}
	if (libbpf_probe_bpf_map_type(type, NULL) == 1)
		return true;
	snprintf(why, bytes,
		 "this kernel has no %s: boot one built with CONFIG_BPF_SYSCALL=y, 5.10 or newer",
		 what);
	return false;
}

/* kernel 5.8, commit 457f44363a88 */
static bool probe_ringbuf(char *why, size_t bytes)
{
	return probe_map(BPF_MAP_TYPE_RINGBUF, "BPF ring buffer", why, bytes);
}

/* kernel 5.2, commit 6ac99e8f23d4 */
static bool probe_storage(char *why, size_t bytes)
{
	return probe_map(BPF_MAP_TYPE_SK_STORAGE, "BPF socket storage", why, bytes);
}

static bool probe_capability(const char *name, unsigned int capability, const char *use, char *why,
			     size_t bytes)
{
	if (capable(capability))
		return true;
	snprintf(why, bytes,
		 "%s is missing, needed to %s: run it with sudo, or once: sudo "
		 "setcap cap_bpf,cap_net_admin,cap_perfmon=ep $(which smtpscope)",
		 name, use);
	return false;
}

static bool probe_bpf(char *why, size_t bytes)
{
	return probe_capability("CAP_BPF", CAP_BPF, "load BPF programs", why, bytes);
}

static bool probe_net_admin(char *why, size_t bytes)
{
	return probe_capability("CAP_NET_ADMIN", CAP_NET_ADMIN, "attach to network devices", why,
				bytes);
}

static bool probe_perfmon(char *why, size_t bytes)
{
	return probe_capability("CAP_PERFMON", CAP_PERFMON, "read the process behind a socket", why,
				bytes);
}

static bool probe_cgroup(char *why, size_t bytes)
{
	FILE *mounts = setmntent("/proc/self/mounts", "re");
	struct mntent *m;
	bool found = false;

	while (mounts && !found && (m = getmntent(mounts)))
		found = !strcmp(m->mnt_type, "cgroup2");
	if (mounts)
		endmntent(mounts);
	if (!found)
		snprintf(why, bytes,
			 "no cgroup v2 is mounted, so no process is named: "
			 "mount -t cgroup2 none /sys/fs/cgroup/unified");
	return found;
}

static bool probe_stats(char *why, size_t bytes)
{
	FILE *f = fopen("/proc/sys/kernel/bpf_stats_enabled", "re");
	int c = f ? fgetc(f) : EOF;

	if (f)
		fclose(f);
	if (c == '1')
		return true;
	snprintf(why, bytes,
		 "off, so metrics tell no run time of the programs: "
		 "sysctl kernel.bpf_stats_enabled=1");
	return false;
}

const struct probe probes[] = {
	{ "kernel version", PROBE_KERNEL, probe_version },
	{ "kernel BTF", PROBE_KERNEL, probe_btf },
	{ "ring buffer", PROBE_KERNEL, probe_ringbuf },
	{ "socket storage", PROBE_KERNEL, probe_storage },
	{ "CAP_BPF", PROBE_PRIVILEGE, probe_bpf },
	{ "CAP_NET_ADMIN", PROBE_PRIVILEGE, probe_net_admin },
	{ "CAP_PERFMON", PROBE_PRIVILEGE, probe_perfmon },
	{ "cgroup v2", PROBE_OPTIONAL, probe_cgroup },
	{ "program statistics", PROBE_OPTIONAL, probe_stats },
};

const size_t probes_nr = sizeof(probes) / sizeof(probes[0]);

int probe_check(enum probe_need need, char *why, size_t bytes)
{
	char text[PROBE_WHY_MAX];

	for (size_t i = 0; i < probes_nr; i++) {
		text[0] = '\0';
		if (probes[i].need != need || probes[i].test(text, sizeof(text)))
			continue;
		snprintf(why, bytes, "%s", text);
		return -ENOTSUP;
	}
	return 0;
}
