/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Every dialogue as a capture: the same records as the core's. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <pcap/pcap.h>

#include "claim.h"
#include "dialogues.h"
#include "engine.h"
#include "tape.h"

/* Byte by byte, longer ones take too long under sanitizers. */
#define BYTES_MAX 100000

/* Plays it; false if the records are not one ending and its findings. */
static bool run_capture(const struct dialogue *d, const struct play *how, __u8 version,
			struct record *rec)
{
	static struct told told;
	struct tape tape;
	__u32 findings = 0;

	told_begin(&told);
	tape_begin(&tape, DLT_EN10MB);
	tape.wire.version = version;
	tape.wire.server_port = d->port;
	play(d, how, tape_play, &tape);
	if (d->end == DIALOGUE_END_UNANSWERED)
		tape_wait(&tape, told.config.syn_seconds + 1);
	else if (d->end == DIALOGUE_END_IDLE)
		tape_wait(&tape, told.config.idle_seconds + 1);
	tape_end(&tape);
	tape_read(&tape, &told);
	tape_remove(&tape);
	for (unsigned int i = 0; i < told.records_nr; i++) {
		const struct record *r = &told.records[i];

		/* each finding is told once, and the ending comes last */
		if (r->fresh & findings || (r->ending == ENDING_OPEN) != (i + 1 < told.records_nr))
			return false;
		findings |= r->fresh;
		*rec = *r;
	}
	return told.records_nr && !told.why[0] &&
	       findings == (rec->client.findings | rec->server.findings);
}

/* A capture does not tell whose socket it was, and ends where live ones are stopped. */
static void run_core(const struct dialogue *d, const struct play *how, struct record *rec)
{
	static struct engine engine;
	__u8 ending = claim_ending(d);

	engine_begin(&engine, d->role);
	play(d, how, engine_packet, &engine);
	engine_report(&engine, ending == ENDING_STOPPED ? ENDING_EOF : ending, rec);
	rec->client.flags &= ~EV_LOCAL;
}

static int check(const struct dialogue *d, const struct play *how, __u8 version)
{
	struct verdict v, core_v;
	struct record core, rec;
	char name[64];
	int wrong = 0;

	snprintf(name, sizeof(name), "%s over IPv%u", play_name(how->how), version);
	run_core(d, how, &core);
	if (!run_capture(d, how, version, &rec))
		return dialogues_differ(d, name, "not one ending, or findings told twice or never");
	verdict_of(&core, &core_v);
	verdict_of(&rec, &v);
	wrong += dialogues_compare(d, name, &rec, &core);
	if (v.outcome != core_v.outcome || v.reason != core_v.reason || v.cause != core_v.cause ||
	    v.findings != core_v.findings)
		wrong += dialogues_differ(d, name, "the verdict is not the core's");
	return wrong;
}

static void dialogue_holds(void **state)
{
	dialogues_cut(*state, BYTES_MAX, check);
}

int main(int argc, char **argv)
{
	return dialogues_run("dialogues as captures", argc, argv, dialogue_holds);
}
