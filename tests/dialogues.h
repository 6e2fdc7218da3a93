/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A test for each dialogue of tests/data, or of the pattern given. */
#ifndef SMTPSCOPE_DIALOGUES_H
#define SMTPSCOPE_DIALOGUES_H

#include "dialogue.h"
#include "play.h"
#include "record.h"

/* Payload bytes of a segment, where the cut does not say; a test-run takes a page. */
#define SEGMENT_MAX 1400

/* Runs one dialogue's test; its path is *state. */
typedef void dialogues_test_fn(void **state);

/* Returns what main() does; argv[1] is a pattern, if it is given. */
int dialogues_run(const char *name, int argc, char **argv, dialogues_test_fn *test);

/* Plays a dialogue, cut so, over an IP version; the number of faults, told. */
typedef int dialogues_check_fn(const struct dialogue *d, const struct play *how, __u8 version);

/*
 * Checks the dialogue at a path in every cut that its missing bytes allow; byte
 * by byte only up to bytes_max, for longer ones take too long.
 */
void dialogues_cut(const char *path, size_t bytes_max, dialogues_check_fn *check);

/* Tells one fault, and returns it as a number. */
int dialogues_differ(const struct dialogue *d, const char *name, const char *what);

/* The number of faults of a record against the core's. */
int dialogues_compare(const struct dialogue *d, const char *name, const struct record *rec,
		      const struct record *core);

#endif
