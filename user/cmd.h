/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The subcommands, and what their exit codes mean. */
#ifndef SMTPSCOPE_CMD_H
#define SMTPSCOPE_CMD_H

enum exit_code {
	EXIT_CODE_OK = 0,
	EXIT_CODE_FAILURE = 1,
	EXIT_CODE_USAGE = 2, /* or configuration */
	EXIT_CODE_FINDINGS = 3,
	EXIT_CODE_PRIVILEGES = 4,
	EXIT_CODE_KERNEL = 5, /* too old, or a feature is missing */
};

/* argv[0] is the command's name. Each returns an enum exit_code. */
int cmd_run(int argc, char **argv);
int cmd_watch(int argc, char **argv);
int cmd_read(int argc, char **argv);
int cmd_doctor(int argc, char **argv);
int cmd_version(int argc, char **argv);

#endif
