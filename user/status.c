/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The table of hosts and the summary, for SIGUSR1 and at exit. */
#include "status.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "findings.h"
#include "hosts.h"
#include "names.h"
#include "track.h"

/* Rows of the table: the worst hosts stand first, the rest is told as a number. */
#define STATUS_HOSTS_MAX 50
/* Columns of a number: six digits, or five and a unit. */
#define NUMBER_MAX 8

static const char *const host_roles[HOST_ROLE_NR] = {
	[HOST_CLIENT] = "client",
	[HOST_SERVER] = "server",
};

/* At most six columns, whatever the number. */
static const char *number(char buf[NUMBER_MAX], __u64 value)
{
	static const char units[] = " kMGTPE";
	unsigned int unit = 0;

	if (value < 1000000) {
		snprintf(buf, NUMBER_MAX, "%u", (unsigned int)value);
		return buf;
	}
	for (; value >= 100000; unit++)
		value /= 1000;
	snprintf(buf, NUMBER_MAX, "%u%c", (unsigned int)value, units[unit]);
	return buf;
}

/* The most mail in clear first, then the busiest, then by address. */
static int compare_hosts(const void *left, const void *right)
{
	const struct host *a = *(const struct host *const *)left;
	const struct host *b = *(const struct host *const *)right;
	__u64 a_clear = a->counts.outcomes[OUTCOME_PLAINTEXT];
	__u64 b_clear = b->counts.outcomes[OUTCOME_PLAINTEXT];
	int order;

	if (a_clear != b_clear)
		return a_clear < b_clear ? 1 : -1;
	if (a->counts.sessions != b->counts.sessions)
		return a->counts.sessions < b->counts.sessions ? 1 : -1;
	order = memcmp(a->address, b->address, sizeof(a->address));
	return order ? order : (int)a->role - (int)b->role;
}

static void print_row(FILE *out, int width, const char *name, enum host_role role,
		      const struct host_counts *c)
{
	const __u64 shown[] = {
		c->outcomes[OUTCOME_PLAINTEXT],
		c->outcomes[OUTCOME_STARTTLS],
		c->outcomes[OUTCOME_IMPLICIT_TLS],
	};
	__u64 others = c->sessions - shown[0] - shown[1] - shown[2];
	char text[9][NUMBER_MAX];

	fprintf(out, "%-*s %-6s %8s %9s %8s %8s %6s %7s %6s %6s %7s\n", width, name,
		host_roles[role], number(text[0], c->sessions), number(text[1], shown[0]),
		number(text[2], shown[1]), number(text[3], shown[2]), number(text[4], others),
		number(text[5], c->starttls_offered), number(text[6], c->mails),
		number(text[7], c->rcpts), number(text[8], c->auth_exposed));
}

static void print_others(FILE *out, const struct hosts *hosts, int width)
{
	for (unsigned int role = 0; role < HOST_ROLE_NR; role++) {
		const struct host_counts *other = hosts_other(hosts, role);

		if (other->sessions)
			print_row(out, width, "other", role, other);
	}
}

static int widest_address(const struct host *const *list, unsigned int nr)
{
	char address[ADDRESS_TEXT_MAX];
	int width = strlen("255.255.255.255");

	for (unsigned int i = 0; i < nr; i++) {
		int len = strlen(address_text(list[i]->address, address));

		width = len > width ? len : width;
	}
	return width;
}

static void print_hosts(FILE *out, const struct hosts *hosts)
{
	unsigned int nr = hosts_count(hosts), shown, i = 0;
	const struct host **list = calloc(nr + 1, sizeof(*list));
	const struct host *host = NULL;
	char address[ADDRESS_TEXT_MAX];
	int width;

	if (!list) {
		fprintf(out, "%u hosts: no memory to sort them\n", nr);
		return;
	}
	while ((host = hosts_next(hosts, host)))
		list[i++] = host;
	qsort(list, nr, sizeof(*list), compare_hosts);
	shown = nr < STATUS_HOSTS_MAX ? nr : STATUS_HOSTS_MAX;
	width = widest_address(list, shown);
	fprintf(out, "%-*s %-6s %8s %9s %8s %8s %6s %7s %6s %6s %7s\n", width, "HOST", "ROLE",
		"SESSIONS", "PLAINTEXT", "STARTTLS", "IMPLICIT", "OTHER", "OFFERED", "MAILS",
		"RCPTS", "SECRETS");
	for (i = 0; i < shown; i++)
		print_row(out, width, address_text(list[i]->address, address), list[i]->role,
			  &list[i]->counts);
	print_others(out, hosts, width);
	if (nr > shown)
		fprintf(out, "and %u more hosts\n", nr - shown);
	free(list);
}

static void print_outcomes(FILE *out, const struct host_counts *totals)
{
	fprintf(out, "\n%-24s %10s\n", "OUTCOME", "SESSIONS");
	for (unsigned int i = 0; i < OUTCOME_NR; i++)
		if (totals->outcomes[i])
			fprintf(out, "%-24s %10llu\n", outcome_name(i), totals->outcomes[i]);
	fprintf(out, "%-24s %10llu\n", "all", totals->sessions);
	fprintf(out,
		"in clear: %llu mails to %llu recipients, %llu sessions with a secret\n"
		"STARTTLS: offered in %llu sessions, not offered in %llu, asked for in %llu\n",
		totals->mails, totals->rcpts, totals->auth_exposed, totals->starttls_offered,
		totals->starttls_not_offered, totals->starttls_requested);
}

static void print_findings(FILE *out, const struct totals *totals)
{
	bool any = false;

	for (unsigned int i = 0; i < FINDING_NR; i++) {
		if (!totals->findings[i])
			continue;
		if (!any)
			fprintf(out, "\n%-24s %10s  %s\n", "FINDING", "TOLD", "REMEDY");
		any = true;
		fprintf(out, "%-24s %10llu  %s\n", finding_name(i), totals->findings[i],
			finding_remedy(i));
	}
}

void status_print(FILE *out, const struct hosts *hosts, const struct totals *totals)
{
	if (hosts_totals(hosts)->sessions) {
		print_hosts(out, hosts);
		print_outcomes(out, hosts_totals(hosts));
	} else {
		fprintf(out, "no session ended yet\n");
	}
	print_findings(out, totals);
	if (totals->lost)
		fprintf(out, "\n%llu records were lost: the numbers above are too low\n",
			totals->lost);
	fflush(out);
}
