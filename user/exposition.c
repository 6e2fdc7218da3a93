/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Tells the metrics in the two formats that Prometheus reads. */
#include "exposition.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "families.h"

#define NS_PER_SECOND 1000000000ULL

/* Elements of an Accept header that are read; Prometheus sends five. */
#define ACCEPT_MAX 16
/* An element longer than this names no type that we have. */
#define ACCEPT_ELEMENT_MAX 256

/* What one rendering needs at hand. */
struct render {
	FILE *out;
	enum exposition_format format;
	const struct metrics *metrics;
	const struct family_view *view;
	const void *sources[SOURCE_NR]; /* NULL: unknown, its families are left out */
};

static const struct {
	const char *name[EXPOSITION_NR];
	const char *suffix;
} types[FAMILY_TYPE_NR] = {
	[FAMILY_COUNTER] = { { "counter", "counter" }, "_total" },
	[FAMILY_GAUGE] = { { "gauge", "gauge" }, "" },
	/* text 0.0.4 knows no info */
	[FAMILY_INFO] = { { "gauge", "info" }, "_info" },
};

static void view_fill(struct family_view *view, const struct kernel_stats *kernel)
{
	view->devices = kernel->devices;
	view->table_entries[TABLE_CONNECTIONS] = kernel->connections;
	view->table_capacity[TABLE_CONNECTIONS] = kernel->connections_max;
	view->table_entries[TABLE_HALF_OPEN] = kernel->half_open;
	view->table_capacity[TABLE_HALF_OPEN] = kernel->half_open_max;
	view->programs_nr = kernel->programs_nr;
	for (unsigned int i = 0; i < kernel->programs_nr; i++) {
		view->programs[i] = kernel->programs[i].name;
		view->run_ns[i] = kernel->programs[i].run_ns;
		view->runs[i] = kernel->programs[i].run_count;
	}
}

/* Where the dimension's values end in this rendering. */
static unsigned int dimension_end(const struct render *render, enum dimension_id id)
{
	if (id == DIMENSION_PORT)
		return render->metrics->ports_nr;
	if (id == DIMENSION_PROGRAM)
		return render->view->programs_nr;
	return dimensions[id].nr;
}

static void print_label(const struct render *render, enum dimension_id id, unsigned int index)
{
	const struct dimension *dimension = &dimensions[id];

	fprintf(render->out, "%s=\"", dimension->label);
	if (id == DIMENSION_PORT)
		fprintf(render->out, "%u", render->metrics->ports[index]);
	else if (id == DIMENSION_PROGRAM)
		fputs(render->view->programs[index], render->out);
	else
		fputs(dimension->name ? dimension->name(index) : dimension->names[index],
		      render->out);
	fputc('"', render->out);
}

static void print_sample(const struct render *render, const struct family *family,
			 const unsigned int *at, __u64 value)
{
	const char *before = "{";

	fprintf(render->out, "%s%s", family->name, types[family->type].suffix);
	for (unsigned int i = 0; i < FAMILY_DIMENSIONS_MAX && family->dimensions[i]; i++) {
		fputs(before, render->out);
		print_label(render, family->dimensions[i], at[i]);
		before = ",";
	}
	fputs(*before == ',' ? "} " : " ", render->out);
	if (family->ns)
		fprintf(render->out, "%llu.%09llu\n", value / NS_PER_SECOND, value % NS_PER_SECOND);
	else
		fprintf(render->out, "%llu\n", value);
}

static void print_header(const struct render *render, const struct family *family)
{
	/* OpenMetrics names a family without the suffix of its samples */
	const char *suffix = render->format == EXPOSITION_TEXT ? types[family->type].suffix : "";

	fprintf(render->out, "# HELP %s%s %s\n# TYPE %s%s %s\n", family->name, suffix, family->help,
		family->name, suffix, types[family->type].name[render->format]);
}

