/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* smtpscope run and watch: opens everything in order, and says what failed. */
#include "cmd.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "instance.h"
#include "listen.h"
#include "probe.h"
#include "cmd_service.h"

/* Devices that the ready line names. */
#define DEVICES_NAMED_MAX 8

struct command {
	enum config_command id;
	const char *name;
	__u32 slot; /* in clsact's list: run and watch go side by side */
	const char *help;
};

static const struct command command_run = {
	.id = CONFIG_RUN,
	.name = "run",
	.slot = 1,
	.help = "usage: smtpscope run [OPTION]...\n\n"
		"Runs in the foreground until SIGINT or SIGTERM. One line for each session at\n"
		"its end and for each finding at once; /metrics for Prometheus. SIGUSR1 prints\n"
		"the table of hosts to stderr, SIGHUP opens the log file anew.\n\n"
		"examples:\n"
		"  sudo smtpscope run\n"
		"  sudo smtpscope run -i eth0 -p 2525:submission\n"
		"  sudo smtpscope run -o json --log-file /var/log/smtpscope.json\n"
		"  sudo smtpscope run --web.listen-address :10093    for other hosts too\n\n"
		"options:",
};

static const struct command command_watch = {
	.id = CONFIG_WATCH,
	.name = "watch",
	.slot = 2,
	.help = "usage: smtpscope watch [OPTION]...\n\n"
		"Prints one line for each session and each finding until Ctrl-C, then the table\n"
		"of hosts. SIGUSR1 prints the table at once.\n\n"
		"examples:\n"
		"  sudo smtpscope watch\n"
		"  sudo smtpscope watch -i any -p 2525\n"
		"  sudo smtpscope watch -o json | jq .smtp\n\n"
		"options:",
};

/* One line that says what is wrong. Returns the code. */
__attribute__((format(printf, 3, 4))) static int complain(const struct command *command, int code,
							  const char *format, ...)
{
	va_list args;

	fprintf(stderr, "smtpscope %s: ", command->name);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	return code;
}

static int check_machine(const struct command *command)
{
	char why[PROBE_WHY_MAX];

	if (probe_check(PROBE_PRIVILEGE, why, sizeof(why)))
		return complain(command, EXIT_CODE_PRIVILEGES, "%s", why);
	if (probe_check(PROBE_KERNEL, why, sizeof(why)))
		return complain(command, EXIT_CODE_KERNEL, "%s", why);
	return EXIT_CODE_OK;
}

static int open_lock(const struct command *command, int *lock)
{
	pid_t other = 0;

	*lock = instance_lock(command->name, &other);
	if (*lock == -EADDRINUSE)
		return complain(command, EXIT_CODE_FAILURE,
				"another smtpscope %s is at work in this network namespace, pid "
				"%d%s; stop it first",
				command->name, other, other ? "" : " (out of sight)");
	if (*lock < 0)
		return complain(command, EXIT_CODE_FAILURE,
				"cannot take the lock of this "
				"network namespace: %s",
				strerror(-*lock));
	return EXIT_CODE_OK;
}

static const char *listen_remedy(int err)
{
	switch (err) {
	case -EADDRINUSE:
		return "it is in use; stop what listens there, or give another port, or none";
	case -EADDRNOTAVAIL: return "no device here has this address; give one of this machine's";
	case -ENXIO: return "the host has no address; give an IP address of this machine";
	case -EACCES: return "ports below 1024 need CAP_NET_BIND_SERVICE; give a higher one";
	default: return strerror(-err);
	}
}

/* What tells: lines, hosts, metrics, HTTP. */
static int open_faces(const struct command *command, struct service *service)
{
	const struct config *config = &service->config;
	int err;

	err = log_open(&service->log, config->log_file, config->json ? LOG_JSON : LOG_TEXT);
	if (err)
		return complain(command, EXIT_CODE_FAILURE,
				"--log-file: %s: %s; give a file that can be written",
				config->log_file ? config->log_file : "stdout", strerror(-err));
	err = hosts_open(&service->hosts, config->hosts_max);
	if (err)
		return complain(command, EXIT_CODE_FAILURE, "table of hosts: %s", strerror(-err));
	if (!config->listen)
		return EXIT_CODE_OK;
	err = http_open(&service->http, config->listen, service_calls(service));
	if (err)
		return complain(command, EXIT_CODE_FAILURE, "--web.listen-address: %s: %s",
				config->listen, listen_remedy(err));
	return EXIT_CODE_OK;
}

