/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Every dialogue through the core, cut in every way. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "dialogue.h"
#include "dialogues.h"
#include "engine.h"
#include "claim.h"
#include "play.h"

/* The longest packet of segmentation offload. */
#define SUPER_MAX 65000
/* In dialogues longer than this, not every split point is tried. */
#define SPLITS_MAX 3000
#define CHANGES 60

/* Bytes that mean something to one of the readers. */
static const __u8 changes[] = { '\r', '\n', ' ', '.', '-', '=', '*', 'A', 'X', '2',
				'3',  '5',  0,	 1,   2,   20,	21,  22,  23,  0xff };

static __u32 next_random(__u64 *seed)
{
	*seed = *seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (__u32)(*seed >> 33);
}

/* What the cut decides: how many packets it takes. */
static void uncount(struct evidence *ev)
{
	ev->packets = ev->retransmits = 0;
}

static void run(const struct dialogue *d, const struct play *how, struct record *rec,
		struct verdict *v)
{
	static struct engine engine;

	engine_begin(&engine, d->role);
	play(d, how, engine_packet, &engine);
	engine_report(&engine, claim_ending(d), rec);
	verdict_of(rec, v);
	uncount(&rec->client);
	uncount(&rec->server);
}

/* The record is the one of the plain way; then so is the verdict. */
static int check(const struct dialogue *d, const struct play *how, const struct record *plain)
{
	struct record rec;
	struct verdict v;
	char name[64];

	run(d, how, &rec, &v);
	if (memcmp(&rec, plain, sizeof(rec)) == 0)
		return 0;
	snprintf(name, sizeof(name), "%s (%zu at %zu)", play_name(how->how), how->step, how->at);
	fprintf(stderr, "%s: %s: another record\n", d->path, name);
	claim_check(d, &rec, &v, name);
	return 1;
}

static int check_splits(const struct dialogue *d, const struct record *plain)
{
	struct play how = { .how = PLAY_SPLIT, .max = SEGMENT_MAX };
	size_t stride = 1 + d->bytes_nr / SPLITS_MAX;
	int wrong = 0;

	for (how.step = 0; how.step < d->steps_nr && !wrong; how.step++)
		for (how.at = 1; how.at < d->steps[how.step].length && !wrong; how.at += stride)
			wrong = check(d, &how, plain);
	return wrong;
}

/* Bytes changed at random: what is read does not depend on the segments. */
static int check_changed(const struct dialogue *d)
{
	struct play how = { .how = PLAY_WRITTEN, .max = SEGMENT_MAX };
	__u64 seed = d->bytes_nr;
	int wrong = 0;

	for (int i = 0; i < CHANGES && d->bytes_nr && !wrong; i++) {
		__u8 *byte = &d->bytes[next_random(&seed) % d->bytes_nr], was = *byte;
		struct record plain;
		struct verdict v;

		*byte = changes[next_random(&seed) % sizeof(changes)];
		how.how = PLAY_WRITTEN;
		run(d, &how, &plain, &v);
		how.how = i & 1 ? PLAY_BYTES : PLAY_OVERLAP;
		wrong = check(d, &how, &plain);
		*byte = was;
	}
	return wrong;
}

static void dialogue_holds(void **state)
{
	const char *path = *state;
	struct play how = { .how = PLAY_WRITTEN, .max = SEGMENT_MAX };
	char why[DIALOGUE_WHY_MAX];
	struct dialogue *d;
	struct record plain;
	struct verdict v;
	int wrong;

	if (dialogue_open(&d, path, why))
		fail_msg("%s", why);
	run(d, &how, &plain, &v);
	wrong = claim_check(d, &plain, &v, play_name(how.how));
	for (how.how = PLAY_JOINED; how.how < PLAY_SPLIT && !wrong; how.how++) {
		if (dialogue_holed(d) && how.how != PLAY_TWICE && how.how != PLAY_WRAPPED)
			continue;
		how.max = how.how == PLAY_JOINED ? SUPER_MAX : SEGMENT_MAX;
		wrong += check(d, &how, &plain);
	}
	if (!dialogue_holed(d) && !wrong)
		wrong = check_splits(d, &plain) + check_changed(d);
	dialogue_close(d);
	assert_int_equal(wrong, 0);
}

int main(int argc, char **argv)
{
	return dialogues_run("dialogues", argc, argv, dialogue_holds);
}
