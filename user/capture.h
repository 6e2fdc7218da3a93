/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Capture files: pcap and pcapng, of several link types. */
#ifndef SMTPSCOPE_CAPTURE_H
#define SMTPSCOPE_CAPTURE_H

#include "flow.h"

struct capture;

/* Room for the words that say what is wrong with a file. */
#define CAPTURE_WHY_MAX 320

/* "-" is standard input. 0, or -EIO with why filled. */
int capture_open(struct capture **out, const char *path, char why[CAPTURE_WHY_MAX]);
void capture_close(struct capture *capture);

/* 1 and a packet, whose bytes stay until the next call; 0 at the end; -EIO:
 * the file is damaged from here on, why says how.
 */
int capture_next(struct capture *capture, struct flow_packet *packet, char why[CAPTURE_WHY_MAX]);

#endif
