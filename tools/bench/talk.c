/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A TCP connection whose packets go to the programs by test-run. */
#include "talk.h"

#include <err.h>
#include <string.h>
#include <time.h>

#include <bpf/bpf.h>

#include "packet.h"

static const __u8 addresses[2][4] = { { 192, 0, 2, 1 }, { 192, 0, 2, 10 } };

static void put_be16(__u8 *to, __u16 value)
{
	to[0] = (__u8)(value >> 8);
	to[1] = (__u8)value;
}

static void put_be32(__u8 *to, __u32 value)
{
	put_be16(to, (__u16)(value >> 16));
	put_be16(to + 2, (__u16)value);
}

void talk_frame(const struct talk *talk, bool server, __u8 flags, const void *payload, __u32 bytes,
		struct frame *frame)
{
	__u8 *ip = frame->bytes + FRAME_IP_AT, *tcp = frame->bytes + FRAME_TCP_AT;

	memset(frame->bytes, 0, FRAME_PAYLOAD_AT);
	frame->len = FRAME_PAYLOAD_AT + bytes;
	put_be16(ip - 2, 0x0800);
	ip[0] = 4 << 4 | IPV4_BYTES / 4;
	put_be16(ip + 2, (__u16)(frame->len - FRAME_IP_AT));
	ip[8] = 64;
	ip[9] = talk->protocol;
	memcpy(ip + 12, addresses[server], 4);
	memcpy(ip + 16, addresses[!server], 4);
	put_be16(tcp, server ? talk->server_port : talk->client_port);
	put_be16(tcp + 2, server ? talk->client_port : talk->server_port);
	put_be32(tcp + 4, talk->seq[server]);
	put_be32(tcp + 8, flags & TCP_ACK ? talk->seq[!server] : 0);
	tcp[12] = TCP_BYTES / 4 << 4;
	tcp[13] = flags;
	memcpy(frame->bytes + FRAME_PAYLOAD_AT, payload, bytes);
}

double talk_run(int program, const struct frame *frame, __u32 repeat)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame->bytes, .data_size_in = frame->len,
		    .repeat = (int)repeat);
	struct timespec from, to;

	/* the kernel tells whole nanoseconds only */
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &from);
	if (bpf_prog_test_run_opts(program, &opts))
		err(1, "test-run of %u bytes", frame->len);
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &to);
	return ((double)(to.tv_sec - from.tv_sec) * 1e9 + (double)(to.tv_nsec - from.tv_nsec)) /
	       repeat;
}

static void talk_send(struct talk *talk, bool server, __u8 flags, const void *payload, __u32 bytes)
{
	struct frame frame;

	talk_frame(talk, server, flags, payload, bytes, &frame);
	talk_run(server ? talk->egress : talk->ingress, &frame, 1);
	talk->seq[server] += bytes + (flags & TCP_SYN ? 1 : 0);
}

void talk_open(struct talk *talk, const struct line *lines)
{
	talk_send(talk, false, TCP_SYN, "", 0);
	talk_send(talk, true, TCP_SYN | TCP_ACK, "", 0);
	talk_send(talk, false, TCP_ACK, "", 0);
	for (; lines->text; lines++)
		talk_send(talk, lines->server, TCP_ACK, lines->text, lines->bytes);
}

void talk_key(const struct talk *talk, struct conn_key *key)
{
	memset(key, 0, sizeof(*key));
	packet_mapped(key->client);
	packet_mapped(key->server);
	memcpy(key->client + 12, addresses[0], 4);
	memcpy(key->server + 12, addresses[1], 4);
	put_be16((__u8 *)&key->client_port_be16, talk->client_port);
	put_be16((__u8 *)&key->server_port_be16, talk->server_port);
}
