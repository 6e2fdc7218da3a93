/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A dialogue as packets, cut in one of several ways. */
#include "play.h"

#include "packet.h"

/* Swapped halves are kept by the stream, which keeps no longer ones. */
#define SWAP_MAX 2048

struct player {
	const struct dialogue *d;
	const struct play *how;
	play_fn *fn;
	void *ctx;
	__u32 next[2]; /* sequence number of each side's next byte */
};

static void send(struct player *p, bool server, __u32 seq, __u8 flags, const __u8 *payload,
		 size_t bytes)
{
	const struct play_packet packet = {
		.server = server,
		.flags = flags,
		.seq = seq,
		.ack = flags & TCP_ACK ? p->next[!server] : 0,
		.payload = payload,
		.bytes = (__u32)bytes,
	};

	if (!p->d->deaf[server])
		p->fn(p->ctx, &packet);
}

/* Bytes of one side that are sent as they stand, in segments of max. */
static void send_cut(struct player *p, bool server, __u32 seq, const __u8 *payload, size_t bytes,
		     size_t max)
{
	for (size_t at = 0; at < bytes; at += max) {
		size_t n = bytes - at < max ? bytes - at : max;

		send(p, server, seq + (__u32)at, TCP_ACK, payload + at, n);
	}
}

/* One segment, in the way asked for. */
static void send_segment(struct player *p, bool server, __u32 seq, const __u8 *payload,
			 size_t bytes)
{
	size_t half = bytes / 2;

	switch (p->how->how) {
	case PLAY_TWICE:
		send(p, server, seq, TCP_ACK, payload, bytes);
		send(p, server, seq, TCP_ACK, payload, bytes);
		break;
	case PLAY_OVERLAP:
		if (half)
			send(p, server, seq, TCP_ACK, payload, half);
		send(p, server, seq, TCP_ACK, payload, bytes);
		break;
	case PLAY_SWAPPED:
		if (!half || bytes - half > SWAP_MAX) {
			send(p, server, seq, TCP_ACK, payload, bytes);
			break;
		}
		send(p, server, seq + (__u32)half, TCP_ACK, payload + half, bytes - half);
		send(p, server, seq, TCP_ACK, payload, half);
		break;
	case PLAY_BYTES: send_cut(p, server, seq, payload, bytes, 1); break;
	default: send(p, server, seq, TCP_ACK, payload, bytes);
	}
}

/* A step's bytes, or those of several joined. */
static void send_run(struct player *p, bool server, __u32 seq, const __u8 *payload, size_t bytes)
{
	for (size_t at = 0; at < bytes; at += p->how->max) {
		size_t n = bytes - at < p->how->max ? bytes - at : p->how->max;

		send_segment(p, server, seq + (__u32)at, payload + at, n);
	}
}

static void send_step(struct player *p, size_t i, __u32 seq, size_t bytes)
{
	const struct dialogue_step *step = &p->d->steps[i];
	const __u8 *payload = p->d->bytes + step->at;
	bool server = step->server;

	if (step->lost)
		return;
	if (p->how->how == PLAY_SPLIT && p->how->step == i) {
		send_run(p, server, seq, payload, p->how->at);
		send_run(p, server, seq + (__u32)p->how->at, payload + p->how->at,
			 bytes - p->how->at);
		return;
	}
	send_run(p, server, seq, payload, bytes);
}

/* Sends step i and those that go with it; returns how many those are. */
static size_t play_data(struct player *p, size_t i)
{
	const struct dialogue *d = p->d;
	const struct dialogue_step *step = &d->steps[i];
	__u32 seq = p->next[step->server];
	size_t bytes = step->length, steps = 1;

	if (step->late) {
		const struct dialogue_step *behind = step + 1;

		p->next[step->server] += (__u32)(bytes + behind->length);
		send_step(p, i + 1, seq + (__u32)bytes, behind->length);
		send_step(p, i, seq, bytes);
		return 2;
	}
	if (p->how->how == PLAY_JOINED && !step->lost) {
		for (; i + steps < d->steps_nr; steps++) {
			const struct dialogue_step *s = step + steps;

			if (s->event != DIALOGUE_DATA || s->server != step->server || s->lost ||
			    s->late)
				break;
			bytes += s->length;
		}
	}
	p->next[step->server] += (__u32)bytes;
	send_step(p, i, seq, bytes);
	return steps;
}

static void play_event(struct player *p, const struct dialogue_step *step)
{
	__u32 seq = p->next[step->server];

	switch (step->event) {
	case DIALOGUE_FIN:
		p->next[step->server]++;
		send(p, step->server, seq, TCP_FIN | TCP_ACK, NULL, 0);
		break;
	case DIALOGUE_RST: send(p, step->server, seq, TCP_RST | TCP_ACK, NULL, 0); break;
	case DIALOGUE_BAD_RST:
		send(p, step->server, seq + 0x1000000, TCP_RST | TCP_ACK, NULL, 0);
		break;
	default:
		/* RFC 9293 3.8.4: one garbage byte that was acknowledged long ago */
		send(p, step->server, seq - 1, TCP_ACK, (const __u8 *)"", 1);
	}
}

/* The SYNs and what answers them. False: there is no more to come. */
static bool play_handshake(struct player *p)
{
	const struct dialogue *d = p->d;

	send(p, false, p->next[0]++, TCP_SYN, NULL, 0);
	if (d->end == DIALOGUE_END_UNANSWERED)
		return false;
	if (d->end == DIALOGUE_END_REFUSED) {
		send(p, true, 0, TCP_RST | TCP_ACK, NULL, 0);
		return false;
	}
	send(p, true, p->next[1]++, TCP_SYN | TCP_ACK, NULL, 0);
	send(p, false, p->next[0], TCP_ACK, NULL, 0);
	return true;
}

void play(const struct dialogue *d, const struct play *how, play_fn *fn, void *ctx)
{
	struct player p = { .d = d, .how = how, .fn = fn, .ctx = ctx };

	p.next[0] = how->how == PLAY_WRAPPED ? 0xfffffff0 : 1000;
	p.next[1] = how->how == PLAY_WRAPPED ? 0xffffffd0 : 500000;
	if (!d->midstream && !play_handshake(&p))
		return;
	for (size_t i = 0; i < d->steps_nr;) {
		if (d->steps[i].event == DIALOGUE_DATA) {
			i += play_data(&p, i);
		} else {
			play_event(&p, &d->steps[i]);
			i++;
		}
	}
}

const char *play_name(enum play_how how)
{
	static const char *const names[PLAY_NR] = {
		[PLAY_WRITTEN] = "as written",	[PLAY_JOINED] = "joined",
		[PLAY_BYTES] = "byte by byte",	[PLAY_TWICE] = "each segment twice",
		[PLAY_OVERLAP] = "overlapping", [PLAY_SWAPPED] = "halves swapped",
		[PLAY_WRAPPED] = "wrapping",	[PLAY_SPLIT] = "split",
	};

	return names[how];
}
