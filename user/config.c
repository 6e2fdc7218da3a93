/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The settings: their defaults, their flags, and what each flag may say. */
#include "config.h"

#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include "listen.h"
#include "names.h"
#include "option.h"
#include "record.h"

#define LISTEN_DEFAULT "127.0.0.1:10093"

static const char *const attach_modes[ATTACH_MODE_NR] = {
	[ATTACH_AUTO] = "auto",
	[ATTACH_TCX] = "tcx",
	[ATTACH_CLSACT] = "clsact",
};

/* The devices of this namespace, as many as fit, for the line that says why. */
static void device_list(char *buf, size_t size)
{
	struct if_nameindex *list = if_nameindex();
	size_t len = 0;

	buf[0] = '\0';
	for (unsigned int i = 0; list && list[i].if_index; i++) {
		if (len + strlen(list[i].if_name) + 3 > size)
			break;
		len += snprintf(buf + len, size - len, " %s", list[i].if_name);
	}
	if (list)
		if_freenameindex(list);
}

static int set_device(struct config *config, const struct option_rule *rule, const char *text,
		      char *why)
{
	char here[256];

	if (!strcmp(text, "any")) {
		config->any_device = true;
		return 0;
	}
	if (!if_nametoindex(text)) {
		device_list(here, sizeof(here));
		snprintf(why, CONFIG_WHY_MAX,
			 "--%s: there is no device '%.32s' here; give one of:%s, or any",
			 rule->name, text, here);
		return -EINVAL;
	}
	for (unsigned int i = 0; i < config->devices_nr; i++)
		if (!strcmp(config->devices[i], text))
			return 0;
	if (config->devices_nr == CONFIG_DEVICES_MAX) {
		snprintf(why, CONFIG_WHY_MAX,
			 "--%s: more than %u devices; give any to watch all of them", rule->name,
			 CONFIG_DEVICES_MAX);
		return -EINVAL;
	}
	config->devices[config->devices_nr++] = text;
	return 0;
}

/* Decimal digits alone, up to the end given: no sign, no space, no hexadecimal. */
static bool parse_number(const char *text, const char *end, unsigned int min, unsigned int max,
			 unsigned int *out)
{
	unsigned long value;

	if (text == end || text + strspn(text, "0123456789") != end)
		return false;
	errno = 0;
	value = strtoul(text, NULL, 10);
	if (errno || value < min || value > max)
		return false;
	*out = value;
	return true;
}

static int find_port(const struct config *config, unsigned int port)
{
	for (unsigned int i = 0; i < config->ports_nr; i++)
		if (config->ports[i].port == port)
			return i;
	return -ENOENT;
}

static int add_port(struct config *config, const struct option_rule *rule, __u16 port, char *why)
{
	if (config->ports_nr == CONFIG_PORTS_MAX) {
		snprintf(why, CONFIG_WHY_MAX,
			 "--%s: port %u is one more than the %u that fit; 25, 587 and 465 are "
			 "among them, so give at most %u of your own",
			 rule->name, port, CONFIG_PORTS_MAX, CONFIG_PORTS_MAX - 3);
		return -EINVAL;
	}
	config->ports[config->ports_nr] = (struct config_port){ port, ROLE_RELAY };
	return config->ports_nr++;
}

static int set_port(struct config *config, const struct option_rule *rule, const char *text,
		    char *why)
{
	const char *colon = strchrnul(text, ':');
	unsigned int port, role = 0;
	int at;

	if (!parse_number(text, colon, 1, 65535, &port)) {
		snprintf(why, CONFIG_WHY_MAX,
			 "--%s: '%.64s' names no port; give 1 to 65535, as 2525 or "
			 "2525:submission",
			 rule->name, text);
		return -EINVAL;
	}
	while (*colon && role < ROLE_NR && strcmp(colon + 1, role_name(role)) != 0)
		role++;
	if (role == ROLE_NR) {
		snprintf(why, CONFIG_WHY_MAX,
			 "--%s: '%.64s' has an unknown role; give relay, submission or "
			 "implicit, as %u:relay",
			 rule->name, text, port);
		return -EINVAL;
	}
	at = find_port(config, port);
	if (at < 0)
		at = add_port(config, rule, port, why);
	if (at < 0)
		return at;
	if (*colon)
		config->ports[at].role = role;
	return 0;
}

static int set_port_or_any(struct config *config, const struct option_rule *rule, const char *text,
			   char *why)
{
	if (strcmp(text, "any") != 0)
		return set_port(config, rule, text, why);
	config->any_port = true;
	return 0;
}

