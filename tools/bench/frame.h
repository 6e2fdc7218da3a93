/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Where things are in the bench's packets: Ethernet, IPv4, TCP, no options. */
#ifndef SMTPSCOPE_FRAME_H
#define SMTPSCOPE_FRAME_H

#define FRAME_IP_AT 14
#define FRAME_TCP_AT (FRAME_IP_AT + 20)
#define FRAME_SEQ_AT (FRAME_TCP_AT + 4)
#define FRAME_PAYLOAD_AT (FRAME_TCP_AT + 20)

#endif
