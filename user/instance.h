/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One instance of a command at a time in each network namespace. */
#ifndef SMTPSCOPE_INSTANCE_H
#define SMTPSCOPE_INSTANCE_H

#include <sys/types.h>

/* Returns a descriptor: the lock is held until it is closed, or the process
 * ends, however it ends. Returns -EADDRINUSE if another holds it, and then
 * *other is that process, or 0 if it is out of sight.
 */
int instance_lock(const char *command, pid_t *other);

#endif
