/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Ethernet, VLAN, IPv4, IPv6 with its extension headers, and TCP. */
#ifndef SMTPSCOPE_PACKET_H
#define SMTPSCOPE_PACKET_H

#include <linux/types.h>
#include <stdbool.h>

#include "record.h"

/*
 * Headers are looked for in the first bytes only: Ethernet with two tags (22),
 * IPv6 (40), four short extension headers and a TCP header without options.
 */
#define PACKET_HEADERS_MAX 192
#define PACKET_VLAN_MAX 2
#define PACKET_EXTENSIONS_MAX 4
/* The longest header that is read at one offset: IPv6. */
#define PACKET_HEADER_BYTES 40

#define ETHERNET_BYTES 14
#define IPV4_BYTES 20
#define IPV6_BYTES 40
#define TCP_BYTES 20

enum ip_protocol {
	PROTOCOL_ICMP = 1,
	PROTOCOL_TCP = 6,
	PROTOCOL_ICMPV6 = 58,
};

enum tcp_flag {
	TCP_FIN = 0x01,
	TCP_SYN = 0x02,
	TCP_RST = 0x04,
	TCP_ACK = 0x10,
};

enum packet_kind {
	PACKET_OTHER,
	PACKET_TCP,
	PACKET_ICMP,
	PACKET_SHORT, /* ends, or is not linear, before its headers do */
	PACKET_FRAGMENT,
	PACKET_EXTENSIONS, /* more extension headers than are walked */
	PACKET_MALFORMED,
};

/* A call would cost a packet that is not mail a quarter of its time. */
#define packet_inline static inline __attribute__((always_inline))

/* Where things are; offsets in bytes from the packet's first byte. */
struct packet {
	__u32 l3;
	__u32 l4;
	__u32 end; /* after the IP payload; 0: not told (BIG TCP) */
	__u32 payload;
	__u32 payload_bytes;
	__u32 seq; /* host byte order, as all below */
	__u32 ack;
	__u16 source_port;
	__u16 dest_port;
	__u8 flags;   /* enum tcp_flag */
	__u8 version; /* 4 or 6 */
};

/*
 * Big-endian numbers at any address. In BPF one load each: the kernel's verifier
 * knows what its machine may load unaligned, where clang would go byte by byte.
 */
static inline __u16 packet_be16(const __u8 *p)
{
#if defined(__bpf__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	return __builtin_bswap16(*(const __u16 *)p);
#else
	return (__u16)(p[0] << 8 | p[1]);
#endif
}

static inline __u32 packet_be32(const __u8 *p)
{
	return (__u32)packet_be16(p) << 16 | packet_be16(p + 2);
}

/*
 * The n bytes at off, or NULL if they are not all there. Both tests are needed:
 * the kernel's verifier bounds packet memory by its pointers, a copy by the
 * offset. The barrier keeps the compiler to the one pointer that was tested.
 */
static inline const __u8 *packet_at(const __u8 *data, const __u8 *end, __u32 off, __u32 n)
{
	const __u8 *p = data + off;

	if (off > PACKET_HEADERS_MAX - PACKET_HEADER_BYTES)
		return 0;
	__asm__("" : "+r"(p));
	return p + n <= end ? p : 0;
}

/* RFC 8200 4: walks to the transport header. */
packet_inline enum packet_kind packet_extensions(const __u8 *data, const __u8 *end,
						 struct packet *p, __u8 *protocol)
{
	__u32 off = p->l4;
	__u8 next = *protocol;

	for (int i = 0; i <= PACKET_EXTENSIONS_MAX; i++) {
		if (next == 44)
			return PACKET_FRAGMENT;
		if (next != 0 && next != 43 && next != 51 && next != 60) {
			*protocol = next;
			p->l4 = off;
			return PACKET_TCP;
		}

		const __u8 *header = packet_at(data, end, off, 8);

		if (!header)
			return PACKET_SHORT;
		/* RFC 4302 2.2: AH counts in 4 bytes, the others in 8 */
		off += next == 51 ? (header[1] + 2U) * 4 : (header[1] + 1U) * 8;
		next = header[0];
	}
	return PACKET_EXTENSIONS;
}

