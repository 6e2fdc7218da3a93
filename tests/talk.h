/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A connection on a tape, said line by line. */
#ifndef SMTPSCOPE_TALK_H
#define SMTPSCOPE_TALK_H

#include "tape.h"

#define CLIENT false
#define SERVER true

/* One connection on a tape. */
struct talk {
	struct tape *tape;
	__u16 client_port;
	__u32 next[2]; /* sequence number of each side's next byte */
};

/* The handshake; the server's numbers begin half a million behind. */
struct talk talk_begin(struct tape *tape, __u16 client_port, __u32 isn);
/* A segment with flags, enum tcp_flag. */
void talk_send(struct talk *talk, bool server, __u8 flags, const char *text);
void talk_say(struct talk *talk, bool server, const char *text);

/* Banner, EHLO and an offer; a mail in clear; a FIN from both. */
void talk_greet(struct talk *talk);
void talk_mail(struct talk *talk);
void talk_finish(struct talk *talk);
/* All of that. */
void talk_session(struct tape *tape);

#endif
