/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Loads the BPF object: knobs and map sizes down, counters up. */
#ifndef SMTPSCOPE_LOADER_H
#define SMTPSCOPE_LOADER_H

#include <stdbool.h>

#include "config.h"
#include "kernel_stats.h"

struct smtpscope_bpf;
struct loader;

/*
 * Loads maps and programs; those for devices without Ethernet only if asked,
 * since each costs the kernel's verifier some 50 ms. On error *out is untouched
 * and loader_why tells more.
 */
int loader_open(struct loader **out, const struct config *config, bool ip_devices);
void loader_close(struct loader *loader);

/* What libbpf said last, or an empty string. */
const char *loader_why(void);

struct smtpscope_bpf *loader_skeleton(struct loader *loader);

/* Connections that userspace took out of the table itself. */
void loader_swept(struct loader *loader, __u64 connections);
void loader_half_open(struct loader *loader, __u64 entries);

/* By enum counter, those of all CPUs and what was swept. */
int loader_counters(const struct loader *loader, __u64 counters[COUNTER_NR]);

int loader_stats(const struct loader *loader, struct kernel_stats *stats);

#endif
