/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One table of options: read from argv, and told by --help. */
#ifndef SMTPSCOPE_OPTION_H
#define SMTPSCOPE_OPTION_H

#include <stddef.h>
#include <stdio.h>

#include "config.h"

/* Rules of a table, its end included. */
#define OPTION_RULES_MAX 32

struct option_rule {
	const char *name; /* NULL: the table's end */
	const char *argument;
	/* 0, or -EINVAL with one line in why */
	int (*set)(struct config *config, const struct option_rule *rule, const char *text,
		   char *why);
	const char *help;      /* a newline begins the next line */
	size_t offset;	       /* of the number in struct config */
	unsigned int min, max; /* of the number */
	unsigned int commands; /* enum config_command */
	int letter;	       /* 0: none */
};

/* Reads the options that belong to the command. Returns as a rule's set does. */
int option_parse(struct config *config, const struct option_rule *rules,
		 enum config_command command, int argc, char **argv, char why[CONFIG_WHY_MAX]);

void option_help(FILE *out, const struct option_rule *rules, enum config_command command);

#endif
