/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The real programs, fed one packet at a time by BPF_PROG_TEST_RUN. */
#ifndef SMTPSCOPE_KERNEL_H
#define SMTPSCOPE_KERNEL_H

#include "config.h"
#include "record.h"
#include "wire.h"

/* Enough for what one connection tells; of more, the last ones are kept. */
#define KERNEL_RECORDS_MAX 64

struct kernel {
	struct loader *loader;
	struct events *events;
	struct config config;
	struct record records[KERNEL_RECORDS_MAX];
	unsigned int records_nr;
	__u16 last_port; /* each connection has a client port of its own */
};

/* What carries a connection's packets to the programs. */
struct kernel_path {
	struct kernel *kernel;
	struct wire wire;
	bool server_here; /* the client's packets come in, not the server's */
};

/* 0 or a negative errno; the reason is told on stderr. */
int kernel_open(struct kernel **out);
void kernel_close(struct kernel *k);

/* A path for a new connection to a port. */
struct kernel_path kernel_connect(struct kernel *k, __u8 version, __u16 server_port);

/* Runs the program of that side with a packet; it must let it pass on. */
void kernel_packet(struct kernel *k, bool raw, bool egress, const __u8 *packet, size_t bytes);
/* A play_fn; ctx is a kernel_path. */
void kernel_play(void *path, const struct play_packet *packet);

/* Forgets the records so far. */
void kernel_forget(struct kernel *k);
/* Reads the ring. */
void kernel_poll(struct kernel *k);
/* Ends every connection, as at smtpscope's stop. */
void kernel_flush(struct kernel *k);
/* Sweeps the tables as if so many seconds had passed without a packet. */
void kernel_sweep(struct kernel *k, unsigned int seconds);

/* No connection, no SYN and no early segment is kept. */
bool kernel_empty(struct kernel *k);

__u64 kernel_counter(struct kernel *k, enum counter counter);

#endif
