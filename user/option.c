/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One table of options: read from argv, and told by --help. */
#include "option.h"

#include <assert.h>
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <string.h>

/* Long options are known to getopt by a number beyond any letter. */
#define OPTION_NUMBER 256

/* The column at which the help of an option begins. */
#define HELP_COLUMN 30

/* The table in getopt's two forms, the command's own options alone. */
static void getopt_tables(const struct option_rule *rules, enum config_command command,
			  struct option *longs, char *shorts)
{
	if (command != CONFIG_READ)
		*shorts++ = '+'; /* what is no option is an error, and where it stands told */
	*shorts++ = ':';	 /* a missing argument is told from an unknown option */
	for (int i = 0; rules[i].name; i++) {
		const struct option_rule *rule = &rules[i];

		assert(i < OPTION_RULES_MAX - 1);
		if (!(rule->commands & command))
			continue;
		*longs++ = (struct option){
			.name = rule->name,
			.has_arg = rule->argument ? required_argument : no_argument,
			.val = OPTION_NUMBER + i,
		};
		if (!rule->letter)
			continue;
		*shorts++ = (char)rule->letter;
		if (rule->argument)
			*shorts++ = ':';
	}
	*longs = (struct option){ 0 };
	*shorts = '\0';
}

/* Commands may share a letter, and mean different things by it. */
static const struct option_rule *find_rule(const struct option_rule *rules,
					   enum config_command command, int found)
{
	if (found >= OPTION_NUMBER)
		return &rules[found - OPTION_NUMBER];
	for (; rules->name; rules++)
		if (found == rules->letter && (rules->commands & command))
			return rules;
	return NULL;
}

/* getopt's '?' and ':', in words. */
static int explain(const struct option_rule *rules, enum config_command command, int found,
		   char **argv, char *why)
{
	const struct option_rule *rule = optopt ? find_rule(rules, command, optopt) : NULL;

	if (found == ':' && rule)
		snprintf(why, CONFIG_WHY_MAX, "--%s: its value is missing; give --%s %s",
			 rule->name, rule->name, rule->argument);
	else if (optopt >= OPTION_NUMBER && rule)
		snprintf(why, CONFIG_WHY_MAX,
			 "--%s takes no value; leave out what follows the =", rule->name);
	else if (optopt)
		snprintf(why, CONFIG_WHY_MAX, "there is no option -%c; --help lists them", optopt);
	else
		snprintf(why, CONFIG_WHY_MAX,
			 "option '%.64s' is unknown or ambiguous; --help lists them",
			 argv[optind - 1]);
	return -EINVAL;
}

int option_parse(struct config *config, const struct option_rule *rules,
		 enum config_command command, int argc, char **argv, char why[CONFIG_WHY_MAX])
{
	struct option longs[OPTION_RULES_MAX];
	char shorts[2 + 2 * OPTION_RULES_MAX];
	const struct option_rule *rule;
	int found, err;

	getopt_tables(rules, command, longs, shorts);
	optind = 0; /* glibc: forget an earlier scan */
	opterr = 0;
	while ((found = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		rule = find_rule(rules, command, found);
		if (!rule)
			return explain(rules, command, found, argv, why);
		err = rule->set(config, rule, optarg, why);
		if (err)
			return err;
	}
	if (command == CONFIG_READ) {
		config->files = argv + optind;
		config->files_nr = argc - optind;
		return 0;
	}
	if (optind == argc)
		return 0;
	snprintf(why, CONFIG_WHY_MAX,
		 "'%.64s' is not expected here; every setting is an option, --help lists them",
		 argv[optind]);
	return -EINVAL;
}

static void help_one(FILE *out, const struct option_rule *rule)
{
	const char *line = rule->help, *end;
	int column;

	column = rule->letter ? fprintf(out, "  -%c, ", rule->letter) : fprintf(out, "      ");
	column += fprintf(out, "--%s %s", rule->name, rule->argument ? rule->argument : "");
	if (column >= HELP_COLUMN) {
		fputc('\n', out);
		column = 0;
	}
	for (; *line; line = *end ? end + 1 : end, column = 0) {
		end = strchrnul(line, '\n');
		fprintf(out, "%*s%.*s\n", HELP_COLUMN - column, "", (int)(end - line), line);
	}
}

void option_help(FILE *out, const struct option_rule *rules, enum config_command command)
{
	for (; rules->name; rules++)
		if (rules->commands & command)
			help_one(out, rules);
}
