/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* smtpscope doctor: can this machine run it, and if not, what to do. */
#include "cmd.h"

#include <stdio.h>

#include "config.h"
#include "device.h"
#include "probe.h"

/* The devices that `run` would watch without -i. */
static void doctor_devices(const struct config *config)
{
	static struct device found[DEVICES_MAX];
	const char *missing = NULL;
	int n = device_select(config, found, &missing);

	if (n <= 0) {
		printf("  --  %-20s none is up: give one with -i\n", "devices");
		return;
	}
	printf("  ok  %-20s", "devices");
	for (int i = 0; i < n; i++)
		printf(" %s%s", found[i].name, i + 1 < n ? "," : "\n");
}

int cmd_doctor(int argc, char **argv)
{
	struct config config;
	char why[CONFIG_WHY_MAX];
	int status = EXIT_CODE_OK;

	config_default(&config);
	if (config_parse(&config, CONFIG_DOCTOR, argc, argv, why)) {
		fprintf(stderr, "smtpscope doctor: %s\n", why);
		return EXIT_CODE_USAGE;
	}
	if (config.help) {
		puts("usage: smtpscope doctor [OPTION]...\n\n"
		     "tells whether this machine can run smtpscope, and what to mend\n\n"
		     "options:");
		config_help(stdout, CONFIG_DOCTOR);
		return EXIT_CODE_OK;
	}
	for (size_t i = 0; i < probes_nr; i++) {
		bool ok;

		why[0] = '\0';
		ok = probes[i].test(why, PROBE_WHY_MAX);
		printf("  %s  %-20s %s\n",
		       ok				? "ok" :
		       probes[i].need == PROBE_OPTIONAL ? "--" :
							  "NO",
		       probes[i].name, why);
		if (ok || probes[i].need == PROBE_OPTIONAL || status)
			continue;
		status = probes[i].need == PROBE_KERNEL ? EXIT_CODE_KERNEL : EXIT_CODE_PRIVILEGES;
	}
	doctor_devices(&config);
	printf("%s\n",
	       status ? "smtpscope cannot run here, see NO above" : "smtpscope can run here");
	return status;
}
