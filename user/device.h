/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Network devices: which of them to watch, and how their packets begin. */
#ifndef SMTPSCOPE_DEVICE_H
#define SMTPSCOPE_DEVICE_H

#include <net/if.h>
#include <stdbool.h>

#include "config.h"

#define DEVICES_MAX 256

struct device {
	unsigned int ifindex;
	char name[IF_NAMESIZE];
	bool ethernet; /* else packets begin with their IP header */
};

/*
 * Selects devices as the configuration asks; found has DEVICES_MAX entries.
 * Returns their number, or -ENODEV with *missing naming a device that is not
 * there or whose link type cannot be read, or another negative errno.
 */
int device_select(const struct config *config, struct device *found, const char **missing);

#endif
