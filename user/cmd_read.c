/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* smtpscope read: capture files through the same engine as live packets. */
#include "cmd.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "capture.h"
#include "config.h"
#include "flow.h"
#include "hosts.h"
#include "log.h"
#include "metrics.h"
#include "names.h"
#include "status.h"
#include "track.h"

static const char help[] =
	"usage: smtpscope read [OPTION]... FILE...\n\n"
	"Reads pcap and pcapng files, - is standard input, each as a capture of its own:\n"
	"one line for each session and each finding, then the table of hosts on stderr.\n"
	"A session that is still open at the end of its file ends with it.\n\n"
	"examples:\n"
	"  smtpscope read mail.pcap\n"
	"  smtpscope read -p 2525:submission -o json mail.pcapng\n"
	"  tcpdump -i eth0 -w - port 25 | smtpscope read -\n"
	"  smtpscope read --fail-on plaintext,weak-tls *.pcap    exits with 3 if seen\n\n"
	"options:";

/* Why packets of the files were not read, or not whole. */
static const enum counter losses[] = {
	COUNTER_FRAGMENTS,  COUNTER_MALFORMED,	    COUNTER_EXTENSIONS,
	COUNTER_TABLE_FULL, COUNTER_HALF_OPEN_FULL, COUNTER_STEPS,
};

struct read {
	struct config config;
	struct metrics metrics;
	struct track track;
	struct log *log;
	struct hosts *hosts;
	struct flow *flow;
};

/* One line that says what is wrong. Returns the code. */
__attribute__((format(printf, 2, 3))) static int complain(int code, const char *format, ...)
{
	va_list args;

	fputs("smtpscope read: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	return code;
}

static void on_record(void *ctx, const struct record *record)
{
	struct read *r = ctx;

	track_record(&r->track, record);
}

static int open_parts(struct read *r)
{
	int err;

	err = log_open(&r->log, NULL, r->config.json ? LOG_JSON : LOG_TEXT);
	if (!err)
		err = hosts_open(&r->hosts, r->config.hosts_max);
	if (!err)
		err = flow_open(&r->flow, &r->config, on_record, r);
	if (err)
		return complain(EXIT_CODE_FAILURE, "cannot begin: %s", strerror(-err));
	metrics_init(&r->metrics, &r->config);
	r->track.log = r->log;
	r->track.hosts = r->hosts;
	r->track.metrics = &r->metrics;
	return EXIT_CODE_OK;
}

static int read_file(struct read *r, const char *path)
{
	const char *name = strcmp(path, "-") == 0 ? "standard input" : path;
	char why[CAPTURE_WHY_MAX];
	struct capture *capture;
	struct flow_packet packet;
	int got;

	if (capture_open(&capture, path, why))
		return complain(EXIT_CODE_FAILURE, "%s: %s", name, why);
	while ((got = capture_next(capture, &packet, why)) > 0)
		flow_packet(r->flow, &packet);
	capture_close(capture);
	flow_flush(r->flow);
	if (got < 0)
		return complain(EXIT_CODE_FAILURE, "%s: %s; what stands before was read", name,
				why);
	return EXIT_CODE_OK;
}

static void print_losses(const struct read *r)
{
	for (unsigned int i = 0; i < sizeof(losses) / sizeof(losses[0]); i++) {
		__u64 lost = flow_counter(r->flow, losses[i]);

		if (lost)
			fprintf(stderr, "not read: %llu %s\n", lost, counter_name(losses[i]));
	}
}

/* --fail-on: a session or a finding of those was told. */
static bool failed_on(const struct read *r)
{
	const struct host_counts *totals = hosts_totals(r->hosts);

	for (unsigned int i = 0; i < OUTCOME_NR; i++)
		if ((r->config.fail_outcomes >> i & 1) && totals->outcomes[i])
			return true;
	for (unsigned int i = 0; i < FINDING_NR; i++)
		if ((r->config.fail_findings >> i & 1) && r->track.totals.findings[i])
			return true;
	return false;
}

static int read_all(struct read *r)
{
	int code = open_parts(r);

	if (code)
		return code;
	for (unsigned int i = 0; i < r->config.files_nr; i++)
		code |= read_file(r, r->config.files[i]);
	status_print(stderr, r->hosts, &r->track.totals);
	print_losses(r);
	if (log_dropped(r->log))
		return complain(EXIT_CODE_FAILURE, "%llu lines could not be written",
				log_dropped(r->log));
	if (!code && failed_on(r))
		code = EXIT_CODE_FINDINGS;
	return code;
}

int cmd_read(int argc, char **argv)
{
	struct read r = { 0 };
	char why[CONFIG_WHY_MAX];
	int code;

	if (config_parse(&r.config, CONFIG_READ, argc, argv, why))
		return complain(EXIT_CODE_USAGE, "%s", why);
	if (r.config.help) {
		puts(help);
		config_help(stdout, CONFIG_READ);
		return EXIT_CODE_OK;
	}
	if (!r.config.files_nr)
		return complain(
			EXIT_CODE_USAGE,
			"there is no file to read; give a capture, or - for standard input");
	code = read_all(&r);
	flow_close(r.flow);
	hosts_close(r.hosts);
	log_close(r.log);
	return code;
}