packet_inline enum packet_kind packet_ipv4(const __u8 *data, const __u8 *end, struct packet *p,
					   __u8 *protocol)
{
	const __u8 *ip = packet_at(data, end, p->l3, IPV4_BYTES);

	if (!ip)
		return PACKET_SHORT;

	__u32 header = (ip[0] & 15U) * 4;
	__u32 total = packet_be16(ip + 2);

	if (ip[0] >> 4 != 4 || header < IPV4_BYTES || (total && total < header))
		return PACKET_MALFORMED;
	*protocol = ip[9];
	p->version = 4;
	p->l4 = p->l3 + header;
	p->end = total ? p->l3 + total : 0;
	/* more fragments, or not the first one */
	if (packet_be16(ip + 6) & 0x3fff)
		return PACKET_FRAGMENT;
	return PACKET_TCP;
}

packet_inline enum packet_kind packet_ipv6(const __u8 *data, const __u8 *end, struct packet *p,
					   __u8 *protocol)
{
	const __u8 *ip = packet_at(data, end, p->l3, IPV6_BYTES);

	if (!ip)
		return PACKET_SHORT;

	__u32 bytes = packet_be16(ip + 4);

	if (ip[0] >> 4 != 6)
		return PACKET_MALFORMED;
	*protocol = ip[6];
	p->version = 6;
	p->l4 = p->l3 + IPV6_BYTES;
	p->end = bytes ? p->l4 + bytes : 0;
	return packet_extensions(data, end, p, protocol);
}

/*
 * Finds the transport header of the IP packet at p->l3. PACKET_FRAGMENT is
 * told for IPv6 whatever its protocol: that stands behind the fragment header.
 */
packet_inline enum packet_kind packet_network(const __u8 *data, const __u8 *end, struct packet *p)
{
	const __u8 *ip = packet_at(data, end, p->l3, 1);
	enum packet_kind kind;
	__u8 protocol = 0;

	if (!ip)
		return PACKET_SHORT;
	if (ip[0] >> 4 == 6)
		kind = packet_ipv6(data, end, p, &protocol);
	else
		kind = packet_ipv4(data, end, p, &protocol);
	if (kind == PACKET_FRAGMENT && p->version == 4 && protocol != PROTOCOL_TCP)
		return PACKET_OTHER;
	if (kind != PACKET_TCP || protocol == PROTOCOL_TCP)
		return kind;
	if (protocol == (p->version == 4 ? PROTOCOL_ICMP : PROTOCOL_ICMPV6))
		return PACKET_ICMP;
	return PACKET_OTHER;
}

/* Finds the network and transport headers of a packet. */
packet_inline enum packet_kind packet_locate(const __u8 *data, const __u8 *end, bool ethernet,
					     struct packet *p)
{
	const __u8 *link;
	__u16 ethertype;

	p->l3 = 0;
	if (!ethernet)
		return packet_network(data, end, p);
	link = packet_at(data, end, 0, ETHERNET_BYTES);
	if (!link)
		return PACKET_SHORT;
	ethertype = packet_be16(link + 12);
	p->l3 = ETHERNET_BYTES;
	for (int i = 0; i < PACKET_VLAN_MAX; i++) {
		if (ethertype != 0x8100 && ethertype != 0x88a8)
			break;
		link = packet_at(data, end, p->l3, 4);
		if (!link)
			return PACKET_SHORT;
		ethertype = packet_be16(link + 2);
		p->l3 += 4;
	}
	if (ethertype != 0x0800 && ethertype != 0x86dd)
		return PACKET_OTHER;
	return packet_network(data, end, p);
}

