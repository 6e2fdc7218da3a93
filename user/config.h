/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The settings: their defaults, their flags, and what each flag may say. */
#ifndef SMTPSCOPE_CONFIG_H
#define SMTPSCOPE_CONFIG_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define CONFIG_DEVICES_MAX 64
#define CONFIG_PORTS_MAX 16
/* Room for the one line that says what is wrong. */
#define CONFIG_WHY_MAX 512

enum attach_mode { ATTACH_AUTO, ATTACH_TCX, ATTACH_CLSACT, ATTACH_MODE_NR };

/* Which command an option belongs to: bits, for many share one. */
enum config_command {
	CONFIG_RUN = 1 << 0,
	CONFIG_WATCH = 1 << 1,
	CONFIG_DOCTOR = 1 << 2,
	CONFIG_VERSION = 1 << 3,
	CONFIG_READ = 1 << 4,
	CONFIG_SERVE = CONFIG_RUN | CONFIG_WATCH,
};

struct config_port {
	__u16 port;
	__u8 role; /* enum role */
};

/* Strings belong to argv. */
struct config {
	const char *devices[CONFIG_DEVICES_MAX];
	unsigned int devices_nr; /* 0: every device that is up, but loopback */
	bool any_device;	 /* every device that is up, loopback too */
	struct config_port ports[CONFIG_PORTS_MAX];
	unsigned int ports_nr;
	bool any_port; /* SMTP on any other port too, by its dialogue */
	bool json;
	bool help;
	const char *log_file; /* NULL: stdout */
	const char *listen;   /* NULL: no HTTP */
	enum attach_mode attach;
	unsigned int idle_seconds;
	unsigned int syn_seconds;
	unsigned int table_max;
	unsigned int hosts_max;
	char **files; /* captures; "-" is standard input */
	unsigned int files_nr;
	__u32 fail_outcomes; /* bits, by enum outcome */
	__u32 fail_findings; /* bits, by enum finding */
};

void config_default(struct config *config);

/* argv[0] is the command's name. Returns 0, or -EINVAL with one line in why
 * that says what is wrong, where, and how to mend it.
 */
int config_parse(struct config *config, enum config_command command, int argc, char **argv,
		 char why[CONFIG_WHY_MAX]);

/* What a port means; enum role. A port of no configuration is a relay's. */
__u8 config_role(const struct config *config, __u16 port);

/* The command's options, one or more lines each. */
void config_help(FILE *out, enum config_command command);

#endif
