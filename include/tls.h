/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Resumable reader of TLS records: hello messages and alerts in clear. */
#ifndef SMTPSCOPE_TLS_H
#define SMTPSCOPE_TLS_H

#include <linux/types.h>
#include <stdbool.h>

#include "record.h"

/* RFC 8446 5.1, B.1: record types. */
enum tls_content {
	TLS_CHANGE_CIPHER_SPEC = 20,
	TLS_ALERT = 21,
	TLS_HANDSHAKE = 22,
	TLS_APPLICATION_DATA = 23,
};

/* RFC 8446 B.3: handshake types. */
enum tls_handshake {
	TLS_CLIENT_HELLO = 1,
	TLS_SERVER_HELLO = 2,
};

enum tls_extension {
	TLS_EXT_SERVER_NAME = 0,	 /* RFC 6066 3 */
	TLS_EXT_SUPPORTED_VERSIONS = 43, /* RFC 8446 4.2.1 */
	TLS_EXT_NONE = 0xffff,
};

#define TLS_ALERT_FATAL 2
/* RFC 5246 6.2.3: the longest ciphertext fragment. */
#define TLS_RECORD_MAX (16384 + 2048)
#define TLS_RANDOM_BYTES 32

enum tls_record_state {
	TLS_RECORD_TYPE,
	TLS_RECORD_MAJOR,
	TLS_RECORD_MINOR,
	TLS_RECORD_LENGTH, /* 2 bytes */
	TLS_RECORD_BODY,
};

/* The fields of a hello; both kinds walk the same way. */
enum tls_field {
	TLS_FIELD_TYPE,
	TLS_FIELD_LENGTH,      /* 3 bytes */
	TLS_FIELD_VERSION,     /* 2 */
	TLS_FIELD_RANDOM,      /* 32 */
	TLS_FIELD_SESSION_ID,  /* length in 1 */
	TLS_FIELD_CIPHERS,     /* client: length in 2; server: the suite */
	TLS_FIELD_COMPRESSION, /* client: length in 1; server: the method */
	TLS_FIELD_EXTENSIONS,  /* length in 2 */
	TLS_FIELD_EXT_TYPE,    /* 2 */
	TLS_FIELD_EXT_LENGTH,  /* 2 */
	TLS_FIELD_EXT_VERSION, /* server's supported_versions: 2 */
	TLS_FIELD_NAME_HEAD,   /* list length 2, type 1, name length 2 */
	TLS_FIELD_NAME,
	TLS_FIELD_REST, /* of the message: passed over */
};

struct tls {
	__u32 value;	 /* of the field being read */
	__u32 message;	 /* bytes left of the handshake message */
	__u16 record;	 /* bytes left of the record */
	__u16 pass;	 /* bytes of the message to pass over */
	__u16 ext_bytes; /* of the extension at hand */
	__u16 ext_type;
	__u8 record_state; /* enum tls_record_state */
	__u8 record_type;
	__u8 field; /* enum tls_field */
	__u8 got;   /* bytes of the field at hand */
	__u8 hello; /* enum tls_handshake of the message at hand */
	__u8 retry; /* the random so far is HelloRetryRequest's */
	__u8 pad[2];
};

/* What the reader found; evidence and name are the caller's. */
struct tls_out {
	struct evidence *ev;
	char *sni;
	__u16 *sni_len;
	bool server;
};

enum tls_step {
	TLS_MORE,
	TLS_CIPHERED, /* from here on nothing can be read */
	TLS_INVALID,  /* this is not TLS */
};

/*
 * RFC 8446 4.1.3: the random that makes a ServerHello a HelloRetryRequest.
 * Volatile, or else clang makes it a nameless constant that BTF cannot place.
 */
static const volatile __u8 tls_retry_random[TLS_RANDOM_BYTES] = {
	0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c,
	0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb,
	0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
};

static inline void tls_field_start(struct tls *t, __u8 field)
{
	t->field = field;
	t->got = 0;
	t->value = 0;
}

static inline void tls_pass(struct tls *t, __u32 bytes, __u8 then)
{
	t->pass = (__u16)bytes;
	tls_field_start(t, then);
}

/* The message at hand was read to its end. */
static inline void tls_message_end(struct tls *t, const struct tls_out *out)
{
	if (out->server && t->hello == TLS_SERVER_HELLO)
		out->ev->flags |= t->retry ? EV_HELLO_RETRY : EV_SERVER_HELLO;
	t->hello = 0;
	t->pass = 0;
	tls_field_start(t, TLS_FIELD_TYPE);
}

