/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Flags: what each sets, and the one line that answers each bad one. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config.h"
#include "record.h"

#define ARGS_MAX 48

/* Parses the words of text; an empty word is written as ''. */
static int parse(struct config *config, enum config_command command, const char *text, char *why)
{
	static char words[1024];
	char *argv[ARGS_MAX], *save = NULL, *word;
	int argc = 0;

	snprintf(words, sizeof(words), "run %s", text);
	for (word = strtok_r(words, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
		assert_true(argc < ARGS_MAX - 1);
		argv[argc++] = strcmp(word, "''") != 0 ? word : (char *)"";
	}
	argv[argc] = NULL;
	why[0] = '\0';
	return config_parse(config, command, argc, argv, why);
}

static struct config accepted(const char *text)
{
	struct config config;
	char why[CONFIG_WHY_MAX];
	int err = parse(&config, CONFIG_RUN, text, why);

	assert_string_equal(why, "");
	assert_int_equal(err, 0);
	return config;
}

/* One line, without a newline or a full stop, that has both words in it. */
static void refused_by(enum config_command command, const char *text, const char *what,
		       const char *remedy)
{
	struct config config;
	char why[CONFIG_WHY_MAX];

	assert_int_equal(parse(&config, command, text, why), -EINVAL);
	if (!strstr(why, what) || !strstr(why, remedy))
		fail_msg("'%s' is answered by '%s' without '%s' or '%s'", text, why, what, remedy);
	assert_null(strchr(why, '\n'));
	assert_true(why[strlen(why) - 1] != '.');
}

static void refused(const char *text, const char *what, const char *remedy)
{
	refused_by(CONFIG_RUN, text, what, remedy);
}

static void nothing_given_is_the_default(void **state)
{
	struct config c = accepted("");

	(void)state;
	assert_int_equal(c.devices_nr, 0);
	assert_false(c.any_device);
	assert_int_equal(c.ports_nr, 3);
	assert_int_equal(c.ports[0].port, 25);
	assert_int_equal(c.ports[0].role, ROLE_RELAY);
	assert_int_equal(c.ports[1].port, 587);
	assert_int_equal(c.ports[1].role, ROLE_SUBMISSION);
	assert_int_equal(c.ports[2].port, 465);
	assert_int_equal(c.ports[2].role, ROLE_IMPLICIT);
	assert_false(c.json);
	assert_null(c.log_file);
	assert_string_equal(c.listen, "127.0.0.1:10093");
	assert_int_equal(c.attach, ATTACH_AUTO);
	assert_int_equal(c.idle_seconds, 900);
	assert_int_equal(c.syn_seconds, 75);
	assert_int_equal(c.table_max, 65536);
	assert_int_equal(c.hosts_max, 4096);
}

static void every_option_is_heard(void **state)
{
	struct config c = accepted("-i lo -p 2525:submission -o json --log-file /tmp/x "
				   "--web.listen-address [::1]:9 --attach clsact "
				   "--idle-timeout 10 --syn-timeout 1 --max-connections 64 "
				   "--max-hosts 1048576");

	(void)state;
	assert_int_equal(c.devices_nr, 1);
	assert_string_equal(c.devices[0], "lo");
	assert_int_equal(c.ports[3].port, 2525);
	assert_int_equal(c.ports[3].role, ROLE_SUBMISSION);
	assert_true(c.json);
	assert_string_equal(c.log_file, "/tmp/x");
	assert_string_equal(c.listen, "[::1]:9");
	assert_int_equal(c.attach, ATTACH_CLSACT);
	assert_int_equal(c.idle_seconds, 10);
	assert_int_equal(c.syn_seconds, 1);
	assert_int_equal(c.table_max, 64);
	assert_int_equal(c.hosts_max, 1048576);
	assert_int_equal(accepted("--attach=tcx").attach, ATTACH_TCX);
	assert_true(accepted("-h").help);
}

static void devices_add_up_and_any_is_all(void **state)
{
	struct config c = accepted("-i lo --interface=lo -i any");

	(void)state;
	assert_int_equal(c.devices_nr, 1);
	assert_true(c.any_device);
}

static void ports_add_up_and_a_role_overrides(void **state)
{
	struct config c = accepted("-p 2525 -p 25:implicit -p 2525:submission -p 465");

	(void)state;
	assert_int_equal(c.ports_nr, 4);
	assert_int_equal(config_role(&c, 25), ROLE_IMPLICIT);
	assert_int_equal(config_role(&c, 2525), ROLE_SUBMISSION);
	assert_int_equal(config_role(&c, 465), ROLE_IMPLICIT);
	assert_int_equal(config_role(&c, 9), ROLE_RELAY);
}

static void sixteen_ports_fit(void **state)
{
	struct config c = accepted("-p 1 -p 2 -p 3 -p 4 -p 5 -p 6 -p 7 -p 8 -p 9 -p 10 -p 11 "
				   "-p 12 -p 65535 -p 25");

	(void)state;
	assert_int_equal(c.ports_nr, 16);
	assert_int_equal(c.ports[15].port, 65535);
	refused("-p 1 -p 2 -p 3 -p 4 -p 5 -p 6 -p 7 -p 8 -p 9 -p 10 -p 11 -p 12 -p 13 -p 14",
		"--port: port 14", "at most 13");
}

static void bad_ports_are_refused(void **state)
{
	static const char *const bad[] = {
		"-p 0",
		"-p 65536",
		"-p ''",
		"-p x",
		"-p -1",
		"-p +25",
		"-p 25x",
		"-p 0x19",
		"-p :relay",
		"-p 2.5",
		"-p 99999999999999999999",
	};

	(void)state;
	for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		refused(bad[i], "--port", "1 to 65535");
	refused("-p 2525:mx", "2525:mx", "relay, submission or implicit");
	refused("-p 2525:", "role", "relay, submission or implicit");
	refused("-p 2525:relay:x", "role", "2525:relay");
}

static void unknown_devices_are_refused(void **state)
{
	(void)state;
	refused("-i nosuch0", "no device 'nosuch0'", " lo");
	refused("-i ''", "--interface", "any");
	refused("-i a-name-longer-than-the-kernel-has", "--interface", "any");
}

static void bad_words_are_refused(void **state)
{
	(void)state;
	refused("-o xml", "'xml'", "text or json");
	refused("--attach xdp", "'xdp'", "auto, tcx or clsact");
	refused("--log-file ''", "--log-file", "stdout");
	refused("eth0", "'eth0'", "--help");
	refused("-i lo -- x", "'x'", "--help");
	refused("--no-such", "'--no-such'", "--help");
	refused("--max", "ambiguous", "--help");
	refused("-Z", "-Z", "--help");
	refused("-p", "--port: its value is missing", "PORT[:ROLE]");
	refused("--log-file", "--log-file: its value is missing", "PATH");
	refused("--help=x", "--help takes no value", "leave out");
}

static void numbers_out_of_range_are_refused(void **state)
{
	(void)state;
	refused("--idle-timeout 9", "--idle-timeout: '9'", "from 10 to 86400");
	refused("--idle-timeout 86401", "--idle-timeout", "from 10 to 86400");
	refused("--syn-timeout 0", "--syn-timeout", "from 1 to");
	refused("--syn-timeout -1", "--syn-timeout", "from 1 to");
	refused("--max-connections 63", "--max-connections", "from 64 to");
	refused("--max-connections 4294967360", "--max-connections", "from 64 to");
	refused("--max-hosts 1e3", "--max-hosts", "from 1 to");
	refused("--max-hosts ''", "--max-hosts", "from 1 to");
}

static void listen_addresses_are_checked(void **state)
{
	(void)state;
	assert_null(accepted("--web.listen-address none").listen);
	assert_null(accepted("--web.listen-address ''").listen);
	assert_string_equal(accepted("--web.listen-address :0").listen, ":0");
	assert_string_equal(accepted("--web.listen-address localhost:65535").listen,
			    "localhost:65535");
	refused("--web.listen-address 127.0.0.1", "port is missing", "HOST:PORT");
	refused("--web.listen-address 127.0.0.1:", "port is not a number", "HOST:PORT");
	refused("--web.listen-address 127.0.0.1:http", "port is not a number", "HOST:PORT");
	refused("--web.listen-address :65536", "above 65535", "HOST:PORT");
	refused("--web.listen-address :100000000000000000000", "above 65535", "HOST:PORT");
	refused("--web.listen-address ::1:10093", "needs brackets", "[::1]:10093");
	refused("--web.listen-address [::1:10093", "bracket", "[::1]:10093");
	refused("--web.listen-address []:10093", "between the brackets", "[::1]:10093");
	refused("--web.listen-address [:1", "bracket", "[::1]:10093");
}

static void a_long_word_does_not_break_the_line(void **state)
{
	static const char *const options[] = { "-i",	   "-p",	  "-o",
					       "--attach", "--max-hosts", "--web.listen-address",
					       "" };
	char text[900];

	(void)state;
	for (unsigned int i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		snprintf(text, sizeof(text), "%s %0800d", options[i], 0);
		refused(text, "0000", "");
	}
}

static void a_command_has_its_own_options(void **state)
{
	struct config config;
	char why[CONFIG_WHY_MAX];

	(void)state;
	assert_int_equal(parse(&config, CONFIG_WATCH, "-i lo", why), 0);
	assert_null(config.listen);
	refused_by(CONFIG_WATCH, "--log-file x", "--log-file", "--help");
	refused_by(CONFIG_WATCH, "--web.listen-address :1", "--web.listen-address", "--help");
	refused_by(CONFIG_VERSION, "-i lo", "-i", "--help");
	refused_by(CONFIG_DOCTOR, "-p 25", "-p", "--help");
}

static void read_takes_files_and_what_to_fail_on(void **state)
{
	struct config config;
	char why[CONFIG_WHY_MAX];

	(void)state;
	assert_int_equal(parse(&config, CONFIG_READ, "a.pcap -o json - -p any", why), 0);
	assert_int_equal(config.files_nr, 2);
	assert_true(config.json && config.any_port);
	assert_int_equal(parse(&config, CONFIG_READ,
			       "--fail-on plaintext,weak-tls --fail-on no_mail x", why),
			 0);
	assert_int_equal(config.fail_outcomes, 1U << OUTCOME_PLAINTEXT | 1U << OUTCOME_NO_MAIL);
	assert_int_equal(config.fail_findings, 1U << FINDING_WEAK_TLS);
	for (unsigned int i = 0; i < 3; i++) {
		static const char *const bad[] = { "--fail-on nothing", "--fail-on ''",
						   "--fail-on plaintext,,no_mail" };

		refused_by(CONFIG_READ, bad[i], "--fail-on", "implicit-port-plaintext");
	}
	refused_by(CONFIG_READ, "-i lo", "-i", "--help");
	refused_by(CONFIG_RUN, "-p any", "any", "2525");
	refused_by(CONFIG_RUN, "a.pcap", "a.pcap", "--help");
}

static char *help_of(enum config_command command)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	config_help(out, command);
	assert_int_equal(fclose(out), 0);
	return text;
}

