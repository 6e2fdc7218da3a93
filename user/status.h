/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The table of hosts and the summary, for SIGUSR1 and at exit. */
#ifndef SMTPSCOPE_STATUS_H
#define SMTPSCOPE_STATUS_H

#include <stdio.h>

struct hosts;
struct totals;

void status_print(FILE *out, const struct hosts *hosts, const struct totals *totals);

#endif
