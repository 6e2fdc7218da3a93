/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The empty program on a device, where smtpscope's would be. */
#ifndef SMTPSCOPE_EMPTY_H
#define SMTPSCOPE_EMPTY_H

/*
 * Has the kernel time programs, and puts the empty program on the device, if
 * there is one, until the process is killed. Says "ready" on stdout.
 */
int empty_hold(const char *device);

#endif
