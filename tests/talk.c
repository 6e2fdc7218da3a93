/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A connection on a tape, said line by line. */
#include "talk.h"

#include <string.h>

#include "packet.h"

void talk_send(struct talk *talk, bool server, __u8 flags, const char *text)
{
	const struct play_packet packet = {
		.server = server,
		.flags = flags,
		.seq = talk->next[server],
		.ack = flags & TCP_ACK ? talk->next[!server] : 0,
		.payload = (const __u8 *)text,
		.bytes = (__u32)strlen(text),
	};

	talk->tape->wire.client_port = talk->client_port;
	tape_play(talk->tape, &packet);
	talk->next[server] += packet.bytes + !!(flags & (TCP_SYN | TCP_FIN));
}

void talk_say(struct talk *talk, bool server, const char *text)
{
	talk_send(talk, server, TCP_ACK, text);
}

struct talk talk_begin(struct tape *tape, __u16 client_port, __u32 isn)
{
	struct talk talk = { tape, client_port, { isn, isn + 500000 } };

	talk_send(&talk, CLIENT, TCP_SYN, "");
	talk_send(&talk, SERVER, TCP_SYN | TCP_ACK, "");
	return talk;
}

void talk_greet(struct talk *talk)
{
	talk_say(talk, SERVER, "220 mx ESMTP\r\n");
	talk_say(talk, CLIENT, "EHLO client\r\n");
	talk_say(talk, SERVER, "250-mx\r\n250 STARTTLS\r\n");
}

void talk_mail(struct talk *talk)
{
	talk_say(talk, CLIENT, "MAIL FROM:<a@example.org>\r\n");
	talk_say(talk, SERVER, "250 ok\r\n");
	talk_say(talk, CLIENT, "RCPT TO:<b@example.org>\r\n");
	talk_say(talk, SERVER, "250 ok\r\n");
	talk_say(talk, CLIENT, "DATA\r\n");
	talk_say(talk, SERVER, "354 go on\r\n");
	talk_say(talk, CLIENT,
		 "Subject: a test, with a body that is longer than a command\r\n\r\n");
	talk_say(talk, CLIENT, ".\r\n");
	talk_say(talk, SERVER, "250 taken\r\n");
}

void talk_finish(struct talk *talk)
{
	talk_send(talk, CLIENT, TCP_FIN | TCP_ACK, "");
	talk_send(talk, SERVER, TCP_FIN | TCP_ACK, "");
}

void talk_session(struct tape *tape)
{
	struct talk talk = talk_begin(tape, 40000, 1000);

	talk_greet(&talk);
	talk_mail(&talk);
	talk_finish(&talk);
}
