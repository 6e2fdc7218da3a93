/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A dialogue file: one connection, who says what, and what must follow. */
#include "dialogue.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "names.h"
#include "record.h"

#define BYTES_MAX (1 << 20)
#define STEPS_MAX 8192
#define EXPECTS_MAX 256
/* All text of a file; the longest line is much shorter. */
#define FILE_MAX (1 << 20)

struct reading {
	struct dialogue *d;
	unsigned int line;
	unsigned int repeat;
	bool lost;
	bool late;
	bool ended; /* an end was told: no FIN by default */
	char *why;
};

static const char *const event_names[DIALOGUE_EVENT_NR] = {
	[DIALOGUE_FIN] = "fin",
	[DIALOGUE_RST] = "rst",
	[DIALOGUE_BAD_RST] = "bad-rst",
	[DIALOGUE_KEEP_ALIVE] = "keep-alive",
};

static const char *const end_names[DIALOGUE_END_NR] = {
	[DIALOGUE_END_OPEN] = "open",
	[DIALOGUE_END_IDLE] = "idle",
	[DIALOGUE_END_UNANSWERED] = "unanswered",
	[DIALOGUE_END_REFUSED] = "refused",
};

static int bad(struct reading *r, const char *what, const char *about)
{
	snprintf(r->why, DIALOGUE_WHY_MAX, "%s:%u: %s: '%.64s'", r->d->path, r->line, what, about);
	return -EINVAL;
}

