/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Every dialogue through the real programs: the same records as the core's. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "claim.h"
#include "dialogues.h"
#include "engine.h"
#include "kernel.h"

/* Byte by byte, a packet takes some 10 us. */
#define BYTES_MAX 20000

static struct kernel *kernel;

/* Plays it; false if the records are not one ending and its findings. */
static bool run_kernel(const struct dialogue *d, const struct play *how, __u8 version,
		       struct record *rec)
{
	struct kernel_path path = kernel_connect(kernel, version, d->port);
	__u32 told = 0;

	kernel_forget(kernel);
	play(d, how, kernel_play, &path);
	kernel_poll(kernel);
	if (d->end == DIALOGUE_END_UNANSWERED)
		kernel_sweep(kernel, kernel->config.syn_seconds + 1);
	else if (d->end == DIALOGUE_END_IDLE)
		kernel_sweep(kernel, kernel->config.idle_seconds + 1);
	kernel_flush(kernel);
	for (unsigned int i = 0; i < kernel->records_nr; i++) {
		const struct record *r = &kernel->records[i];

		/* each finding is told once, and the ending comes last */
		if (r->fresh & told || (r->ending == ENDING_OPEN) != (i + 1 < kernel->records_nr))
			return false;
		told |= r->fresh;
		*rec = *r;
	}
	return kernel->records_nr && told == (rec->client.findings | rec->server.findings);
}

static void run_core(const struct dialogue *d, const struct play *how, struct record *rec)
{
	static struct engine engine;

	engine_begin(&engine, d->role);
	play(d, how, engine_packet, &engine);
	engine_report(&engine, claim_ending(d), rec);
}

static int check(const struct dialogue *d, const struct play *how, __u8 version)
{
	struct record core, rec;
	struct verdict v;
	char name[64];
	int wrong;

	snprintf(name, sizeof(name), "%s over IPv%u", play_name(how->how), version);
	run_core(d, how, &core);
	if (!run_kernel(d, how, version, &rec))
		return dialogues_differ(d, name, "not one ending, or findings told twice or never");
	verdict_of(&rec, &v);
	wrong = claim_check(d, &rec, &v, name);
	wrong += dialogues_compare(d, name, &rec, &core);
	return wrong;
}

static void dialogue_holds(void **state)
{
	dialogues_cut(*state, BYTES_MAX, check);
}

int main(int argc, char **argv)
{
	int failed;

	if (kernel_open(&kernel))
		return 1;
	failed = dialogues_run("dialogues in the kernel", argc, argv, dialogue_holds);
	kernel_close(kernel);
	return failed;
}
