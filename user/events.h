/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Records out of the kernel: the ring buffer, and the sweep of the tables. */
#ifndef SMTPSCOPE_EVENTS_H
#define SMTPSCOPE_EVENTS_H

#include "loader.h"
#include "record.h"

struct events;

typedef void events_fn(void *ctx, const struct record *record);

int events_open(struct events **out, struct loader *loader, const struct config *config,
		events_fn *fn, void *ctx);
void events_close(struct events *events);

/* Readable when the ring fills; it is to be drained each 50 ms besides. */
int events_fd(const struct events *events);
int events_poll(struct events *events);

/*
 * Delivers what the tables hold and nobody will end: connections without a
 * packet for too long, SYNs without an answer, records the ring had no room
 * for. now_ns is CLOCK_MONOTONIC's.
 */
int events_sweep(struct events *events, __u64 now_ns);

/* At the stop: delivers every live connection as ENDING_STOPPED. */
int events_flush(struct events *events);

#endif
