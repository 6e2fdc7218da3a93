/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The one place where numbers of the contract become text. */
#ifndef SMTPSCOPE_NAMES_H
#define SMTPSCOPE_NAMES_H

#include <stddef.h>

#include "record.h"

/* Room for tls_cipher_name: "0xffff". */
#define TLS_CIPHER_MAX 8
/* Room for address_text: an IPv6 address and its end, as INET6_ADDRSTRLEN. */
#define ADDRESS_TEXT_MAX 46

/* A number outside of its set is "unknown": names are never NULL. */
const char *outcome_name(unsigned int outcome);
const char *reason_name(unsigned int reason);
const char *cause_name(unsigned int cause);
const char *finding_name(unsigned int finding);
const char *direction_name(unsigned int direction);
const char *role_name(unsigned int role);
const char *ending_name(unsigned int ending);
const char *starttls_verb_name(unsigned int verb);
const char *auth_mechanism_name(unsigned int mechanism);
const char *notable_name(unsigned int notable);
const char *counter_name(unsigned int counter);

/* "1.2", "1.3", "SSLv3", from the wire value. */
const char *tls_version_name(__u16 version);

/* The IANA name of a common suite, else its number written to buf. */
const char *tls_cipher_name(__u16 cipher, char *buf, size_t size);

/* yes, no, unknown: was STARTTLS offered? */
const char *offer_name(const struct record *r);

/* An address of the record; ::ffff:a.b.c.d is a.b.c.d. Returns buf. */
const char *address_text(const __u8 address[16], char buf[ADDRESS_TEXT_MAX]);

#endif
