/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Attaches the programs: TCX or clsact on devices, cgroup root for owners. */
#ifndef SMTPSCOPE_ATTACH_H
#define SMTPSCOPE_ATTACH_H

#include "device.h"
#include "loader.h"

struct attach;

/*
 * Attaches to every device, or to none. who is the slot in clsact's list: two
 * that differ do not replace each other. On error *failed names the device.
 */
int attach_open(struct attach **out, struct loader *loader, enum attach_mode mode, __u32 who,
		const struct device *devices, unsigned int devices_nr, const char **failed);

/* Detaches everything; removes a clsact qdisc only if we made it and it is unused. */
void attach_close(struct attach *attach);

/* "tcx" or "clsact". */
const char *attach_name(const struct attach *attach);

/* False: no cgroup v2 mount was found, and sessions have no owner. */
bool attach_owners(const struct attach *attach);

#endif
