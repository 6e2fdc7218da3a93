/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Packets as they stand on the wire. */
#include "wire.h"

#include <assert.h>
#include <string.h>

#include "packet.h"

static const __u8 client4[4] = { 192, 0, 2, 1 };
static const __u8 server4[4] = { 192, 0, 2, 2 };
static const __u8 client6[16] = { 0x20, 0x01, 0x0d, 0xb8, [15] = 1 };
static const __u8 server6[16] = { 0x20, 0x01, 0x0d, 0xb8, [15] = 2 };

static __u8 *put16(__u8 *at, unsigned int value)
{
	at[0] = (__u8)(value >> 8);
	at[1] = (__u8)value;
	return at + 2;
}

static __u8 *put32(__u8 *at, __u32 value)
{
	return put16(put16(at, value >> 16), value & 0xffff);
}

static __u8 *put_bytes(__u8 *at, const void *bytes, size_t n)
{
	if (n)
		memcpy(at, bytes, n);
	return at + n;
}

static __u8 *put_fill(__u8 *at, __u8 fill, size_t n)
{
	memset(at, fill, n);
	return at + n;
}

static __u8 *put_ethernet(__u8 *at, const struct wire *w)
{
	at = put_fill(at, 2, 12);
	for (unsigned int tag = w->tags; tag; tag--)
		at = put16(put16(at, tag > 1 ? 0x88a8 : 0x8100), 100 + tag);
	return put16(at, w->version == 6 ? 0x86dd : 0x0800);
}

static __u8 *put_ipv4(__u8 *at, const struct wire *w, bool from_server, __u8 protocol,
		      size_t payload)
{
	size_t header = IPV4_BYTES + w->ip_option_bytes;

	*at++ = (__u8)(0x40 | header / 4);
	*at++ = 0;
	at = put16(at, w->no_length ? 0 : (unsigned int)(header + payload));
	at = put16(at, 0x1234);
	at = put16(at, w->fragment_offset);
	*at++ = 64;
	*at++ = protocol;
	at = put16(at, 0);
	at = put_bytes(at, from_server ? server4 : client4, 4);
	at = put_bytes(at, from_server ? client4 : server4, 4);
	/* RFC 791 3.1: "no operation" */
	return put_fill(at, 1, w->ip_option_bytes);
}

/* Each header but the fragment's is 8 bytes long, AH (RFC 4302 2) 12. */
static size_t extension_bytes(__u8 extension)
{
	return extension == WIRE_AUTHENTICATION ? 12 : 8;
}

static __u8 *put_ipv6(__u8 *at, const struct wire *w, bool from_server, __u8 protocol,
		      size_t payload)
{
	for (unsigned int i = 0; i < w->extensions_nr; i++)
		payload += extension_bytes(w->extensions[i]);
	at = put32(at, 0x60000000);
	at = put16(at, w->no_length ? 0 : (unsigned int)payload);
	*at++ = w->extensions_nr ? w->extensions[0] : protocol;
	*at++ = 64;
	at = put_bytes(at, from_server ? server6 : client6, 16);
	at = put_bytes(at, from_server ? client6 : server6, 16);
	for (unsigned int i = 0; i < w->extensions_nr; i++) {
		size_t bytes = extension_bytes(w->extensions[i]);

		at[0] = i + 1 < w->extensions_nr ? w->extensions[i + 1] : protocol;
		/* RFC 4302 2.2: AH counts in 4 bytes, less 2 */
		at[1] = w->extensions[i] == WIRE_AUTHENTICATION ? 1 : 0;
		put_fill(at + 2, 0, bytes - 2);
		at += bytes;
	}
	return at;
}

static __u8 *put_network(__u8 *at, const struct wire *w, bool from_server, __u8 protocol,
			 size_t payload)
{
	return w->version == 6 ? put_ipv6(at, w, from_server, protocol, payload) :
				 put_ipv4(at, w, from_server, protocol, payload);
}

static __u8 *put_tcp(__u8 *at, const struct wire *w, const struct play_packet *p)
{
	at = put16(at, p->server ? w->server_port : w->client_port);
	at = put16(at, p->server ? w->client_port : w->server_port);
	at = put32(at, p->seq);
	at = put32(at, p->ack);
	*at++ = (__u8)((TCP_BYTES + w->tcp_option_bytes) / 4 << 4);
	*at++ = p->flags;
	at = put_bytes(at, "\xff\xff\0\0\0\0", 6);
	at = put_fill(at, 1, w->tcp_option_bytes);
	return put_bytes(at, p->payload, p->bytes);
}

size_t wire_tcp(const struct wire *w, const struct play_packet *p, __u8 out[WIRE_MAX])
{
	size_t segment = TCP_BYTES + w->tcp_option_bytes + p->bytes;
	__u8 *at = out;

	assert(segment + PACKET_HEADERS_MAX <= WIRE_MAX);
	if (!w->raw)
		at = put_ethernet(at, w);
	at = put_network(at, w, p->server, PROTOCOL_TCP, segment);
	at = put_tcp(at, w, p);
	return (size_t)(at - out);
}

size_t wire_unreachable(const struct wire *w, const struct play_packet *p, __u8 out[WIRE_MAX])
{
	/* RFC 792, RFC 4443 3.1: type, code, 6 bytes, then the packet itself */
	__u8 protocol = w->version == 6 ? PROTOCOL_ICMPV6 : PROTOCOL_ICMP;
	__u8 quote[WIRE_MAX];
	struct wire inner = *w;
	size_t bytes;
	__u8 *at = out;

	inner.raw = true;
	bytes = wire_tcp(&inner, p, quote);
	if (!w->raw)
		at = put_ethernet(at, w);
	at = put_network(at, w, !p->server, protocol, 8 + bytes);
	at = put_bytes(at, w->version == 6 ? "\1\4\0\0\0\0\0\0" : "\3\3\0\0\0\0\0\0", 8);
	at = put_bytes(at, quote, bytes);
	return (size_t)(at - out);
}
