/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Records that the tests of the user side begin from. */
#ifndef SMTPSCOPE_SAMPLE_H
#define SMTPSCOPE_SAMPLE_H

#include <arpa/inet.h>
#include <string.h>

#include "record.h"

/* ::ffff:a.b.c.d */
static inline void sample_ipv4(__u8 address[16], __u8 a, __u8 b, __u8 c, __u8 d)
{
	const __u8 mapped[16] = { [10] = 0xff, [11] = 0xff, a, b, c, d };

	memcpy(address, mapped, sizeof(mapped));
}

static inline void sample_ipv6(__u8 address[16], const char *text)
{
	inet_pton(AF_INET6, text, address);
}

/* 10.0.0.2 sent a mail to 10.0.0.1 in clear, and STARTTLS was on offer. */
static inline struct record sample_plaintext(void)
{
	struct record r = {
		.abi = RECORD_ABI,
		.ending = ENDING_FIN,
		.role = ROLE_RELAY,
		.id = 9,
		.sequence = 7,
		.first_ns = 1000000000,
		.last_ns = 1250000000,
		.ifindex = 3,
		.egress = 1,
		.owner = { .pid = 123, .uid = 1000, .comm = "swaks" },
		.client = { .bytes = 300,
			    .packets = 12,
			    .mails = 1,
			    .rcpts = 2,
			    .commands = 6,
			    .flags = EV_EHLO | EV_COMMAND | EV_SMTP | EV_BODY | EV_LOCAL | EV_FIN },
		.server = { .bytes = 400,
			    .packets = 11,
			    .mails_accepted = 1,
			    .rcpts_accepted = 2,
			    .messages_accepted = 1,
			    .last_code = 221,
			    .greeting_code = 220,
			    .flags = EV_GREETED | EV_SMTP | EV_OFFER_KNOWN | EV_OFFERED |
				     EV_GO_AHEAD | EV_FIN },
	};

	sample_ipv4(r.key.client, 10, 0, 0, 2);
	sample_ipv4(r.key.server, 10, 0, 0, 1);
	r.key.client_port_be16 = htons(41234);
	r.key.server_port_be16 = htons(25);
	return r;
}

/* The same two, and TLS 1.3 by STARTTLS before any mail. */
static inline struct record sample_starttls(void)
{
	struct record r = sample_plaintext();
	static const char name[] = "mx.example.org";

	r.client.mails = r.client.rcpts = 0;
	r.client.flags = EV_EHLO | EV_COMMAND | EV_SMTP | EV_LOCAL | EV_CLIENT_HELLO |
			 EV_TLS_RECORD | EV_CIPHERED | EV_FIN;
	r.client.starttls_verb = STARTTLS_VERB_STARTTLS;
	r.server.mails_accepted = r.server.rcpts_accepted = r.server.messages_accepted = 0;
	r.server.flags = EV_GREETED | EV_SMTP | EV_OFFER_KNOWN | EV_OFFERED | EV_STARTTLS_OK |
			 EV_SERVER_HELLO | EV_TLS_RECORD | EV_CIPHERED | EV_FIN;
	r.server.starttls_code = r.server.last_code = 220;
	r.server.tls_version = 0x0304;
	r.server.tls_cipher = 0x1302;
	r.sni_len = sizeof(name) - 1;
	memcpy(r.sni, name, sizeof(name) - 1);
	return r;
}

/* A SYN that nobody answered. */
static inline struct record sample_unanswered(void)
{
	struct record r = sample_plaintext();

	r.ending = ENDING_UNANSWERED;
	memset(&r.client, 0, sizeof(r.client));
	memset(&r.server, 0, sizeof(r.server));
	r.client.packets = 3;
	return r;
}

#endif
