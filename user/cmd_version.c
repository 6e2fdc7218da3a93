/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* smtpscope version: what runs here. */
#include "cmd.h"

#include <stdio.h>

#include "config.h"
#include "json.h"
#include "record.h"

static int print_json(void)
{
	char text[256];
	struct json json;

	json_open(&json, text, sizeof(text));
	json_put_string(&json, "version", SMTPSCOPE_VERSION);
	json_put_u64(&json, "record_abi", RECORD_ABI);
	return json_close(&json) < 0 || puts(text) == EOF ? EXIT_CODE_FAILURE : EXIT_CODE_OK;
}

int cmd_version(int argc, char **argv)
{
	struct config config;
	char why[CONFIG_WHY_MAX];

	if (config_parse(&config, CONFIG_VERSION, argc, argv, why)) {
		fprintf(stderr, "smtpscope version: %s\n", why);
		return EXIT_CODE_USAGE;
	}
	if (config.help) {
		puts("usage: smtpscope version [OPTION]...\n\nprints the version\n\noptions:");
		config_help(stdout, CONFIG_VERSION);
		return EXIT_CODE_OK;
	}
	if (config.json)
		return print_json();
	return puts("smtpscope " SMTPSCOPE_VERSION) == EOF ? EXIT_CODE_FAILURE : EXIT_CODE_OK;
}
