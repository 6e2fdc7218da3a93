/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Where the lines go: a file or stdout, one write a line. */
#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct log {
	char *path; /* NULL: stdout */
	int fd;
	enum log_format format;
	bool torn; /* the last line was written in part: the next begins anew */
	__u64 dropped;
};

static int (*const formats[LOG_FORMAT_NR])(const struct line *, char *, size_t) = {
	[LOG_TEXT] = line_text,
	[LOG_JSON] = line_json,
};

static int log_open_file(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0600);

	return fd < 0 ? -errno : fd;
}

int log_open(struct log **out, const char *path, enum log_format format)
{
	struct log *log = calloc(1, sizeof(*log));
	int err = -ENOMEM;

	if (!log)
		return err;
	log->format = format;
	log->fd = STDOUT_FILENO;
	if (path) {
		log->path = strdup(path);
		if (!log->path)
			goto out;
		err = log->fd = log_open_file(path);
		if (err < 0)
			goto out;
	}
	*out = log;
	return 0;
out:
	free(log->path);
	free(log);
	return err;
}

int log_reopen(struct log *log)
{
	int fd;

	if (!log->path)
		return 0;
	fd = log_open_file(log->path);
	if (fd < 0)
		return fd;
	close(log->fd);
	log->fd = fd;
	log->torn = false;
	return 0;
}

void log_close(struct log *log)
{
	if (!log)
		return;
	if (log->path)
		close(log->fd);
	free(log->path);
	free(log);
}

static void log_write(struct log *log, const struct line *line)
{
	char buf[1 + LOG_LINE_MAX + 1] = "\n";
	const char *from = buf + !log->torn;
	ssize_t written;
	size_t len;
	int line_len;

	line_len = formats[log->format](line, buf + 1, sizeof(buf) - 1);
	if (line_len < 0) {
		log->dropped++;
		return;
	}
	len = line_len + log->torn;
	do
		written = write(log->fd, from, len);
	while (written < 0 && errno == EINTR);
	if (written == (ssize_t)len) {
		log->torn = false;
		return;
	}
	log->dropped++;
	if (written > 0)
		log->torn = from[written - 1] != '\n';
}

void log_session(struct log *log, const struct record *r, const struct verdict *v,
		 const struct clock *clock)
{
	log_finding(log, r, v, FINDING_NR, clock);
}

void log_finding(struct log *log, const struct record *r, const struct verdict *v,
		 unsigned int finding, const struct clock *clock)
{
	const struct line line = { .record = r, .verdict = v, .clock = clock, .finding = finding };

	log_write(log, &line);
}

__u64 log_dropped(const struct log *log)
{
	return log->dropped;
}