static int set_output(struct config *config, const struct option_rule *rule, const char *text,
		      char *why)
{
	config->json = !strcmp(text, "json");
	if (config->json || !strcmp(text, "text"))
		return 0;
	snprintf(why, CONFIG_WHY_MAX, "--%s: there is no format '%.64s'; give text or json",
		 rule->name, text);
	return -EINVAL;
}

static int set_log_file(struct config *config, const struct option_rule *rule, const char *text,
			char *why)
{
	if (!*text) {
		snprintf(why, CONFIG_WHY_MAX,
			 "--%s: the path is empty; give a file, or leave the option out for stdout",
			 rule->name);
		return -EINVAL;
	}
	config->log_file = text;
	return 0;
}

static int set_listen(struct config *config, const struct option_rule *rule, const char *text,
		      char *why)
{
	const char *problem;

	if (!*text || !strcmp(text, "none")) {
		config->listen = NULL;
		return 0;
	}
	problem = listen_problem(text);
	if (problem) {
		snprintf(why, CONFIG_WHY_MAX,
			 "--%s: '%.128s': %s; give HOST:PORT, as " LISTEN_DEFAULT
			 " or [::1]:10093, or none",
			 rule->name, text, problem);
		return -EINVAL;
	}
	config->listen = text;
	return 0;
}

static int set_attach(struct config *config, const struct option_rule *rule, const char *text,
		      char *why)
{
	for (unsigned int i = 0; i < ATTACH_MODE_NR; i++) {
		if (strcmp(text, attach_modes[i]) != 0)
			continue;
		config->attach = i;
		return 0;
	}
	snprintf(why, CONFIG_WHY_MAX, "--%s: there is no way '%.64s'; give auto, tcx or clsact",
		 rule->name, text);
	return -EINVAL;
}

static int set_number(struct config *config, const struct option_rule *rule, const char *text,
		      char *why)
{
	unsigned int *number = (unsigned int *)((char *)config + rule->offset);

	if (parse_number(text, text + strlen(text), rule->min, rule->max, number))
		return 0;
	snprintf(why, CONFIG_WHY_MAX, "--%s: '%.64s' is out of range; give a number from %u to %u",
		 rule->name, text, rule->min, rule->max);
	return -EINVAL;
}

/* One name of --fail-on's list. */
static int add_fail(struct config *config, const char *name, size_t len)
{
	for (unsigned int i = 0; i < OUTCOME_NR; i++) {
		if (strlen(outcome_name(i)) != len || memcmp(outcome_name(i), name, len) != 0)
			continue;
		config->fail_outcomes |= 1U << i;
		return 0;
	}
	for (unsigned int i = 0; i < FINDING_NR; i++) {
		if (strlen(finding_name(i)) != len || memcmp(finding_name(i), name, len) != 0)
			continue;
		config->fail_findings |= 1U << i;
		return 0;
	}
	return -ENOENT;
}

static void unknown_fail(const struct option_rule *rule, const char *name, size_t len, char *why)
{
	int at = snprintf(why, CONFIG_WHY_MAX, "--%s: there is no '%.*s'; give one of", rule->name,
			  len < 32 ? (int)len : 32, name);

	for (unsigned int i = 0; i < OUTCOME_NR + FINDING_NR && at < CONFIG_WHY_MAX; i++)
		at += snprintf(why + at, CONFIG_WHY_MAX - at, " %s",
			       i < OUTCOME_NR ? outcome_name(i) : finding_name(i - OUTCOME_NR));
}

static int set_fail(struct config *config, const struct option_rule *rule, const char *text,
		    char *why)
{
	const char *name = text, *end;

	for (;; name = end + 1) {
		end = strchrnul(name, ',');
		if (add_fail(config, name, end - name)) {
			unknown_fail(rule, name, end - name, why);
			return -EINVAL;
		}
		if (!*end)
			return 0;
	}
}

static int set_help(struct config *config, const struct option_rule *rule, const char *text,
		    char *why)
{
	(void)rule;
	(void)text;
	why[0] = '\0'; /* nothing can be wrong */
	config->help = true;
	return 0;
}