static void help_lists_every_option_in_its_columns(void **state)
{
	static const char *const options[] = {
		"  -i, --interface DEV",
		"  -p, --port PORT[:ROLE]",
		"  -o, --output FORMAT",
		"      --log-file PATH",
		"      --web.listen-address HOST:PORT",
		"      --attach WAY",
		"      --idle-timeout SECONDS",
		"      --syn-timeout SECONDS",
		"      --max-connections NUMBER",
		"      --max-hosts NUMBER",
		"  -h, --help",
	};
	char *help = help_of(CONFIG_RUN), *watch = help_of(CONFIG_WATCH), *save = NULL;

	(void)state;
	for (unsigned int i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		if (!strstr(help, options[i]))
			fail_msg("help lacks '%s'", options[i]);
	assert_null(strstr(watch, "--log-file"));
	assert_null(strstr(watch, "--web.listen-address"));
	for (char *line = strtok_r(help, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		assert_in_range(strlen(line), 1, 90);
	free(help);
	free(watch);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_given_is_the_default),
		cmocka_unit_test(every_option_is_heard),
		cmocka_unit_test(devices_add_up_and_any_is_all),
		cmocka_unit_test(ports_add_up_and_a_role_overrides),
		cmocka_unit_test(sixteen_ports_fit),
		cmocka_unit_test(bad_ports_are_refused),
		cmocka_unit_test(unknown_devices_are_refused),
		cmocka_unit_test(bad_words_are_refused),
		cmocka_unit_test(numbers_out_of_range_are_refused),
		cmocka_unit_test(listen_addresses_are_checked),
		cmocka_unit_test(a_long_word_does_not_break_the_line),
		cmocka_unit_test(a_command_has_its_own_options),
		cmocka_unit_test(read_takes_files_and_what_to_fail_on),
		cmocka_unit_test(help_lists_every_option_in_its_columns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
