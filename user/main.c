/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Finds the subcommand and runs it. */
#include <stdio.h>
#include <string.h>

#include "cmd.h"

struct command {
	const char *name;
	const char *summary;
	int (*run)(int argc, char **argv);
};

static int cmd_help(int argc, char **argv);

static const struct command commands[] = {
	{ "run", "run as a daemon in the foreground: lines, statistics, /metrics", cmd_run },
	{ "watch", "show every session live, and a summary at the end", cmd_watch },
	{ "read", "tell the sessions of capture files; needs no privileges", cmd_read },
	{ "doctor", "tell whether this machine can run smtpscope, and what to mend", cmd_doctor },
	{ "version", "print the version", cmd_version },
	{ "help", "print this", cmd_help },
};

#define COMMANDS_NR (sizeof(commands) / sizeof(commands[0]))

static void print_help(FILE *out)
{
	fputs("usage: smtpscope COMMAND [OPTION]...\n\n"
	      "Tells for every SMTP connection: was the mail encrypted, and if not, why,\n"
	      "by whom, and to whom? Reads the wire in the kernel; keeps no content.\n\n"
	      "commands:\n",
	      out);
	for (unsigned int i = 0; i < COMMANDS_NR; i++)
		fprintf(out, "  %-9s %s\n", commands[i].name, commands[i].summary);
	fputs("\n"
	      "smtpscope COMMAND --help lists the command's options.\n\n"
	      "examples:\n"
	      "  sudo smtpscope doctor                       can this machine run it?\n"
	      "  sudo smtpscope watch                        every session, live\n"
	      "  sudo smtpscope watch -i eth0 -p 2525:relay  one device, one more port\n"
	      "  sudo smtpscope run -o json --log-file /var/log/smtpscope.json\n"
	      "  smtpscope read mail.pcap                    what tcpdump has captured\n"
	      "  curl http://127.0.0.1:10093/metrics         while it runs\n\n"
	      "exit status: 0 well, 1 failure, 2 usage or configuration, 3 findings,\n"
	      "4 privileges, 5 kernel too old\n",
	      out);
}

static int cmd_help(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	print_help(stdout);
	return EXIT_CODE_OK;
}

static const struct command *find_command(const char *name)
{
	if (!strcmp(name, "--help") || !strcmp(name, "-h"))
		name = "help";
	if (!strcmp(name, "--version"))
		name = "version";
	for (unsigned int i = 0; i < COMMANDS_NR; i++)
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	return NULL;
}

int main(int argc, char **argv)
{
	const struct command *command;

	if (argc < 2) {
		print_help(stderr);
		return EXIT_CODE_USAGE;
	}
	command = find_command(argv[1]);
	if (!command) {
		fprintf(stderr,
			"smtpscope: there is no command '%.64s'; smtpscope --help lists them\n",
			argv[1]);
		return EXIT_CODE_USAGE;
	}
	return command->run(argc - 1, argv + 1);
}