static const struct option_rule rules[] = {
	{ .name = "interface",
	  .letter = 'i',
	  .argument = "DEV",
	  .set = set_device,
	  .commands = CONFIG_SERVE | CONFIG_DOCTOR,
	  .help = "watch this device; repeatable; any is all that are up,\n"
		  "loopback too (default: all that are up but loopback)" },
	{ .name = "port",
	  .letter = 'p',
	  .argument = "PORT[:ROLE]",
	  .set = set_port,
	  .commands = CONFIG_SERVE,
	  .help = "watch this server port too; repeatable, 16 in all;\n"
		  "ROLE is relay, submission or implicit (TLS at once)\n"
		  "(always: 25:relay 587:submission 465:implicit)" },
	{ .name = "port",
	  .letter = 'p',
	  .argument = "PORT[:ROLE]",
	  .set = set_port_or_any,
	  .commands = CONFIG_READ,
	  .help = "read this server port too; repeatable, 16 in all;\n"
		  "ROLE is relay, submission or implicit (TLS at once);\n"
		  "any is SMTP on every port, known by its dialogue\n"
		  "(always: 25:relay 587:submission 465:implicit)" },
	{ .name = "output",
	  .letter = 'o',
	  .argument = "FORMAT",
	  .set = set_output,
	  .commands = CONFIG_SERVE | CONFIG_READ | CONFIG_VERSION,
	  .help = "text for people or json for machines (default: text)" },
	{ .name = "log-file",
	  .argument = "PATH",
	  .set = set_log_file,
	  .commands = CONFIG_RUN,
	  .help = "append the lines to a file, mode 0600, opened anew on\n"
		  "SIGHUP (default: stdout)" },
	{ .name = "web.listen-address",
	  .argument = "HOST:PORT",
	  .set = set_listen,
	  .commands = CONFIG_RUN,
	  .help = "/metrics is here; none switches it off\n"
		  "(default: " LISTEN_DEFAULT ")" },
	{ .name = "attach",
	  .argument = "WAY",
	  .set = set_attach,
	  .commands = CONFIG_SERVE,
	  .help = "tcx (kernel 6.6 and later), clsact, or auto: the\n"
		  "first that this kernel has (default: auto)" },
	{ .name = "idle-timeout",
	  .argument = "SECONDS",
	  .set = set_number,
	  .commands = CONFIG_SERVE | CONFIG_READ,
	  .min = 10,
	  .max = 86400,
	  .offset = offsetof(struct config, idle_seconds),
	  .help = "a silent connection ends after this (default: 900)" },
	{ .name = "syn-timeout",
	  .argument = "SECONDS",
	  .set = set_number,
	  .commands = CONFIG_SERVE | CONFIG_READ,
	  .min = 1,
	  .max = 3600,
	  .offset = offsetof(struct config, syn_seconds),
	  .help = "an unanswered SYN is told after this (default: 75)" },
	{ .name = "max-connections",
	  .argument = "NUMBER",
	  .set = set_number,
	  .commands = CONFIG_SERVE | CONFIG_READ,
	  .min = 64,
	  .max = 1 << 20,
	  .offset = offsetof(struct config, table_max),
	  .help = "connections followed at once (default: 65536)" },
	{ .name = "max-hosts",
	  .argument = "NUMBER",
	  .set = set_number,
	  .commands = CONFIG_SERVE | CONFIG_READ,
	  .min = 1,
	  .max = 1 << 20,
	  .offset = offsetof(struct config, hosts_max),
	  .help = "hosts remembered, the rest in other (default: 4096)" },
	{ .name = "fail-on",
	  .argument = "NAME",
	  .set = set_fail,
	  .commands = CONFIG_READ,
	  .help = "exit with 3 if a session has this outcome or finding;\n"
		  "repeatable, or a list with commas" },
	{ .name = "help",
	  .letter = 'h',
	  .set = set_help,
	  .commands = CONFIG_SERVE | CONFIG_READ | CONFIG_DOCTOR | CONFIG_VERSION,
	  .help = "print this" },
	{ 0 },
};

void config_default(struct config *config)
{
	*config = (struct config){
		.ports = { { 25, ROLE_RELAY }, { 587, ROLE_SUBMISSION }, { 465, ROLE_IMPLICIT } },
		.ports_nr = 3,
		.listen = LISTEN_DEFAULT,
		.attach = ATTACH_AUTO,
		.idle_seconds = 900,
		.syn_seconds = 75,
		.table_max = 65536,
		.hosts_max = 4096,
	};
}

int config_parse(struct config *config, enum config_command command, int argc, char **argv,
		 char why[CONFIG_WHY_MAX])
{
	config_default(config);
	if (!(command & CONFIG_RUN))
		config->listen = NULL;
	return option_parse(config, rules, command, argc, argv, why);
}

__u8 config_role(const struct config *config, __u16 port)
{
	int at = find_port(config, port);

	return at < 0 ? ROLE_RELAY : config->ports[at].role;
}

void config_help(FILE *out, enum config_command command)
{
	option_help(out, rules, command);
}