static int select_devices(const struct command *command, struct service *service)
{
	const char *missing = NULL;
	bool all = service->config.any_device || !service->config.devices_nr;
	int found;

	found = device_select(&service->config, service->devices, &missing);
	if (found == -EPFNOSUPPORT && missing)
		return complain(
			command, EXIT_CODE_USAGE,
			"--interface: %s carries neither Ethernet nor plain IP; give another "
			"device, ip link lists them",
			missing);
	if (found < 0)
		return complain(command, missing ? EXIT_CODE_USAGE : EXIT_CODE_FAILURE,
				"--interface: %s: %s; ip link lists the devices",
				missing ? missing : "all", strerror(-found));
	if (!found && all)
		return complain(
			command, EXIT_CODE_FAILURE,
			"no device is up; bring one up with ip link set DEV up, or name one "
			"with -i, or give -i any to watch loopback too");
	service->devices_nr = found;
	return EXIT_CODE_OK;
}

static int attach(const struct command *command, struct service *service)
{
	const char *failed = "the devices";
	int err;

	err = attach_open(&service->attach, service->loader, service->config.attach, command->slot,
			  service->devices, service->devices_nr, &failed);
	if (!err)
		return EXIT_CODE_OK;
	if (service->config.attach == ATTACH_TCX && err == -EINVAL)
		return complain(command, EXIT_CODE_KERNEL,
				"--attach: %s: this kernel has no TCX, it came with 6.6; give auto "
				"or clsact",
				failed);
	return complain(command, err == -EPERM ? EXIT_CODE_PRIVILEGES : EXIT_CODE_FAILURE,
			"cannot attach to %s: %s; smtpscope doctor tells more", failed,
			strerror(-err));
}

/* What sees: the programs, their records, their hooks, in this order. */
static int open_kernel(const struct command *command, struct service *service)
{
	bool ip_devices = false;
	int err, code;

	code = select_devices(command, service);
	if (code)
		return code;
	for (unsigned int i = 0; i < service->devices_nr; i++)
		ip_devices |= !service->devices[i].ethernet;
	err = loader_open(&service->loader, &service->config, ip_devices);
	if (err)
		return complain(command, err == -EPERM ? EXIT_CODE_PRIVILEGES : EXIT_CODE_FAILURE,
				"cannot load the programs: %s (%s); smtpscope doctor tells more",
				strerror(-err), loader_why());
	err = events_open(&service->events, service->loader, &service->config, service_record,
			  service);
	if (err)
		return complain(command, EXIT_CODE_FAILURE, "cannot open the ring buffer: %s",
				strerror(-err));
	return attach(command, service);
}

static void tell_ready(const struct service *service)
{
	char address[LISTEN_TEXT_MAX];

	fputs("smtpscope " SMTPSCOPE_VERSION ": watching", stderr);
	for (unsigned int i = 0; i < service->devices_nr && i < DEVICES_NAMED_MAX; i++)
		fprintf(stderr, "%s %s", i ? "," : "", service->devices[i].name);
	if (service->devices_nr > DEVICES_NAMED_MAX)
		fprintf(stderr, " and %u more", service->devices_nr - DEVICES_NAMED_MAX);
	fprintf(stderr, " (%s) on ports", attach_name(service->attach));
	for (unsigned int i = 0; i < service->config.ports_nr; i++)
		fprintf(stderr, " %u", service->config.ports[i].port);
	if (service->http)
		fprintf(stderr, "; metrics on http://%s/metrics",
			http_address(service->http, address, sizeof(address)));
	if (!attach_owners(service->attach))
		fputs("; no cgroup v2 here, so no processes are told", stderr);
	fputc('\n', stderr);
}

static int serve(const struct command *command, struct service *service)
{
	int lock, code, err;

	code = check_machine(command);
	if (code)
		return code;
	code = open_lock(command, &lock);
	if (code)
		return code;
	err = service_open(service);
	if (err)
		code = complain(command, EXIT_CODE_FAILURE, "cannot prepare the loop: %s",
				strerror(-err));
	if (!code)
		code = open_faces(command, service);
	if (!code)
		code = open_kernel(command, service);
	if (!code) {
		tell_ready(service);
		err = service_run(service);
		if (err)
			code = complain(command, EXIT_CODE_FAILURE, "cannot go on: %s",
					strerror(-err));
	}
	service_close(service);
	close(lock);
	return code;
}

static int cmd_serve(const struct command *command, int argc, char **argv)
{
	struct service service = { .quiet_pipe = command->id == CONFIG_WATCH };
	char why[CONFIG_WHY_MAX];

	if (config_parse(&service.config, command->id, argc, argv, why))
		return complain(command, EXIT_CODE_USAGE, "%s", why);
	if (service.config.help) {
		puts(command->help);
		config_help(stdout, command->id);
		return EXIT_CODE_OK;
	}
	return serve(command, &service);
}

int cmd_run(int argc, char **argv)
{
	return cmd_serve(&command_run, argc, argv);
}

int cmd_watch(int argc, char **argv)
{
	return cmd_serve(&command_watch, argc, argv);
}
