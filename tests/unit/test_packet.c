/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Headers: what is found where, and what is not taken for a packet. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "packet.h"
#include "wire.h"

#define CLIENT_PORT 40000
#define RUNS 100000

static const struct wire plain[2] = {
	{ .version = 4, .client_port = CLIENT_PORT, .server_port = 25 },
	{ .version = 6, .client_port = CLIENT_PORT, .server_port = 25 },
};

static const struct play_packet hello = {
	.flags = TCP_ACK,
	.seq = 0x01020304,
	.ack = 0xfffefdfc,
	.payload = (const __u8 *)"EHLO x\r\n",
	.bytes = 8,
};

/* A copy of its own size, so that ASan sees each byte too many. */
static enum packet_kind locate(const struct wire *w, const __u8 *bytes, size_t n, struct packet *p,
			       __u8 **copy)
{
	*copy = malloc(n ? n : 1);
	assert_non_null(*copy);
	memcpy(*copy, bytes, n);
	memset(p, 0, sizeof(*p));
	return packet_locate(*copy, *copy + n, !w->raw, p);
}

static void check_found(const struct wire *w)
{
	__u8 bytes[WIRE_MAX], *copy;
	size_t n = wire_tcp(w, &hello, bytes);
	struct packet p;

	assert_int_equal(locate(w, bytes, n, &p, &copy), PACKET_TCP);
	assert_true(packet_ports(copy, copy + n, &p));
	assert_int_equal(packet_tcp(copy, copy + n, (__u32)n, &p), 0);
	assert_int_equal(p.version, w->version);
	assert_int_equal(p.source_port, CLIENT_PORT);
	assert_int_equal(p.dest_port, 25);
	assert_int_equal(p.seq, hello.seq);
	assert_int_equal(p.ack, hello.ack);
	assert_int_equal(p.flags, TCP_ACK);
	assert_int_equal(p.payload_bytes, hello.bytes);
	assert_memory_equal(copy + p.payload, hello.payload, hello.bytes);
	free(copy);
}

static void every_shape_of_headers_is_found(void **state)
{
	(void)state;
	for (unsigned int v = 0; v < 2; v++) {
		for (unsigned int tags = 0; tags <= PACKET_VLAN_MAX; tags++) {
			struct wire w = plain[v];

			w.tags = tags;
			check_found(&w);
			w.tcp_option_bytes = 40;
			check_found(&w);
			w.no_length = true;
			check_found(&w);
		}
		struct wire raw = plain[v];

		raw.raw = true;
		check_found(&raw);
	}
	struct wire options = plain[0];

	for (options.ip_option_bytes = 4; options.ip_option_bytes <= 40;
	     options.ip_option_bytes += 4)
		check_found(&options);
}

static void extension_headers_are_walked_to_their_limit(void **state)
{
	static const __u8 walk[] = { WIRE_HOP_BY_HOP, WIRE_ROUTING, WIRE_AUTHENTICATION,
				     WIRE_DESTINATION, WIRE_DESTINATION };
	struct wire w = plain[1];
	__u8 bytes[WIRE_MAX], *copy;
	struct packet p;
	size_t n;

	(void)state;
	memcpy(w.extensions, walk, sizeof(walk));
	for (w.extensions_nr = 1; w.extensions_nr <= PACKET_EXTENSIONS_MAX; w.extensions_nr++)
		check_found(&w);
	n = wire_tcp(&w, &hello, bytes);
	assert_int_equal(locate(&w, bytes, n, &p, &copy), PACKET_EXTENSIONS);
	free(copy);
}

static void fragments_are_told(void **state)
{
	static const __u16 offsets[] = { 0x2000, 0x2005, 0x0005 };
	struct wire w4 = plain[0], w6 = plain[1];
	__u8 bytes[WIRE_MAX], *copy;
	struct packet p;
	size_t n;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		w4.fragment_offset = offsets[i];
		n = wire_tcp(&w4, &hello, bytes);
		assert_int_equal(locate(&w4, bytes, n, &p, &copy), PACKET_FRAGMENT);
		free(copy);
	}
	/* "don't fragment" is none */
	w4.fragment_offset = 0x4000;
	check_found(&w4);
	w6.extensions[0] = WIRE_DESTINATION;
	w6.extensions[1] = WIRE_FRAGMENT;
	w6.extensions_nr = 2;
	n = wire_tcp(&w6, &hello, bytes);
	assert_int_equal(locate(&w6, bytes, n, &p, &copy), PACKET_FRAGMENT);
	free(copy);
}

