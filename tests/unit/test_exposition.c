/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a scrape says, in both formats, and that promtool finds no fault. */
#include "exposition.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "families.h"
#include "names.h"

#define NAME_MAX_LEN 128
#define SERIES_MAX 4096

struct fixture {
	struct metrics metrics;
	struct kernel_stats kernel;
	struct process_stats process;
	struct scrape scrape;
	char *text;
};

static int make_scrape(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct config config;

	if (!f)
		return -1;
	config_default(&config);
	metrics_init(&f->metrics, &config);
	f->kernel.programs_nr = 2;
	strcpy(f->kernel.programs[0].name, "ingress");
	strcpy(f->kernel.programs[1].name, "fifteen_letters");
	f->kernel.programs[0].run_ns = 1500000007;
	f->kernel.programs[1].run_count = 12;
	f->kernel.programs_timed = true;
	f->scrape = (struct scrape){ .metrics = &f->metrics,
				     .kernel = &f->kernel,
				     .process = &f->process };
	*state = f;
	return 0;
}

static int free_scrape(void **state)
{
	struct fixture *f = *state;

	free(f->text);
	free(f);
	return 0;
}

static const char *render(struct fixture *f, enum exposition_format format)
{
	size_t len;
	FILE *out;

	free(f->text);
	out = open_memstream(&f->text, &len);
	assert_non_null(out);
	exposition_render(&f->scrape, format, out);
	assert_int_equal(fclose(out), 0);
	return f->text;
}

/* The line of a series, as "name{labels}" has it, without its value; or NULL. */
static const char *find(const char *text, const char *series)
{
	size_t len = strlen(series);

	for (const char *line = text; *line; line = strchr(line, '\n') + 1)
		if (!strncmp(line, series, len) && line[len] == ' ')
			return line + len + 1;
	return NULL;
}

static void series_is(const char *text, const char *series, const char *value)
{
	const char *found = find(text, series);
	size_t len = strlen(value);

	if (!found)
		fail_msg("there is no %s", series);
	else if (strncmp(found, value, len) != 0 || found[len] != '\n')
		fail_msg("%s is %.20s, not %s", series, found, value);
}

static unsigned int count(const char *text, const char *words)
{
	unsigned int nr = 0;

	while ((text = strstr(text, words))) {
		text += strlen(words);
		nr++;
	}
	return nr;
}

static void every_closed_set_begins_at_zero(void **state)
{
	const char *text = render(*state, EXPOSITION_TEXT);

	assert_int_equal(count(text, "\nsmtpscope_sessions_total{"), DIRECTION_NR * 3 * OUTCOME_NR);
	series_is(
		text,
		"smtpscope_sessions_total{direction=\"forward\",port=\"465\",outcome=\"refused\"}",
		"0");
	assert_int_equal(count(text, "\nsmtpscope_plaintext_sessions_total{"),
			 DIRECTION_NR * REASON_NR);
	assert_int_equal(count(text, "\nsmtpscope_undetermined_sessions_total{"), CAUSE_NR - 1);
	assert_int_equal(count(text, "\nsmtpscope_plaintext_auth_sessions_total{"), AUTH_NR - 1);
	assert_int_equal(count(text, "\nsmtpscope_starttls_failures_total{"),
			 STARTTLS_FAILURE_NR - 1);
	assert_int_equal(count(text, "\nsmtpscope_starttls_offers_total{"), OFFER_NR);
	assert_int_equal(count(text, "\nsmtpscope_tls_handshakes_total{"), TLS_VERSION_NR);
	assert_int_equal(count(text, "\nsmtpscope_replies_total{"), REPLY_CLASS_NR);
	assert_int_equal(count(text, "\nsmtpscope_notable_replies_total{"), NOTABLE_NR);
	assert_int_equal(count(text, "\nsmtpscope_findings_total{"), FINDING_NR);
	series_is(text, "smtpscope_findings_total{rule=\"starttls-masked\"}", "0");
}