/*
 * RFC 792, RFC 4443 3.1: turns a "destination unreachable" into the packet
 * that it quotes, of which 8 bytes of TCP are sure. False: it is another.
 */
static inline bool packet_quoted(const __u8 *data, const __u8 *end, struct packet *p)
{
	const __u8 *icmp = packet_at(data, end, p->l4, 8);

	if (!icmp || icmp[0] != (p->version == 4 ? 3 : 1))
		return false;
	p->l3 = p->l4 + 8;
	return packet_network(data, end, p) == PACKET_TCP;
}

/* Reads ports and sequence number, which an ICMP error quotes too. */
static inline bool packet_ports(const __u8 *data, const __u8 *end, struct packet *p)
{
	const __u8 *tcp = packet_at(data, end, p->l4, 8);

	if (!tcp)
		return false;
	p->source_port = packet_be16(tcp);
	p->dest_port = packet_be16(tcp + 2);
	p->seq = packet_be32(tcp + 4);
	return true;
}

/*
 * Reads the TCP header (RFC 9293 3.1) after packet_ports. wire_bytes is the
 * packet's length, where IP's own length is zero. -1: the lengths lie.
 */
static inline int packet_tcp(const __u8 *data, const __u8 *end, __u32 wire_bytes, struct packet *p)
{
	const __u8 *tcp = packet_at(data, end, p->l4, TCP_BYTES);
	__u32 stop = p->end ? p->end : wire_bytes;
	__u32 header;

	if (!tcp)
		return -1;
	header = (tcp[12] >> 4) * 4U;
	if (header < TCP_BYTES || p->l4 + header > stop || stop > wire_bytes)
		return -1;
	p->ack = packet_be32(tcp + 8);
	p->flags = tcp[13];
	p->payload = p->l4 + header;
	p->payload_bytes = stop - p->payload;
	return 0;
}

/* The bytes of a word may lie at any address. */
static inline void packet_copy(void *to, const __u8 *from, __u32 bytes)
{
	__builtin_memcpy(to, from, bytes);
}

/* RFC 4291 2.5.5.2: what goes before an IPv4 address. */
static inline void packet_mapped(__u8 *address)
{
	__builtin_memset(address, 0, 10);
	address[10] = address[11] = 0xff;
}

/*
 * Fills the key; from_server tells which end the packet came from.
 * False: the network header is not within the readable bytes.
 */
static inline bool packet_key(const __u8 *data, const __u8 *end, const struct packet *p,
			      bool from_server, struct conn_key *key)
{
	__u8 *source = from_server ? key->server : key->client;
	__u8 *dest = from_server ? key->client : key->server;
	const __u8 *ip;

	if (p->version == 6) {
		ip = packet_at(data, end, p->l3, IPV6_BYTES);
		if (!ip)
			return false;
		packet_copy(source, ip + 8, 16);
		packet_copy(dest, ip + 24, 16);
	} else {
		ip = packet_at(data, end, p->l3, IPV4_BYTES);
		if (!ip)
			return false;
		packet_mapped(source);
		packet_mapped(dest);
		packet_copy(source + 12, ip + 12, 4);
		packet_copy(dest + 12, ip + 16, 4);
	}
	__u16 server = from_server ? p->source_port : p->dest_port;
	__u16 client = from_server ? p->dest_port : p->source_port;

	key->client_port_be16 = __builtin_bswap16(client);
	key->server_port_be16 = __builtin_bswap16(server);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	key->client_port_be16 = client;
	key->server_port_be16 = server;
#endif
	key->pad = 0;
	return true;
}

/* The other end is the server. */
static inline void packet_key_swap(struct conn_key *key)
{
	struct conn_key old = *key;

	__builtin_memcpy(key->client, old.server, 16);
	__builtin_memcpy(key->server, old.client, 16);
	key->client_port_be16 = old.server_port_be16;
	key->server_port_be16 = old.client_port_be16;
}

#endif
