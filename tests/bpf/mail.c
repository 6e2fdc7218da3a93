/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One mail in clear, to see that a path to the programs works. */
#include "mail.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>

#include <cmocka.h>

#include "claim.h"

struct kernel *mail_kernel;

static struct dialogue *mail;

int mail_setup(void **state)
{
	char why[DIALOGUE_WHY_MAX];

	(void)state;
	if (dialogue_parse(&mail, "mail",
			   "S: 220 mx\n"
			   "C: EHLO x\n"
			   "S: 250-mx\nS+ 250 STARTTLS\n"
			   "C: MAIL FROM:<a>\n"
			   "S: 250 Ok\n"
			   "expect outcome=plaintext reason=not_requested mails=1 commands=2\n"
			   "expect mails_accepted=1 client_gap=0 server_gap=0 ending=fin\n"
			   "expect findings=plaintext-mail\n",
			   why)) {
		fprintf(stderr, "%s\n", why);
		return -1;
	}
	return kernel_open(&mail_kernel);
}

int mail_teardown(void **state)
{
	(void)state;
	kernel_close(mail_kernel);
	dialogue_close(mail);
	return 0;
}

int mail_begin(void **state)
{
	(void)state;
	kernel_forget(mail_kernel);
	return 0;
}

int mail_end(void **state)
{
	(void)state;
	kernel_poll(mail_kernel);
	kernel_sweep(mail_kernel, mail_kernel->config.syn_seconds + 1);
	kernel_flush(mail_kernel);
	return kernel_empty(mail_kernel) ? 0 : -1;
}

struct kernel_path mail_connect(__u8 version, __u16 server_port)
{
	return kernel_connect(mail_kernel, version, server_port);
}

void mail_play(const struct kernel_path *path)
{
	const struct play how = { .max = 1400 };

	play(mail, &how, kernel_play, (void *)path);
	kernel_poll(mail_kernel);
}

void mail_check(const struct kernel_path *path)
{
	struct verdict v;

	kernel_forget(mail_kernel);
	mail_play(path);
	verdict_of(mail_last_record(), &v);
	assert_int_equal(claim_check(mail, mail_last_record(), &v, "a mail"), 0);
	assert_int_equal(mail_kernel->records_nr, 2);
}

void mail_send(const struct kernel_path *path, bool server, __u8 flags, __u32 seq, __u32 ack)
{
	const struct play_packet p = { .server = server, .flags = flags, .seq = seq, .ack = ack };

	kernel_play((void *)path, &p);
}

const struct record *mail_last_record(void)
{
	assert_true(mail_kernel->records_nr > 0);
	return &mail_kernel->records[(mail_kernel->records_nr - 1) % KERNEL_RECORDS_MAX];
}
