/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A test for each dialogue of tests/data, or of the pattern given. */
#ifndef SMTPSCOPE_DIALOGUES_H
#define SMTPSCOPE_DIALOGUES_H

/* Runs one dialogue's test; its path is *state. */
typedef void dialogues_test_fn(void **state);

/* Returns what main() does; argv[1] is a pattern, if it is given. */
int dialogues_run(const char *name, int argc, char **argv, dialogues_test_fn *test);

#endif