static inline void tls_message_start(struct tls *t, const struct tls_out *out)
{
	t->message = t->value;
	if (t->hello == TLS_CLIENT_HELLO && !out->server)
		out->ev->flags |= EV_CLIENT_HELLO;
	else if (t->hello != TLS_SERVER_HELLO || !out->server || (out->ev->flags & EV_SERVER_HELLO))
		t->hello = 0;
	t->retry = 1;
	t->ext_type = TLS_EXT_NONE;
	tls_field_start(t, t->hello ? TLS_FIELD_VERSION : TLS_FIELD_REST);
	if (!t->message)
		tls_message_end(t, out);
}

/* An extension's type and length are known: read it, or pass over it. */
static inline void tls_extension(struct tls *t, const struct tls_out *out)
{
	t->ext_bytes = (__u16)t->value;
	if (out->server && t->ext_type == TLS_EXT_SUPPORTED_VERSIONS && t->ext_bytes == 2)
		tls_field_start(t, TLS_FIELD_EXT_VERSION);
	else if (!out->server && t->ext_type == TLS_EXT_SERVER_NAME && t->ext_bytes > 5 &&
		 !*out->sni_len)
		tls_field_start(t, TLS_FIELD_NAME_HEAD);
	else
		tls_pass(t, t->ext_bytes, TLS_FIELD_EXT_TYPE);
}

/* RFC 6066 3: list length, name type 0, name length; then the name. */
static inline void tls_name_head(struct tls *t)
{
	__u32 bytes = t->value & 0xffff;

	t->ext_bytes -= 5;
	if ((t->value >> 16 & 0xff) || bytes > t->ext_bytes || !bytes) {
		tls_pass(t, t->ext_bytes, TLS_FIELD_EXT_TYPE);
		return;
	}
	tls_field_start(t, TLS_FIELD_NAME);
	t->value = bytes;
}

static inline void tls_name_byte(struct tls *t, const struct tls_out *out, __u8 c)
{
	__u32 at = *out->sni_len;

	if (at < SNI_MAX) {
		out->sni[at] = (char)c;
		*out->sni_len = (__u16)(at + 1);
	} else {
		out->ev->flags |= EV_SNI_CUT;
	}
	t->ext_bytes--;
	if (!--t->value)
		tls_pass(t, t->ext_bytes, TLS_FIELD_EXT_TYPE);
}

static inline __u8 tls_field_bytes(__u8 field)
{
	switch (field) {
	case TLS_FIELD_TYPE:
	case TLS_FIELD_SESSION_ID:
	case TLS_FIELD_COMPRESSION: return 1;
	case TLS_FIELD_LENGTH: return 3;
	case TLS_FIELD_NAME_HEAD: return 5;
	default: return 2;
	}
}

/* A whole field of a hello was read into t->value. */
static inline void tls_field_end(struct tls *t, const struct tls_out *out)
{
	__u32 value = t->value;

	switch (t->field) {
	case TLS_FIELD_TYPE:
		t->hello = (__u8)value;
		tls_field_start(t, TLS_FIELD_LENGTH);
		break;
	case TLS_FIELD_LENGTH: tls_message_start(t, out); break;
	case TLS_FIELD_VERSION:
		out->ev->tls_version = (__u16)value;
		tls_field_start(t, TLS_FIELD_RANDOM);
		break;
	case TLS_FIELD_SESSION_ID: tls_pass(t, value, TLS_FIELD_CIPHERS); break;
	case TLS_FIELD_CIPHERS:
		if (out->server)
			out->ev->tls_cipher = (__u16)value;
		tls_pass(t, out->server ? 0 : value, TLS_FIELD_COMPRESSION);
		break;
	case TLS_FIELD_COMPRESSION:
		tls_pass(t, out->server ? 0 : value, TLS_FIELD_EXTENSIONS);
		break;
	case TLS_FIELD_EXTENSIONS: tls_field_start(t, TLS_FIELD_EXT_TYPE); break;
	case TLS_FIELD_EXT_TYPE:
		t->ext_type = (__u16)value;
		tls_field_start(t, TLS_FIELD_EXT_LENGTH);
		break;
	case TLS_FIELD_EXT_LENGTH: tls_extension(t, out); break;
	case TLS_FIELD_EXT_VERSION:
		out->ev->tls_version = (__u16)value;
		tls_field_start(t, TLS_FIELD_EXT_TYPE);
		break;
	case TLS_FIELD_NAME_HEAD: tls_name_head(t); break;
	}
}