static void values_stand_at_their_labels(void **state)
{
	struct fixture *f = *state;
	const char *text;

	f->metrics.sessions[DIRECTION_EGRESS][1][OUTCOME_PLAINTEXT] = 11;
	f->metrics.plaintext[DIRECTION_LOCAL][REASON_MASKED] = 12;
	f->metrics.bytes[DIRECTION_INGRESS][SENDER_SERVER] = 18446744073709551615ULL;
	f->metrics.auths[AUTH_OTHER] = 14;
	f->metrics.starttls_failures[STARTTLS_FAILURE_NO_SERVER_HELLO] = 15;
	f->metrics.notable[NOTABLE_454] = 16;
	f->metrics.replies[5] = 17;
	f->metrics.undetermined[CAUSE_TLS_FAILED] = 18;
	text = render(f, EXPOSITION_TEXT);
	series_is(text,
		  "smtpscope_sessions_total{direction=\"egress\",port=\"587\","
		  "outcome=\"plaintext\"}",
		  "11");
	series_is(text, "smtpscope_plaintext_sessions_total{direction=\"local\",reason=\"masked\"}",
		  "12");
	series_is(text, "smtpscope_payload_bytes_total{direction=\"ingress\",sender=\"server\"}",
		  "18446744073709551615");
	series_is(text, "smtpscope_plaintext_auth_sessions_total{mechanism=\"other\"}", "14");
	series_is(text, "smtpscope_starttls_failures_total{reason=\"no_server_hello\"}", "15");
	series_is(text, "smtpscope_notable_replies_total{code=\"454\"}", "16");
	series_is(text, "smtpscope_replies_total{class=\"5xx\"}", "17");
	series_is(text, "smtpscope_undetermined_sessions_total{cause=\"tls_failed\"}", "18");
}

static void every_kernel_counter_is_told_once(void **state)
{
	struct fixture *f = *state;
	char value[32];
	const char *text;

	for (unsigned int i = 0; i < COUNTER_NR; i++)
		f->kernel.counters[i] = 70001 + i;
	text = render(f, EXPOSITION_TEXT);
	for (unsigned int i = 0; i < COUNTER_NR; i++) {
		snprintf(value, sizeof(value), "_total %u\n", 70001 + i);
		if (count(text, value) != 1)
			fail_msg("%s is told %u times", counter_name(i), count(text, value));
	}
	snprintf(value, sizeof(value), "%u", 70001 + COUNTER_TABLE_FULL);
	series_is(text, "smtpscope_connections_untracked_total", value);
}

static void tables_and_the_way_here_are_told(void **state)
{
	struct fixture *f = *state;
	const char *text;

	f->kernel.connections = 1;
	f->kernel.connections_max = 2;
	f->kernel.half_open = 3;
	f->kernel.half_open_max = 4;
	f->kernel.devices = 5;
	f->scrape.events_read = 6;
	f->scrape.events_lost = 7;
	f->scrape.log_lines_dropped = 8;
	f->scrape.hosts = 9;
	f->scrape.hosts_max = 10;
	f->scrape.kernel_failures = 11;
	text = render(f, EXPOSITION_TEXT);
	series_is(text, "smtpscope_sessions_active", "1");
	series_is(text, "smtpscope_table_entries{table=\"connections\"}", "1");
	series_is(text, "smtpscope_table_capacity{table=\"connections\"}", "2");
	series_is(text, "smtpscope_table_entries{table=\"half_open\"}", "3");
	series_is(text, "smtpscope_table_capacity{table=\"half_open\"}", "4");
	series_is(text, "smtpscope_devices", "5");
	series_is(text, "smtpscope_events_read_total", "6");
	series_is(text, "smtpscope_events_lost_total", "7");
	series_is(text, "smtpscope_log_lines_dropped_total", "8");
	series_is(text, "smtpscope_hosts", "9");
	series_is(text, "smtpscope_hosts_limit", "10");
	series_is(text, "smtpscope_kernel_read_failures_total", "11");
	series_is(text, "smtpscope_build_info{version=\"" SMTPSCOPE_VERSION "\"}", "1");
}

static void programs_are_told_while_they_are_timed(void **state)
{
	struct fixture *f = *state;
	const char *text = render(f, EXPOSITION_TEXT);

	series_is(text, "smtpscope_program_run_seconds_total{program=\"ingress\"}", "1.500000007");
	series_is(text, "smtpscope_program_runs_total{program=\"fifteen_letters\"}", "12");
	assert_int_equal(count(text, "\nsmtpscope_program_runs_total{"), 2);
	f->kernel.programs_timed = false;
	text = render(f, EXPOSITION_TEXT);
	assert_null(strstr(text, "smtpscope_program_"));
	assert_non_null(strstr(text, "smtpscope_packets_total"));
}

static void what_could_not_be_read_is_left_out(void **state)
{
	struct fixture *f = *state;
	const char *text;

	f->scrape.kernel = NULL;
	text = render(f, EXPOSITION_TEXT);
	assert_null(strstr(text, "smtpscope_packets"));
	assert_null(strstr(text, "smtpscope_table_"));
	assert_null(strstr(text, "smtpscope_program_"));
	assert_null(strstr(text, "smtpscope_sessions_active"));
	assert_non_null(find(text, "process_open_fds"));
	assert_non_null(find(text, "smtpscope_events_lost_total"));
	f->scrape.process = NULL;
	text = render(f, EXPOSITION_TEXT);
	assert_null(strstr(text, "process_"));
	assert_non_null(find(text, "smtpscope_events_lost_total"));
}

