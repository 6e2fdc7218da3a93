/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Packets to a capture file, and what is read from one. */
#ifndef SMTPSCOPE_TAPE_H
#define SMTPSCOPE_TAPE_H

#include "capture.h"
#include "record.h"
#include "wire.h"

/* Enough for what a few connections tell. */
#define TAPE_RECORDS_MAX 1024

struct pcap_dumper;

struct tape {
	char path[64];
	struct pcap_dumper *dumper;
	struct wire wire; /* of the connection that is played */
	int link;	  /* DLT_* */
	__u32 snap_bytes; /* 0: all are captured */
	__u8 device;	  /* where the next packet is seen; SLL2 tells */
	__u64 now_ns;	  /* of the next packet */
	__u64 step_ns;	  /* between packets */
};

/* What a capture told; why is empty if it could be read to its end. */
struct told {
	struct config config; /* of the reading */
	struct record records[TAPE_RECORDS_MAX];
	unsigned int records_nr;
	__u64 counters[COUNTER_NR];
	char why[CAPTURE_WHY_MAX];
};

/* A capture of a link type, in a file of its own. */
void tape_begin(struct tape *tape, int link);
/* A play_fn: a TCP packet of tape->wire's connection. */
void tape_play(void *tape, const struct play_packet *packet);
/* Any packet, from its link header on. */
void tape_packet(struct tape *tape, const __u8 *bytes, size_t bytes_nr);
/* A packet of no mail port so much later: the clock of a capture. */
void tape_wait(struct tape *tape, unsigned int seconds);
/* Ends the writing. */
void tape_end(struct tape *tape);
void tape_remove(const struct tape *tape);

/* The default ports and those of the dialogues: 2525, 10587. */
void told_begin(struct told *told);
void tape_read(const struct tape *tape, struct told *told);
/* Ends the writing, reads all and removes it; keeps the endings alone. */
void tape_read_well(struct tape *tape, struct told *told);

#endif
