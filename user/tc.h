/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The one question to tc that libbpf does not ask: are there other filters? */
#ifndef SMTPSCOPE_TC_H
#define SMTPSCOPE_TC_H

#include <stdbool.h>

/* True if the device's clsact qdisc surely holds no filter. */
bool tc_clsact_unused(unsigned int ifindex);

#endif