/* One byte of the handshake stream; it may span records. */
static inline void tls_handshake_byte(struct tls *t, const struct tls_out *out, __u8 c)
{
	if (t->field > TLS_FIELD_LENGTH)
		t->message--;
	if (t->field == TLS_FIELD_RANDOM) {
		if (c != tls_retry_random[t->got & (TLS_RANDOM_BYTES - 1)])
			t->retry = 0;
		if (++t->got == TLS_RANDOM_BYTES)
			tls_field_start(t, TLS_FIELD_SESSION_ID);
	} else if (t->field == TLS_FIELD_NAME) {
		tls_name_byte(t, out, c);
	} else if (t->field != TLS_FIELD_REST) {
		t->value = t->value << 8 | c;
		if (++t->got == tls_field_bytes(t->field))
			tls_field_end(t, out);
	}
	if (t->field > TLS_FIELD_LENGTH && !t->message)
		tls_message_end(t, out);
}

/* RFC 8446 6: level and description; only the first alert is kept. */
static inline void tls_alert_byte(struct tls *t, struct evidence *ev, __u8 c)
{
	if (t->record > 1 || (ev->flags & EV_ALERT))
		return;
	if (t->record == 1) {
		t->value = c;
		return;
	}
	ev->alert_level = (__u8)t->value;
	ev->alert_desc = c;
	ev->flags |= EV_ALERT;
}

/* No line of SMTP begins with a byte that begins a record. */
static inline bool tls_begins(__u8 c)
{
	return c >= TLS_CHANGE_CIPHER_SPEC && c <= TLS_APPLICATION_DATA;
}

static inline enum tls_step tls_header_byte(struct tls *t, struct evidence *ev, __u8 c)
{
	switch (t->record_state) {
	case TLS_RECORD_TYPE:
		if (!tls_begins(c))
			return TLS_INVALID;
		t->record_type = c;
		t->record_state = TLS_RECORD_MAJOR;
		break;
	case TLS_RECORD_MAJOR:
		if (c != 3)
			return TLS_INVALID;
		t->record_state = TLS_RECORD_MINOR;
		break;
	case TLS_RECORD_MINOR:
		if (c > 4)
			return TLS_INVALID;
		t->record = 0;
		t->record_state = TLS_RECORD_LENGTH;
		break;
	default:
		/* a length above 0xff00 is invalid: a flag until the low byte */
		if (!(t->record & 0x8000)) {
			if (c > TLS_RECORD_MAX >> 8)
				return TLS_INVALID;
			t->record = (__u16)(0x8000 | c << 8);
			break;
		}
		t->record = (__u16)((t->record & 0x7fff) | c);
		if (t->record > TLS_RECORD_MAX || !t->record)
			return TLS_INVALID;
		t->record_state = TLS_RECORD_BODY;
		ev->flags |= EV_TLS_RECORD;
		/* RFC 8446 D.4: one may follow a HelloRetryRequest, for show */
		if (t->record_type == TLS_CHANGE_CIPHER_SPEC && (ev->flags & EV_HELLO_RETRY) &&
		    !(ev->flags & EV_SERVER_HELLO))
			break;
		if (t->record_type == TLS_CHANGE_CIPHER_SPEC ||
		    t->record_type == TLS_APPLICATION_DATA) {
			ev->flags |= EV_CIPHERED;
			return TLS_CIPHERED;
		}
		/* an alert of another length is an encrypted one */
		if (t->record_type == TLS_ALERT && t->record != 2) {
			ev->flags |= EV_CIPHERED;
			return TLS_CIPHERED;
		}
	}
	return TLS_MORE;
}

/* Bytes of the current record that need no look, at most avail. */
static inline __u32 tls_passable(const struct tls *t, __u32 avail)
{
	__u32 bytes = t->field == TLS_FIELD_REST ? t->message : t->pass;

	if (t->record_state != TLS_RECORD_BODY || t->record_type != TLS_HANDSHAKE)
		return 0;
	if (bytes > t->message)
		bytes = t->message;
	if (bytes > t->record)
		bytes = t->record;
	return bytes < avail ? bytes : avail;
}

static inline void tls_passed(struct tls *t, const struct tls_out *out, __u32 bytes)
{
	if (t->field != TLS_FIELD_REST)
		t->pass -= (__u16)bytes;
	t->message -= bytes;
	t->record -= (__u16)bytes;
	if (!t->record)
		t->record_state = TLS_RECORD_TYPE;
	if (!t->message)
		tls_message_end(t, out);
}

/* Feeds one byte; first tls_passable, which jumps over what it can. */
static inline enum tls_step tls_byte(struct tls *t, const struct tls_out *out, __u8 c)
{
	if (t->record_state != TLS_RECORD_BODY)
		return tls_header_byte(t, out->ev, c);
	t->record--;
	if (t->record_type == TLS_ALERT)
		tls_alert_byte(t, out->ev, c);
	else if (t->record_type == TLS_HANDSHAKE)
		tls_handshake_byte(t, out, c);
	if (!t->record)
		t->record_state = TLS_RECORD_TYPE;
	return TLS_MORE;
}

#endif