static void this_process_is_told(void **state)
{
	struct fixture *f = *state;
	const char *text;

	f->process.start_ns = 1700000000250000000;
	assert_int_equal(process_read(&f->process), 0);
	assert_in_range(f->process.resident_bytes, 100000, f->process.virtual_bytes);
	assert_in_range(f->process.open_fds, 3, f->process.max_fds);
	assert_in_range(f->process.cpu_ns, 1, 600000000000ULL);
	text = render(f, EXPOSITION_TEXT);
	series_is(text, "process_start_time_seconds", "1700000000.250000000");
	assert_non_null(find(text, "process_cpu_seconds_total"));
	assert_non_null(find(text, "process_max_fds"));
	assert_non_null(find(text, "process_virtual_memory_bytes"));
	assert_non_null(find(text, "process_resident_memory_bytes"));
}

static void an_open_descriptor_is_counted(void **state)
{
	struct fixture *f = *state;
	struct process_stats more = { 0 };
	FILE *file;

	assert_int_equal(process_read(&f->process), 0);
	file = fopen("/dev/null", "re");
	assert_non_null(file);
	assert_int_equal(process_read(&more), 0);
	fclose(file);
	assert_int_equal(more.open_fds, f->process.open_fds + 1);
}

/* Its exit status: 0 only if it is installed and finds no fault. */
static int promtool(const char *text)
{
	int ends[2], status;
	pid_t child;

	assert_int_equal(pipe(ends), 0);
	child = fork();
	assert_true(child >= 0);
	if (!child) {
		dup2(ends[0], STDIN_FILENO);
		dup2(STDERR_FILENO, STDOUT_FILENO);
		close(ends[1]);
		execlp("promtool", "promtool", "check", "metrics", NULL);
		_exit(127);
	}
	close(ends[0]);
	signal(SIGPIPE, SIG_IGN);
	for (size_t len = strlen(text), done = 0; done < len;) {
		ssize_t written = write(ends[1], text + done, len - done);

		if (written <= 0)
			break;
		done += written;
	}
	close(ends[1]);
	assert_int_equal(waitpid(child, &status, 0), child);
	return status;
}

static void promtool_finds_no_fault(void **state)
{
	assert_int_equal(promtool(render(*state, EXPOSITION_TEXT)), 0);
}

static void promtool_would_find_a_fault(void **state)
{
	(void)state;
	assert_int_not_equal(promtool("# TYPE badName counter\nbadName 1\n"), 0);
	assert_int_not_equal(promtool("x 1\nx 1\n"), 0);
}

/* A family while its lines are read. */
struct reader {
	char name[NAME_MAX_LEN];
	char type[NAME_MAX_LEN];
	const char *series[SERIES_MAX];
	unsigned int series_nr;
};

static const char *suffix_of(const struct reader *reader)
{
	if (!strcmp(reader->type, "counter"))
		return "_total";
	return strcmp(reader->type, "info") != 0 ? "" : "_info";
}

/* HELP, then TYPE of the same name, then samples: in OpenMetrics with the
 * suffix of the type, in the older format with the name as it is.
 */
static void read_line(struct reader *reader, char *line, bool openmetrics)
{
	char help[NAME_MAX_LEN], expected[2 * NAME_MAX_LEN];
	size_t len = strcspn(line, "{ ");

	if (sscanf(line, "# HELP %127s", help) == 1) {
		for (unsigned int i = 0; i < reader->series_nr; i++)
			assert_false(!strncmp(reader->series[i], help, strlen(help)) &&
				     strchr("{ ", reader->series[i][strlen(help)]));
		snprintf(reader->name, sizeof(reader->name), "%s", help);
		reader->type[0] = '\0';
		return;
	}
	if (line[0] == '#') {
		assert_int_equal(sscanf(line, "# TYPE %127s %127s", help, reader->type), 2);
		assert_string_equal(help, reader->name);
		assert_false(openmetrics && strstr(help, "_total"));
		return;
	}
	snprintf(expected, sizeof(expected), "%s%s", reader->name,
		 openmetrics ? suffix_of(reader) : "");
	assert_true(reader->type[0]);
	assert_int_equal(len, strlen(expected));
	assert_memory_equal(line, expected, len);
	*strrchr(line, ' ') = '\0'; /* the value */
	assert_true(reader->series_nr < SERIES_MAX);
	reader->series[reader->series_nr++] = line;
}

static int compare_series(const void *left, const void *right)
{
	return strcmp(*(const char *const *)left, *(const char *const *)right);
}