static int name_index(const char *const *names, int count, const char *name)
{
	for (int i = 0; i < count; i++)
		if (names[i] && !strcmp(names[i], name))
			return i;
	return -1;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)tolower((unsigned char)c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Two hexadecimal digits, or -1. */
static int hex_byte(const char *text)
{
	int high = hex_digit(text[0]);
	int low = high < 0 ? -1 : hex_digit(text[1]);

	return low < 0 ? -1 : high << 4 | low;
}

static int put(struct reading *r, int byte)
{
	if (r->d->bytes_nr == BYTES_MAX)
		return bad(r, "too many bytes", "");
	r->d->bytes[r->d->bytes_nr++] = (__u8)byte;
	return 0;
}

/* The byte that an escape stands for; moves *text to its last character. */
static int escape(const char **text)
{
	const char *at = ++*text;

	switch (*at) {
	case 'r': return '\r';
	case 'n': return '\n';
	case 't': return '\t';
	case 's': return ' ';
	case '0': return 0;
	case '\\': return '\\';
	case 'x':
		if (hex_byte(at + 1) < 0)
			return -1;
		*text += 2;
		return hex_byte(at + 1);
	}
	return -1;
}

static int put_text(struct reading *r, const char *text)
{
	for (; *text; text++) {
		int byte = *text == '\\' ? escape(&text) : (__u8)*text;

		if (byte < 0)
			return bad(r, "no such escape", text);
		if (put(r, byte))
			return -EINVAL;
	}
	return 0;
}

static int put_hex(struct reading *r, const char *text)
{
	while (*text) {
		if (*text == ' ') {
			text++;
			continue;
		}
		int byte = hex_byte(text);

		if (byte < 0)
			return bad(r, "no hexadecimal byte", text);
		if (put(r, byte))
			return -EINVAL;
		text += 2;
	}
	return 0;
}

static int step_add(struct reading *r, enum dialogue_event event, bool server)
{
	struct dialogue *d = r->d;

	if (d->steps_nr == STEPS_MAX)
		return bad(r, "too many steps", "");
	d->steps[d->steps_nr++] = (struct dialogue_step){
		.event = event,
		.server = server,
		.lost = r->lost,
		.late = r->late,
		.at = d->bytes_nr,
	};
	r->lost = r->late = false;
	return 0;
}

/* "C: text" and its kin; kind is the character after the side. */
static int read_segment(struct reading *r, bool server, char kind, const char *text)
{
	struct dialogue *d = r->d;
	unsigned int times = r->repeat;
	bool more = kind == '+' || kind == '&';
	struct dialogue_step *step;
	int err = 0;

	step = d->steps_nr ? &d->steps[d->steps_nr - 1] : NULL;
	if (more && (!step || step->server != server || step->event != DIALOGUE_DATA))
		return bad(r, "nothing of this side to add to", text);
	if (!more && step_add(r, DIALOGUE_DATA, server))
		return -EINVAL;
	step = &d->steps[d->steps_nr - 1];
	while (times-- && !err) {
		err = kind == '=' || kind == '&' ? put_hex(r, text) : put_text(r, text);
		if (!err && (kind == ':' || kind == '+'))
			err = put(r, '\r') ? -EINVAL : put(r, '\n');
	}
	r->repeat = 1;
	step->length = d->bytes_nr - step->at;
	if (!err && !step->length)
		return bad(r, "an empty segment", text);
	return err;
}

static int read_event(struct reading *r, bool server, const char *text)
{
	int event = name_index(event_names, DIALOGUE_EVENT_NR, text);

	if (event < 0)
		return bad(r, "no such event", text);
	if (event == DIALOGUE_FIN || event == DIALOGUE_RST)
		r->ended = true;
	return step_add(r, event, server);
}

static int read_port(struct reading *r, char *text)
{
	char *end, *role = strchr(text, ' ');
	unsigned long port;

	if (role)
		*role++ = '\0';
	port = strtoul(text, &end, 10);
	if (end == text || *end || !port || port > 65535)
		return bad(r, "no port", text);
	r->d->port = (__u16)port;
	if (!role) {
		r->d->role = port == 465 ? ROLE_IMPLICIT :
			     port == 587 ? ROLE_SUBMISSION :
					   ROLE_RELAY;
		return 0;
	}
	for (unsigned int i = 0; i < ROLE_NR; i++) {
		if (!strcmp(role_name(i), role)) {
			r->d->role = (__u8)i;
			return 0;
		}
	}
	return bad(r, "no such role", role);
}

static int read_repeat(struct reading *r, char *text)
{
	char *end;
	unsigned long times = strtoul(text, &end, 10);

	if (end == text || *end || !times || times > BYTES_MAX)
		return bad(r, "no number of times", text);
	r->repeat = (unsigned int)times;
	return 0;
}

static int read_hear(struct reading *r, char *text)
{
	if (!strcmp(text, "client"))
		r->d->deaf[1] = true;
	else if (!strcmp(text, "server"))
		r->d->deaf[0] = true;
	else
		return bad(r, "no such side", text);
	return 0;
}

static int read_end(struct reading *r, char *text)
{
	int end = name_index(end_names, DIALOGUE_END_NR, text);

	if (end < 0)
		return bad(r, "no such end", text);
	r->d->end = (enum dialogue_end)end;
	r->ended = true;
	return 0;
}

static int read_expect(struct reading *r, char *text)
{
	struct dialogue *d = r->d;

	for (char *pair = strtok(text, " "); pair; pair = strtok(NULL, " ")) {
		char *value = strchr(pair, '=');

		if (!value)
			return bad(r, "no key=value", pair);
		if (d->expects_nr == EXPECTS_MAX)
			return bad(r, "too many expectations", pair);
		*value++ = '\0';
		d->expects[d->expects_nr++] = (struct dialogue_expect){
			.key = strdup(pair),
			.value = strdup(value),
			.line = r->line,
		};
	}
	return 0;
}

static int read_midstream(struct reading *r, char *text)
{
	if (*text)
		return bad(r, "midstream stands alone", text);
	r->d->midstream = true;
	for (size_t i = 0; i < r->d->steps_nr; i++)
		r->d->steps[i].lost = true;
	return 0;
}

static int read_lost(struct reading *r, char *text)
{
	r->lost = true;
	return *text ? bad(r, "lost stands alone", text) : 0;
}

static int read_late(struct reading *r, char *text)
{
	r->late = true;
	return *text ? bad(r, "late stands alone", text) : 0;
}

static const struct word {
	const char *name;
	int (*read)(struct reading *r, char *text);
} words[] = {
	{ "port", read_port }, { "repeat", read_repeat }, { "lost", read_lost },
	{ "late", read_late }, { "end", read_end },	  { "midstream", read_midstream },
	{ "hear", read_hear }, { "expect", read_expect },
};

static int read_line(struct reading *r, char *line)
{
	char *text = line + strcspn(line, " ");

	if (!*line || *line == '#')
		return 0;
	if (*text)
		*text++ = '\0';
	if ((line[0] == 'C' || line[0] == 'S') && line[1] && !line[2]) {
		if (line[1] == '!')
			return read_event(r, line[0] == 'S', text);
		if (strchr(":-=+&", line[1]))
			return read_segment(r, line[0] == 'S', line[1], text);
	}
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (!strcmp(words[i].name, line))
			return words[i].read(r, text);
	return bad(r, "no such line", line);
}

/* What a whole file must have, and the FINs that are not written. */
static int read_done(struct reading *r)
{
	struct dialogue *d = r->d;

	if (r->lost || r->late || r->repeat != 1)
		return bad(r, "lost, late or repeat before nothing", "");
	if (!d->expects_nr)
		return bad(r, "nothing is expected", "");
	if (!r->ended && (step_add(r, DIALOGUE_FIN, false) || step_add(r, DIALOGUE_FIN, true)))
		return -EINVAL;
	for (size_t i = 0; i < d->steps_nr; i++)
		if (d->steps[i].late &&
		    (i + 1 == d->steps_nr || d->steps[i + 1].event != DIALOGUE_DATA ||
		     d->steps[i + 1].server != d->steps[i].server))
			return bad(r, "late needs a segment of its side behind", "");
	return 0;
}

int dialogue_parse(struct dialogue **out, const char *path, const char *text,
		   char why[DIALOGUE_WHY_MAX])
{
	struct dialogue *d = calloc(1, sizeof(*d));
	struct reading r = { .d = d, .repeat = 1, .why = why };
	char *copy = strdup(text), *rest = copy, *line;
	int err = -ENOMEM;

	snprintf(why, DIALOGUE_WHY_MAX, "%s: %s", path, strerror(ENOMEM));
	if (!d || !copy)
		goto out;
	d->path = strdup(path);
	d->port = 25;
	d->role = ROLE_RELAY;
	d->bytes = malloc(BYTES_MAX);
	d->steps = calloc(STEPS_MAX, sizeof(*d->steps));
	d->expects = calloc(EXPECTS_MAX, sizeof(*d->expects));
	if (!d->path || !d->bytes || !d->steps || !d->expects)
		goto out;
	err = 0;
	while (!err && (line = strsep(&rest, "\n"))) {
		r.line++;
		err = read_line(&r, line);
	}
	if (!err)
		err = read_done(&r);
out:
	free(copy);
	if (err)
		dialogue_close(d);
	else
		*out = d;
	return err;
}

int dialogue_open(struct dialogue **out, const char *path, char why[DIALOGUE_WHY_MAX])
{
	char *text = malloc(FILE_MAX);
	FILE *file = fopen(path, "re");
	int err = -EIO;

	if (file && text) {
		size_t n = fread(text, 1, FILE_MAX - 1, file);

		text[n] = '\0';
		err = n == FILE_MAX - 1 ? -EFBIG : 0;
	}
	if (err)
		snprintf(why, DIALOGUE_WHY_MAX, "%s: %s", path, strerror(-err));
	else
		err = dialogue_parse(out, path, text, why);
	if (file)
		fclose(file);
	free(text);
	return err;
}

void dialogue_close(struct dialogue *d)
{
	if (!d)
		return;
	for (size_t i = 0; i < d->expects_nr; i++) {
		free(d->expects[i].key);
		free(d->expects[i].value);
	}
	free(d->expects);
	free(d->steps);
	free(d->bytes);
	free(d->path);
	free(d);
}

bool dialogue_holed(const struct dialogue *d)
{
	for (size_t i = 0; i < d->steps_nr; i++)
		if (d->steps[i].lost)
			return true;
	return d->midstream;
}
