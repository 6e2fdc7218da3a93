/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A test for each dialogue of tests/data, or of the pattern given. */
#include "dialogues.h"

#include <glob.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

int dialogues_run(const char *name, int argc, char **argv, dialogues_test_fn *test)
{
	const char *pattern = argc > 1 ? argv[1] : "tests/data/*.smtp";
	struct CMUnitTest *tests;
	int failed = 1;
	glob_t found;

	if (glob(pattern, 0, NULL, &found)) {
		fprintf(stderr, "%s: no such dialogues\n", pattern);
		return 1;
	}
	tests = calloc(found.gl_pathc, sizeof(*tests));
	if (tests) {
		for (size_t i = 0; i < found.gl_pathc; i++)
			tests[i] = (struct CMUnitTest){ .name = found.gl_pathv[i],
							.test_func = test,
							.initial_state = found.gl_pathv[i] };
		failed = _cmocka_run_group_tests(name, tests, found.gl_pathc, NULL, NULL);
	}
	free(tests);
	globfree(&found);
	return failed;
}

int dialogues_differ(const struct dialogue *d, const char *name, const char *what)
{
	fprintf(stderr, "%s: %s: %s\n", d->path, name, what);
	return 1;
}

int dialogues_compare(const struct dialogue *d, const char *name, const struct record *rec,
		      const struct record *core)
{
	int wrong = 0;

	if (memcmp(&rec->client, &core->client, sizeof(rec->client)) != 0)
		wrong += dialogues_differ(d, name, "the client's evidence is not the core's");
	if (memcmp(&rec->server, &core->server, sizeof(rec->server)) != 0)
		wrong += dialogues_differ(d, name, "the server's evidence is not the core's");
	if (rec->ending != core->ending || rec->role != core->role ||
	    rec->midstream != core->midstream || rec->sni_len != core->sni_len ||
	    memcmp(rec->sni, core->sni, rec->sni_len) != 0)
		wrong += dialogues_differ(d, name, "the record is not the core's");
	return wrong;
}

void dialogues_cut(const char *path, size_t bytes_max, dialogues_check_fn *check)
{
	struct play how = { .max = SEGMENT_MAX };
	char why[DIALOGUE_WHY_MAX];
	struct dialogue *d;
	int wrong;

	if (dialogue_open(&d, path, why))
		fail_msg("%s", why);
	wrong = check(d, &how, 4) + check(d, &how, 6);
	for (how.how = PLAY_JOINED; how.how < PLAY_SPLIT && !wrong; how.how++) {
		if (dialogue_holed(d) && how.how != PLAY_TWICE && how.how != PLAY_WRAPPED)
			continue;
		if (how.how == PLAY_BYTES && d->bytes_nr > bytes_max)
			continue;
		wrong = check(d, &how, 4);
	}
	dialogue_close(d);
	assert_int_equal(wrong, 0);
}