static void read_all(char *text, bool openmetrics)
{
	static struct reader reader;
	char *save = NULL, *line;

	memset(&reader, 0, sizeof(reader));
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (openmetrics && !strcmp(line, "# EOF")) {
			assert_null(strtok_r(NULL, "\n", &save));
			openmetrics = false;
			break;
		}
		read_line(&reader, line, openmetrics);
	}
	assert_false(openmetrics); /* the end was marked */
	assert_in_range(reader.series_nr, families_nr, SERIES_MAX);
	qsort(reader.series, reader.series_nr, sizeof(reader.series[0]), compare_series);
	for (unsigned int i = 1; i < reader.series_nr; i++)
		if (!strcmp(reader.series[i - 1], reader.series[i]))
			fail_msg("%s is told twice", reader.series[i]);
}

static void text_is_well_formed(void **state)
{
	struct fixture *f = *state;

	render(f, EXPOSITION_TEXT);
	assert_null(strstr(f->text, "# EOF"));
	assert_non_null(strstr(f->text, "# TYPE smtpscope_sessions_total counter\n"));
	assert_non_null(strstr(f->text, "# TYPE smtpscope_build_info gauge\n"));
	read_all(f->text, false);
}

static void openmetrics_is_well_formed(void **state)
{
	struct fixture *f = *state;

	render(f, EXPOSITION_OPENMETRICS);
	assert_string_equal(f->text + strlen(f->text) - 6, "# EOF\n");
	assert_non_null(strstr(f->text, "# TYPE smtpscope_sessions counter\n"));
	assert_non_null(strstr(f->text, "# HELP smtpscope_sessions "));
	assert_non_null(strstr(f->text, "# TYPE smtpscope_build info\n"));
	read_all(f->text, true);
}

static void every_family_is_named_and_explained(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < families_nr; i++) {
		const struct family *family = &families[i];

		assert_true(!strncmp(family->name, "smtpscope_", 10) ||
			    !strncmp(family->name, "process_", 8));
		assert_null(strstr(family->name, "_total"));
		assert_in_range(strlen(family->help), 20, 160);
		assert_null(strpbrk(family->help, "\n\\"));
		assert_int_equal(family->help[strlen(family->help) - 1], '.');
	}
}

static void accept_decides_the_format(void **state)
{
	static const struct {
		const char *accept;
		enum exposition_format format;
	} cases[] = {
		{ NULL, EXPOSITION_TEXT },
		{ "", EXPOSITION_TEXT },
		{ "*/*", EXPOSITION_TEXT },
		{ "application/openmetrics-text", EXPOSITION_OPENMETRICS },
		/* Prometheus 2 and 3 */
		{ "application/openmetrics-text;version=1.0.0,application/openmetrics-text;"
		  "version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
		  EXPOSITION_OPENMETRICS },
		{ "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,"
		  "application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;"
		  "escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,/;q=0.1",
		  EXPOSITION_OPENMETRICS },
		{ "application/openmetrics-text;version=0.0.1", EXPOSITION_TEXT },
		{ "application/openmetrics-text; q=0", EXPOSITION_TEXT },
		{ "application/openmetrics-text; q=0.4, text/plain", EXPOSITION_TEXT },
		{ "text/plain;q=0.2 , Application/OpenMetrics-Text ;Q=0.9",
		  EXPOSITION_OPENMETRICS },
		{ "application/openmetrics-textual", EXPOSITION_TEXT },
		{ ",,;;,;q=1,", EXPOSITION_TEXT },
		{ "application/openmetrics-text;q=nan", EXPOSITION_TEXT },
		{ "a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,application/openmetrics-text", EXPOSITION_TEXT },
	};

	(void)state;
	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (exposition_negotiate(cases[i].accept) != cases[i].format)
			fail_msg("Accept: %s", cases[i].accept);
	assert_string_equal(exposition_content_type(EXPOSITION_TEXT),
			    "text/plain; version=0.0.4; charset=utf-8");
	assert_string_equal(exposition_content_type(EXPOSITION_OPENMETRICS),
			    "application/openmetrics-text; version=1.0.0; charset=utf-8");
}

#define SCRAPE_TEST(test) cmocka_unit_test_setup_teardown(test, make_scrape, free_scrape)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCRAPE_TEST(every_closed_set_begins_at_zero),
		SCRAPE_TEST(values_stand_at_their_labels),
		SCRAPE_TEST(every_kernel_counter_is_told_once),
		SCRAPE_TEST(tables_and_the_way_here_are_told),
		SCRAPE_TEST(programs_are_told_while_they_are_timed),
		SCRAPE_TEST(what_could_not_be_read_is_left_out),
		SCRAPE_TEST(this_process_is_told),
		SCRAPE_TEST(an_open_descriptor_is_counted),
		SCRAPE_TEST(promtool_finds_no_fault),
		cmocka_unit_test(promtool_would_find_a_fault),
		SCRAPE_TEST(text_is_well_formed),
		SCRAPE_TEST(openmetrics_is_well_formed),
		cmocka_unit_test(every_family_is_named_and_explained),
		cmocka_unit_test(accept_decides_the_format),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
