/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A listening socket from text: HOST:PORT, [IPv6]:PORT or :PORT. */
#ifndef SMTPSCOPE_LISTEN_H
#define SMTPSCOPE_LISTEN_H

#include <stddef.h>

/* Room for a listen address as text, a name of RFC 1035 included. */
#define LISTEN_TEXT_MAX 264

/* What is wrong with the text, or NULL. Resolves nothing. */
const char *listen_problem(const char *text);

/* Returns a non-blocking socket that listens, or a negative errno; -ENXIO for
 * a host that has no address. :PORT is every address of both families.
 */
int listen_open(const char *text);

/* The address that the socket listens on. Returns buf. */
const char *listen_text(int fd, char *buf, size_t size);

#endif
