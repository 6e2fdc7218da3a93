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
