/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* /metrics and the health of this process over HTTP, in the caller's loop. */
#ifndef SMTPSCOPE_HTTP_H
#define SMTPSCOPE_HTTP_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "exposition.h"

/* What the server asks its owner. */
struct http_calls {
	void *ctx;
	bool (*ready)(void *ctx);
	void (*metrics)(void *ctx, enum exposition_format format, FILE *out);
};

struct http;

/* Listens on an address as listen.h has it. The calls must outlive the server. */
int http_open(struct http **out, const char *address, const struct http_calls *calls);
void http_close(struct http *http);

/* An epoll descriptor: readable when http_run has something to do. */
int http_fd(const struct http *http);
/* After so many milliseconds http_run is due without it; -1: never. Both take
 * the time of a clock that is never set.
 */
int http_timeout_ms(const struct http *http, __u64 now_ms);
/* Does what can be done without waiting. */
void http_run(struct http *http, __u64 now_ms);

/* The address that it listens on, HOST:PORT. Returns buf. */
const char *http_address(const struct http *http, char *buf, size_t size);

#endif
