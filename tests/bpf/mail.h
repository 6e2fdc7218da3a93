/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One mail in clear, to see that a path to the programs works. */
#ifndef SMTPSCOPE_MAIL_H
#define SMTPSCOPE_MAIL_H

#include "kernel.h"

/* Packets of mail_play from SYN to FIN. */
#define MAIL_PACKETS 10

/* For all tests of a group. */
extern struct kernel *mail_kernel;

/* cmocka's fixtures: of a group, and of each test. */
int mail_setup(void **state);
int mail_teardown(void **state);
int mail_begin(void **state);
/* Fails if the tables still hold something after the sweeps. */
int mail_end(void **state);

#define MAIL_TEST(name) cmocka_unit_test_setup_teardown(name, mail_begin, mail_end)

/* A path for a new connection to a port. */
struct kernel_path mail_connect(__u8 version, __u16 server_port);
void mail_play(const struct kernel_path *path);
/* Plays it and fails unless it is read as it is, in two records. */
void mail_check(const struct kernel_path *path);
/* A packet without payload. */
void mail_send(const struct kernel_path *path, bool server, __u8 flags, __u32 seq, __u32 ack);

const struct record *mail_last_record(void);

#endif
