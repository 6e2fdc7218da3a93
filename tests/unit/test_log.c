/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Lines arrive whole or are counted as dropped, and survive a rotation. */
#include "log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sample.h"

/* Room for a file of a few lines. */
#define CONTENT_MAX (4 * LOG_LINE_MAX)

static const struct clock wall = { .offset_ns = 1795491873873000000 };

struct folder {
	char path[32];
	char file[64];
	char rotated[64];
};

static int make_folder(void **state)
{
	struct folder *folder = calloc(1, sizeof(*folder));

	strcpy(folder->path, "/tmp/test_log.XXXXXX");
	if (!mkdtemp(folder->path))
		return -1;
	snprintf(folder->file, sizeof(folder->file), "%s/log", folder->path);
	snprintf(folder->rotated, sizeof(folder->rotated), "%s/log.1", folder->path);
	*state = folder;
	return 0;
}

static int remove_folder(void **state)
{
	struct folder *folder = *state;

	unlink(folder->file);
	unlink(folder->rotated);
	rmdir(folder->path);
	free(folder);
	return 0;
}

static void tell(struct log *log)
{
	struct record r = sample_plaintext();
	struct verdict v;

	verdict_of(&r, &v);
	log_session(log, &r, &v, &wall);
}

static struct log *opened(const char *path, enum log_format format)
{
	struct log *log;

	assert_int_equal(log_open(&log, path, format), 0);
	return log;
}

static void read_file(const char *path, char content[CONTENT_MAX])
{
	int fd = open(path, O_RDONLY);
	ssize_t len;

	assert_true(fd >= 0);
	len = read(fd, content, CONTENT_MAX - 1);
	close(fd);
	assert_true(len >= 0);
	content[len] = '\0';
}

static unsigned int lines_in(const char *path)
{
	char content[CONTENT_MAX];
	unsigned int lines = 0;

	read_file(path, content);
	for (const char *at = content; (at = strchr(at, '\n')); at++)
		lines++;
	return lines;
}

static void a_new_file_is_for_its_owner_alone(void **state)
{
	struct folder *folder = *state;
	mode_t mask = umask(0);
	struct stat st;

	log_close(opened(folder->file, LOG_TEXT));
	umask(mask);
	assert_int_equal(stat(folder->file, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

static void an_old_file_is_appended_to(void **state)
{
	struct folder *folder = *state;

	for (unsigned int i = 1; i <= 2; i++) {
		struct log *log = opened(folder->file, LOG_TEXT);

		tell(log);
		log_close(log);
		assert_int_equal(lines_in(folder->file), i);
	}
}

static void each_format_has_its_lines(void **state)
{
	struct folder *folder = *state;
	struct record r = sample_plaintext();
	struct verdict v;
	struct log *log = opened(folder->file, LOG_TEXT);
	char content[CONTENT_MAX];

	verdict_of(&r, &v);
	log_finding(log, &r, &v, FINDING_PLAINTEXT_MAIL, &wall);
	read_file(folder->file, content);
	assert_non_null(strstr(content, "Z finding rule=plaintext-mail "));
	log_close(log);
	log = opened(folder->file, LOG_JSON);
	log_session(log, &r, &v, &wall);
	read_file(folder->file, content);
	assert_non_null(strstr(content, "\n{\"@timestamp\":"));
	assert_non_null(strstr(content, "\"event.action\":\"session\""));
	log_close(log);
}

static void after_a_rotation_lines_go_to_the_new_file(void **state)
{
	struct folder *folder = *state;
	struct log *log = opened(folder->file, LOG_TEXT);

	tell(log);
	assert_int_equal(rename(folder->file, folder->rotated), 0);
	tell(log);
	assert_int_equal(lines_in(folder->rotated), 2);
	assert_int_equal(log_reopen(log), 0);
	tell(log);
	assert_int_equal(lines_in(folder->rotated), 2);
	assert_int_equal(lines_in(folder->file), 1);
	assert_int_equal(log_dropped(log), 0);
	log_close(log);
}

static void a_rotation_that_fails_keeps_the_old_file(void **state)
{
	struct folder *folder = *state;
	struct log *log = opened(folder->file, LOG_TEXT);

	assert_int_equal(rename(folder->file, folder->rotated), 0);
	assert_int_equal(mkdir(folder->file, 0700), 0);
	assert_int_equal(log_reopen(log), -EISDIR);
	rmdir(folder->file);
	tell(log);
	assert_int_equal(lines_in(folder->rotated), 1);
	assert_int_equal(log_dropped(log), 0);
	log_close(log);
}

static void a_path_that_cannot_be_opened_says_why(void **state)
{
	struct folder *folder = *state;
	struct log *log = NULL;

	assert_int_equal(log_open(&log, folder->path, LOG_TEXT), -EISDIR);
	assert_int_equal(log_open(&log, "/nonexistent/log", LOG_TEXT), -ENOENT);
	assert_null(log);
}

static void a_line_without_room_is_counted_and_not_fatal(void **state)
{
	struct log *log = opened("/dev/full", LOG_TEXT);

	(void)state;
	for (unsigned int i = 1; i <= 3; i++) {
		tell(log);
		assert_int_equal(log_dropped(log), i);
	}
	log_close(log);
}

static void after_a_torn_line_the_next_stands_alone(void **state)
{
	struct folder *folder = *state;
	struct log *log = opened(folder->file, LOG_TEXT);
	struct rlimit old, small;
	char content[CONTENT_MAX];
	void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	small = old;
	small.rlim_cur = 30;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	tell(log);
	tell(log);
	setrlimit(RLIMIT_FSIZE, &old);
	signal(SIGXFSZ, handler);
	tell(log);
	tell(log);
	assert_int_equal(log_dropped(log), 2);
	log_close(log);
	assert_int_equal(lines_in(folder->file), 3);
	read_file(folder->file, content);
	assert_int_equal(strcspn(content, "\n"), 30);
	assert_int_equal(strncmp(content + 31, "2026-11-24T", 11), 0);
}

static void no_path_is_stdout_and_has_nothing_to_rotate(void **state)
{
	int saved = dup(STDOUT_FILENO), ends[2];
	char line[LOG_LINE_MAX];
	struct log *log;
	ssize_t len;
	int err;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	fflush(stdout);
	dup2(ends[1], STDOUT_FILENO);
	err = log_open(&log, NULL, LOG_TEXT);
	if (!err)
		err = log_reopen(log);
	if (!err) {
		tell(log);
		log_close(log);
	}
	len = write(STDOUT_FILENO, "still open", 10);
	dup2(saved, STDOUT_FILENO);
	close(saved);
	close(ends[1]);
	assert_int_equal(err, 0);
	assert_int_equal(len, 10);
	len = read(ends[0], line, sizeof(line) - 1);
	close(ends[0]);
	assert_true(len > 10);
	line[len] = '\0';
	assert_non_null(strstr(line, "Z session outcome=plaintext "));
	assert_string_equal(line + len - 11, "\nstill open");
}

#define test_in_folder(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test_in_folder(a_new_file_is_for_its_owner_alone),
		test_in_folder(an_old_file_is_appended_to),
		test_in_folder(each_format_has_its_lines),
		test_in_folder(after_a_rotation_lines_go_to_the_new_file),
		test_in_folder(a_rotation_that_fails_keeps_the_old_file),
		test_in_folder(a_path_that_cannot_be_opened_says_why),
		cmocka_unit_test(a_line_without_room_is_counted_and_not_fatal),
		test_in_folder(after_a_torn_line_the_next_stands_alone),
		cmocka_unit_test(no_path_is_stdout_and_has_nothing_to_rotate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