/* A fragment of another protocol is none of ours. */
static void fragments_of_udp_are_not_told(void **state)
{
	struct wire w = plain[0];
	__u8 bytes[WIRE_MAX], *copy;
	struct packet p;
	size_t n;

	(void)state;
	w.fragment_offset = 0x2000;
	n = wire_tcp(&w, &hello, bytes);
	bytes[ETHERNET_BYTES + 9] = 17;
	assert_int_equal(locate(&w, bytes, n, &p, &copy), PACKET_OTHER);
	free(copy);
}

/* Whatever is missing, nothing behind the end is read (ASan tells). */
static void packets_cut_short_are_told(void **state)
{
	__u8 bytes[WIRE_MAX], *copy;
	struct packet p;

	(void)state;
	for (unsigned int v = 0; v < 2; v++) {
		struct wire w = plain[v];
		size_t headers = ETHERNET_BYTES + 4 + TCP_BYTES;

		w.tags = 1;
		if (v) {
			w.extensions[0] = WIRE_AUTHENTICATION;
			w.extensions_nr = 1;
		}
		headers += v ? IPV6_BYTES + 12 : IPV4_BYTES;
		wire_tcp(&w, &hello, bytes);
		for (size_t n = 0; n < headers; n++) {
			enum packet_kind kind = locate(&w, bytes, n, &p, &copy);
			bool ports = kind == PACKET_TCP && packet_ports(copy, copy + n, &p);

			assert_true(kind == PACKET_SHORT || kind == PACKET_TCP);
			assert_false(ports && !packet_tcp(copy, copy + n, (__u32)n, &p));
			free(copy);
		}
	}
}

static void check_lie(const struct wire *w, const __u8 *bytes, size_t n)
{
	struct packet p;
	__u8 *copy;
	bool whole = locate(w, bytes, n, &p, &copy) == PACKET_TCP &&
		     packet_ports(copy, copy + n, &p) && !packet_tcp(copy, copy + n, (__u32)n, &p);

	assert_false(whole);
	free(copy);
}

static void lengths_that_lie_are_malformed(void **state)
{
	const size_t ip = ETHERNET_BYTES, tcp4 = ip + IPV4_BYTES, tcp6 = ip + IPV6_BYTES;
	/* a byte of a good packet, and what makes it a lie */
	const struct {
		unsigned int version;
		size_t at;
		__u8 value;
	} lies[] = {
		{ 0, ip, 0x44 },	/* a header of 16 bytes */
		{ 0, ip, 0x55 },	/* version 5 */
		{ 0, ip + 2, 1 },	/* 256 bytes more than there are */
		{ 0, ip + 3, 19 },	/* shorter than its header */
		{ 0, ip + 3, 39 },	/* cuts the TCP header */
		{ 0, tcp4 + 12, 0x40 }, /* a TCP header of 16 bytes */
		{ 0, tcp4 + 12, 0xf0 }, /* longer than the packet */
		{ 1, ip + 4, 1 },	/* 256 bytes more than there are */
		{ 1, ip + 5, 19 },	/* cuts the TCP header */
		{ 1, tcp6 + 12, 0x40 }, { 1, tcp6 + 12, 0xf0 },
	};
	__u8 bytes[WIRE_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		const struct wire *w = &plain[lies[i].version];
		size_t n = wire_tcp(w, &hello, bytes);

		bytes[lies[i].at] = lies[i].value;
		check_lie(w, bytes, n);
	}
}

/* A packet may end with its headers. */
static void a_packet_without_payload_is_found(void **state)
{
	const struct play_packet syn = { .flags = TCP_SYN };
	struct packet p;
	__u8 bytes[WIRE_MAX], *copy;

	(void)state;
	for (unsigned int v = 0; v < 2; v++) {
		size_t n = wire_tcp(&plain[v], &syn, bytes);

		assert_int_equal(locate(&plain[v], bytes, n, &p, &copy), PACKET_TCP);
		assert_true(packet_ports(copy, copy + n, &p));
		assert_int_equal(packet_tcp(copy, copy + n, (__u32)n, &p), 0);
		assert_int_equal(p.payload_bytes, 0);
		free(copy);
	}
}