static void print_family(const struct render *render, const struct family *family)
{
	const char *base = render->sources[family->source];
	const __u64 *values = (const __u64 *)(base + family->offset);
	const enum dimension_id *id = family->dimensions;
	unsigned int first[FAMILY_DIMENSIONS_MAX], end[FAMILY_DIMENSIONS_MAX];
	unsigned int nr[FAMILY_DIMENSIONS_MAX], at[FAMILY_DIMENSIONS_MAX];

	for (unsigned int i = 0; i < FAMILY_DIMENSIONS_MAX; i++) {
		first[i] = dimensions[id[i]].first;
		end[i] = dimension_end(render, id[i]);
		nr[i] = dimensions[id[i]].nr;
	}
	print_header(render, family);
	for (at[0] = first[0]; at[0] < end[0]; at[0]++)
		for (at[1] = first[1]; at[1] < end[1]; at[1]++)
			for (at[2] = first[2]; at[2] < end[2]; at[2]++)
				print_sample(render, family, at,
					     values[(at[0] * nr[1] + at[1]) * nr[2] + at[2]]);
}

const char *exposition_content_type(enum exposition_format format)
{
	return format == EXPOSITION_OPENMETRICS ?
		       "application/openmetrics-text; version=1.0.0; charset=utf-8" :
		       "text/plain; version=0.0.4; charset=utf-8";
}

/* One element: which of our formats it names, and how much it is wanted. */
static void accept_element(char *element, double weights[EXPOSITION_NR])
{
	static const char blank[] = " \t";
	char *save = NULL, *type = strtok_r(element, ";", &save), *parameter;
	enum exposition_format format;
	double weight = 1;

	if (!type)
		return;
	type += strspn(type, blank);
	type[strcspn(type, blank)] = '\0';
	if (!strcasecmp(type, "application/openmetrics-text"))
		format = EXPOSITION_OPENMETRICS;
	else if (!strcasecmp(type, "text/plain"))
		format = EXPOSITION_TEXT;
	else
		return;
	while ((parameter = strtok_r(NULL, ";", &save))) {
		parameter += strspn(parameter, blank);
		if (!strncasecmp(parameter, "q=", 2))
			weight = strtod(parameter + 2, NULL);
		else if (format == EXPOSITION_OPENMETRICS &&
			 !strncasecmp(parameter, "version=", 8) &&
			 strncmp(parameter + 8, "1.0.0", 5) != 0)
			return;
	}
	if (weight > weights[format])
		weights[format] = weight;
}

enum exposition_format exposition_negotiate(const char *accept)
{
	double weights[EXPOSITION_NR] = { 0 };
	char element[ACCEPT_ELEMENT_MAX];
	size_t len;

	for (unsigned int i = 0; accept && *accept && i < ACCEPT_MAX; i++) {
		len = strcspn(accept, ",");
		if (len < sizeof(element)) {
			memcpy(element, accept, len);
			element[len] = '\0';
			accept_element(element, weights);
		}
		accept += len + (accept[len] == ',');
	}
	if (weights[EXPOSITION_OPENMETRICS] > 0 &&
	    weights[EXPOSITION_OPENMETRICS] >= weights[EXPOSITION_TEXT])
		return EXPOSITION_OPENMETRICS;
	return EXPOSITION_TEXT;
}

void exposition_render(const struct scrape *scrape, enum exposition_format format, FILE *out)
{
	static const __u64 one = 1;
	struct family_view view = { 0 };
	struct render render = {
		.out = out,
		.format = format,
		.metrics = scrape->metrics,
		.view = &view,
		.sources = {
			[SOURCE_METRICS] = scrape->metrics,
			[SOURCE_SCRAPE] = scrape,
			[SOURCE_PROCESS] = scrape->process,
			[SOURCE_BUILD] = &one,
		},
	};

	if (scrape->kernel) {
		view_fill(&view, scrape->kernel);
		render.sources[SOURCE_KERNEL] = scrape->kernel;
		render.sources[SOURCE_VIEW] = &view;
		if (scrape->kernel->programs_timed)
			render.sources[SOURCE_TIMED] = &view;
	}
	for (unsigned int i = 0; i < families_nr; i++)
		if (render.sources[families[i].source])
			print_family(&render, &families[i]);
	if (format == EXPOSITION_OPENMETRICS)
		fputs("# EOF\n", out);
}
