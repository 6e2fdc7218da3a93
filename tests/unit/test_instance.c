/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One instance at a time, told by its pid, and none after its end. */
#include "instance.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* Attempts after which the holder is still to be told. */
#define ATTEMPTS 20

/* Names that no other run of this test has. */
static char name[32], other_name[32];

static int make_names(void **state)
{
	(void)state;
	snprintf(name, sizeof(name), "test-%d", getpid());
	snprintf(other_name, sizeof(other_name), "test-other-%d", getpid());
	return 0;
}

static void a_second_one_is_told_the_first(void **state)
{
	pid_t other = 0;
	int first = instance_lock(name, &other);

	(void)state;
	assert_true(first >= 0);
	assert_int_equal(other, 0);
	for (unsigned int i = 0; i < ATTEMPTS; i++) {
		other = 0;
		assert_int_equal(instance_lock(name, &other), -EADDRINUSE);
		assert_int_equal(other, getpid());
	}
	close(first);
}

static void another_command_has_its_own_lock(void **state)
{
	pid_t other = 0;
	int first = instance_lock(name, &other), second = instance_lock(other_name, &other);

	(void)state;
	assert_true(first >= 0);
	assert_true(second >= 0);
	close(first);
	close(second);
}

static void the_lock_is_free_after_close(void **state)
{
	pid_t other = 0;
	int fd;

	(void)state;
	for (unsigned int i = 0; i < 2; i++) {
		fd = instance_lock(name, &other);
		assert_true(fd >= 0);
		close(fd);
	}
}

static void a_killed_holder_leaves_nothing_behind(void **state)
{
	int ready[2], fd;
	pid_t child, other = 0;
	char byte;

	(void)state;
	assert_int_equal(pipe(ready), 0);
	child = fork();
	assert_true(child >= 0);
	if (!child) {
		prctl(PR_SET_PDEATHSIG, SIGKILL); /* if the test fails */
		byte = instance_lock(name, &other) >= 0 ? 'y' : 'n';
		if (write(ready[1], &byte, 1) == 1)
			pause();
		_exit(1);
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	assert_int_equal(byte, 'y');
	assert_int_equal(instance_lock(name, &other), -EADDRINUSE);
	assert_int_equal(other, child);
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, NULL, 0), child);
	fd = instance_lock(name, &other);
	assert_true(fd >= 0);
	close(fd);
	close(ready[0]);
	close(ready[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_second_one_is_told_the_first),
		cmocka_unit_test(another_command_has_its_own_lock),
		cmocka_unit_test(the_lock_is_free_after_close),
		cmocka_unit_test(a_killed_holder_leaves_nothing_behind),
	};

	return cmocka_run_group_tests(tests, make_names, NULL);
}