/* Ethernet pads short frames: IP's length tells where the payload ends. */
static void padding_is_no_payload(void **state)
{
	struct play_packet ack = { .flags = TCP_ACK };
	struct packet p;
	__u8 bytes[WIRE_MAX], *copy;

	(void)state;
	for (unsigned int v = 0; v < 2; v++) {
		size_t n = wire_tcp(&plain[v], &ack, bytes);

		memset(bytes + n, 'x', 6);
		assert_int_equal(locate(&plain[v], bytes, n + 6, &p, &copy), PACKET_TCP);
		assert_int_equal(packet_tcp(copy, copy + n + 6, (__u32)n + 6, &p), 0);
		assert_int_equal(p.payload_bytes, 0);
		free(copy);
	}
}

static void both_ends_make_the_same_key(void **state)
{
	struct play_packet answer = hello;
	struct conn_key keys[2];
	struct packet p;
	__u8 bytes[WIRE_MAX], *copy;

	(void)state;
	answer.server = true;
	for (unsigned int v = 0; v < 2; v++) {
		for (unsigned int server = 0; server < 2; server++) {
			size_t n = wire_tcp(&plain[v], server ? &answer : &hello, bytes);

			memset(&keys[server], 0xff, sizeof(keys[server]));
			assert_int_equal(locate(&plain[v], bytes, n, &p, &copy), PACKET_TCP);
			assert_true(packet_ports(copy, copy + n, &p));
			assert_true(packet_key(copy, copy + n, &p, server, &keys[server]));
			free(copy);
		}
		assert_memory_equal(&keys[0], &keys[1], sizeof(keys[0]));
		assert_int_equal(__builtin_bswap16(keys[0].server_port_be16), 25);
		assert_int_equal(__builtin_bswap16(keys[0].client_port_be16), CLIENT_PORT);
		assert_int_equal(keys[0].client[15], 1);
		assert_int_equal(keys[0].server[15], 2);
		assert_int_equal(keys[0].pad, 0);
		assert_int_equal(keys[0].client[11], v ? 0 : 0xff);
	}
}

static void an_unreachable_quotes_its_packet(void **state)
{
	struct packet p;
	__u8 bytes[WIRE_MAX], *copy;

	(void)state;
	for (unsigned int v = 0; v < 2; v++) {
		size_t icmp = ETHERNET_BYTES + (v ? IPV6_BYTES : IPV4_BYTES);
		size_t n = wire_unreachable(&plain[v], &hello, bytes);

		assert_int_equal(locate(&plain[v], bytes, n, &p, &copy), PACKET_ICMP);
		assert_true(packet_quoted(copy, copy + n, &p));
		assert_true(packet_ports(copy, copy + n, &p));
		assert_int_equal(p.dest_port, 25);
		assert_int_equal(p.seq, hello.seq);
		free(copy);
		/* an echo quotes nothing */
		bytes[icmp] = v ? 128 : 8;
		assert_int_equal(locate(&plain[v], bytes, n, &p, &copy), PACKET_ICMP);
		assert_false(packet_quoted(copy, copy + n, &p));
		free(copy);
	}
}

static __u32 next_random(__u64 *seed)
{
	*seed = *seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (__u32)(*seed >> 33);
}

/* Whatever is accepted has its payload within the packet. */
static void random_changes_do_no_harm(void **state)
{
	__u8 bytes[WIRE_MAX], *copy;
	__u64 seed = 1;
	struct packet p;

	(void)state;
	for (int run = 0; run < RUNS; run++) {
		const struct wire *w = &plain[run & 1];
		size_t n = wire_tcp(w, &hello, bytes);

		for (int i = 0; i < 3; i++)
			bytes[12 + next_random(&seed) % (n - 12)] = (__u8)next_random(&seed);
		n -= next_random(&seed) % 8;
		if (locate(w, bytes, n, &p, &copy) == PACKET_TCP &&
		    packet_ports(copy, copy + n, &p) && !packet_tcp(copy, copy + n, (__u32)n, &p))
			assert_true(p.payload + p.payload_bytes <= n);
		free(copy);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_shape_of_headers_is_found),
		cmocka_unit_test(extension_headers_are_walked_to_their_limit),
		cmocka_unit_test(fragments_are_told),
		cmocka_unit_test(fragments_of_udp_are_not_told),
		cmocka_unit_test(packets_cut_short_are_told),
		cmocka_unit_test(lengths_that_lie_are_malformed),
		cmocka_unit_test(a_packet_without_payload_is_found),
		cmocka_unit_test(padding_is_no_payload),
		cmocka_unit_test(both_ends_make_the_same_key),
		cmocka_unit_test(an_unreachable_quotes_its_packet),
		cmocka_unit_test(random_changes_do_no_harm),
	};

	return cmocka_run_group_tests_name("packet", tests, NULL, NULL);
}
