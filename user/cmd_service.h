/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The loop of run and watch: records in, lines and numbers out, until a signal. */
#ifndef SMTPSCOPE_CMD_SERVICE_H
#define SMTPSCOPE_CMD_SERVICE_H

#include "attach.h"
#include "config.h"
#include "device.h"
#include "events.h"
#include "hosts.h"
#include "http.h"
#include "loader.h"
#include "log.h"
#include "metrics.h"
#include "track.h"

/* The caller fills config, opens the parts between service_open and
 * service_run, and may leave http out; service_close closes them all.
 */
struct service {
	struct config config;
	bool quiet_pipe; /* when nobody reads stdout any more, stop */

	struct log *log;
	struct hosts *hosts;
	struct http *http;
	struct loader *loader;
	struct events *events;
	struct attach *attach;
	struct device devices[DEVICES_MAX];
	unsigned int devices_nr;

	/* the service's own */
	struct metrics metrics;
	struct track track;
	struct http_calls calls;
	__u64 start_ns;	       /* wall clock */
	__u64 kernel_failures; /* readings that failed */
	unsigned int ticks;
	bool ready;
	bool stop;
	int epoll_fd, signal_fd, timer_fd;
};

/* From here on signals wait for service_run. */
int service_open(struct service *service);
void service_close(struct service *service);

/* What the parts call. */
const struct http_calls *service_calls(struct service *service);
void service_record(void *ctx, const struct record *record);

/* Until a signal: then detaches, tells what is left, and prints the summary. */
int service_run(struct service *service);

#endif
