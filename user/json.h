/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A writer of one flat JSON object into a caller's buffer. */
#ifndef SMTPSCOPE_JSON_H
#define SMTPSCOPE_JSON_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>

struct json {
	char *buf;
	size_t size;
	size_t len;
	bool comma; /* the next member or item needs one before it */
	bool full;  /* something did not fit: the text is no JSON */
};

void json_open(struct json *j, char *buf, size_t size);
void json_put_string(struct json *j, const char *key, const char *value);
/* Bytes of a peer, in which NUL may be: escaped, bytes beyond ASCII as Latin-1. */
void json_put_bytes(struct json *j, const char *key, const char *value, size_t len);
void json_put_u64(struct json *j, const char *key, __u64 value);
void json_put_bool(struct json *j, const char *key, bool value);
void json_begin_list(struct json *j, const char *key);
void json_put_item(struct json *j, const char *value);
void json_end_list(struct json *j);

/* Returns the length of the text, or -ENOSPC if it did not fit. */
int json_close(struct json *j);

#endif
