/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The process behind a socket, written when it connects or binds. */
#ifndef SMTPSCOPE_OWNER_BPF_H
#define SMTPSCOPE_OWNER_BPF_H

#include <bpf/bpf_core_read.h>

#include "maps.bpf.h"

/* Those parts of the kernel's structs that are read, found by CO-RE. */
struct kuid {
	__u32 val;
};

struct cred {
	struct kuid uid;
} __attribute__((preserve_access_index));

struct kernfs_node {
	__u64 id;
} __attribute__((preserve_access_index));

struct cgroup {
	struct kernfs_node *kn;
} __attribute__((preserve_access_index));

struct css_set {
	struct cgroup *dfl_cgrp;
} __attribute__((preserve_access_index));

struct task_struct {
	int tgid;
	char comm[OWNER_COMM_MAX];
	const struct cred *real_cred;
	struct css_set *cgroups;
	struct task_struct *group_leader;
} __attribute__((preserve_access_index));

/*
 * bpf_get_current_pid_tgid and the like are refused to these program types
 * before 6.12; bpf_get_current_task is not.
 */
static __always_inline void owner_current(struct owner *owner)
{
	struct task_struct *task = (void *)bpf_get_current_task();

	owner->pid = BPF_CORE_READ(task, tgid);
	owner->uid = BPF_CORE_READ(task, real_cred, uid.val);
	owner->cgroup_id = BPF_CORE_READ(task, cgroups, dfl_cgrp, kn, id);
	BPF_CORE_READ_STR_INTO(&owner->comm, task, group_leader, comm);
}

static __always_inline void owner_remember(struct bpf_sock *sk)
{
	struct owner owner = {}, *kept;

	owner_current(&owner);
	kept = bpf_sk_storage_get(&owners, sk, &owner, BPF_SK_STORAGE_GET_F_CREATE);
	if (kept)
		*kept = owner;
	else
		count(COUNTER_OWNER_FAILED, 1);
}

/*
 * Only for a packet that leaves: on ingress skb->sk can be the sender's.
 * Returns true once a full socket answered, whether it has an owner or not.
 */
static __always_inline bool owner_of(struct __sk_buff *skb, struct owner *owner, bool *local)
{
	struct bpf_sock *sk = skb->sk;
	struct owner *kept;

	*local = false;
	if (!sk)
		return false;
	*local = true;
	sk = bpf_sk_fullsock(sk);
	if (!sk)
		return false;
	kept = bpf_sk_storage_get(&owners, sk, NULL, 0);
	if (kept)
		*owner = *kept;
	return true;
}

#endif
