/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A dialogue file: one connection, who says what, and what must follow. */
#ifndef SMTPSCOPE_DIALOGUE_H
#define SMTPSCOPE_DIALOGUE_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * One line a step, '#' begins a comment:
 *
 *   port 587 [relay|submission|implicit]   the server's port; 25 by default
 *   C: text     the client sends text and CRLF, as one segment
 *   C- text     text alone
 *   C= 16 03 01 these bytes
 *   C+ text     text and CRLF, in the same segment as the line before
 *   C& 01 00    bytes, likewise
 *   S: and so on   the same for the server
 *   repeat 600  the next line's text, 600 times in its segment
 *   lost        the next segment is never seen, but arrives
 *   late        the next segment is seen after the one behind it
 *   C! fin|rst|bad-rst|keep-alive          as S!; both sides FIN by default
 *   end open|idle|unanswered|refused       no FIN: how it ends instead
 *   midstream   nothing before was seen, the SYN neither
 *   hear client|server                     the other side is never seen
 *   expect key=value ...                   claim.c has the keys
 *
 * Text knows \r \n \t \0 \\ \xNN and \s, a blank that would end the line.
 */
enum dialogue_event {
	DIALOGUE_DATA,
	DIALOGUE_FIN,
	DIALOGUE_RST,
	DIALOGUE_BAD_RST,
	DIALOGUE_KEEP_ALIVE,
	DIALOGUE_EVENT_NR
};

enum dialogue_end {
	DIALOGUE_END_FIN,
	DIALOGUE_END_OPEN,
	DIALOGUE_END_IDLE,
	DIALOGUE_END_UNANSWERED,
	DIALOGUE_END_REFUSED,
	DIALOGUE_END_NR
};

struct dialogue_step {
	enum dialogue_event event;
	bool server;
	bool lost;
	bool late;
	size_t at; /* of its bytes in dialogue.bytes */
	size_t length;
};

struct dialogue_expect {
	char *key;
	char *value;
	unsigned int line;
};

struct dialogue {
	char *path;
	__u16 port;
	__u8 role;
	bool midstream;
	bool deaf[2]; /* the client, the server is never seen */
	enum dialogue_end end;
	__u8 *bytes;
	size_t bytes_nr;
	struct dialogue_step *steps;
	size_t steps_nr;
	struct dialogue_expect *expects;
	size_t expects_nr;
};

/* Room for the one line that says what is wrong, with file and line. */
#define DIALOGUE_WHY_MAX 512

/* 0, or -EINVAL or -errno with why filled. */
int dialogue_open(struct dialogue **out, const char *path, char why[DIALOGUE_WHY_MAX]);
/* The same from memory; path is told in errors. */
int dialogue_parse(struct dialogue **out, const char *path, const char *text,
		   char why[DIALOGUE_WHY_MAX]);
void dialogue_close(struct dialogue *d);

/* What is read depends on where segments begin: bytes are missing. */
bool dialogue_holed(const struct dialogue *d);

#endif
