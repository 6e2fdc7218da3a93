/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A writer of one flat JSON object into a caller's buffer. */
#include "json.h"

#include <errno.h>
#include <string.h>

/* Decimal digits of the largest __u64. */
#define U64_DIGITS 20

static void put(struct json *j, const char *text, size_t len)
{
	if (j->full || len >= j->size - j->len) {
		j->full = true;
		return;
	}
	memcpy(j->buf + j->len, text, len);
	j->len += len;
}

static void put_char(struct json *j, char c)
{
	put(j, &c, 1);
}

/* RFC 8259 7. */
static void put_quoted(struct json *j, const char *value, size_t len)
{
	static const char hex[] = "0123456789abcdef";

	put_char(j, '"');
	for (size_t i = 0; i < len; i++) {
		unsigned char c = value[i];

		if (c < ' ' || c >= 0x7f) {
			put(j, (char[]){ '\\', 'u', '0', '0', hex[c >> 4], hex[c & 15] }, 6);
			continue;
		}
		if (c == '"' || c == '\\')
			put_char(j, '\\');
		put_char(j, c);
	}
	put_char(j, '"');
}

static void put_key(struct json *j, const char *key)
{
	if (j->comma)
		put_char(j, ',');
	put_quoted(j, key, strlen(key));
	put_char(j, ':');
	j->comma = true;
}

void json_open(struct json *j, char *buf, size_t size)
{
	*j = (struct json){ .buf = buf, .size = size };
	put_char(j, '{');
}

void json_put_string(struct json *j, const char *key, const char *value)
{
	json_put_bytes(j, key, value, strlen(value));
}

void json_put_bytes(struct json *j, const char *key, const char *value, size_t len)
{
	put_key(j, key);
	put_quoted(j, value, len);
}

void json_put_u64(struct json *j, const char *key, __u64 value)
{
	char digits[U64_DIGITS];
	size_t at = sizeof(digits);

	do {
		digits[--at] = '0' + value % 10;
		value /= 10;
	} while (value);
	put_key(j, key);
	put(j, digits + at, sizeof(digits) - at);
}

void json_put_bool(struct json *j, const char *key, bool value)
{
	put_key(j, key);
	put(j, value ? "true" : "false", value ? 4 : 5);
}

void json_begin_list(struct json *j, const char *key)
{
	put_key(j, key);
	put_char(j, '[');
	j->comma = false;
}

void json_put_item(struct json *j, const char *value)
{
	if (j->comma)
		put_char(j, ',');
	put_quoted(j, value, strlen(value));
	j->comma = true;
}

void json_end_list(struct json *j)
{
	put_char(j, ']');
	j->comma = true;
}

int json_close(struct json *j)
{
	put_char(j, '}');
	if (j->full)
		return -ENOSPC;
	j->buf[j->len] = '\0';
	return j->len;
}
