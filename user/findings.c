/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What each finding means, and what to do about it. */
#include "findings.h"

#include "record.h"

struct finding_text {
	const char *meaning;
	const char *remedy;
};

/* A remedy fits beside its finding's name and count in 120 columns. */
static const struct finding_text texts[FINDING_NR] = {
	[FINDING_PLAINTEXT_MAIL] = {
		"a mail was sent in clear",
		"see the session's reason: it names the side that did not use TLS",
	},
	[FINDING_PLAINTEXT_AUTH] = {
		"a password or token was sent in clear",
		"change that secret; let the server offer AUTH only after TLS",
	},
	[FINDING_STARTTLS_NOT_OFFERED] = {
		"the server does not offer STARTTLS",
		"give the server a certificate and enable STARTTLS on this port",
	},
	[FINDING_STARTTLS_REFUSED] = {
		"the server offers STARTTLS and refused it",
		"look in the server's log: its key or certificate cannot be loaded",
	},
	[FINDING_STARTTLS_MASKED] = {
		"something overwrote the STARTTLS offer on its way",
		"turn off SMTP inspection (fixup) in the firewall between the two",
	},
	[FINDING_TLS_HANDSHAKE_FAILED] = {
		"a TLS handshake began and was not completed",
		"compare versions, ciphers and certificate: openssl s_client -starttls smtp",
	},
	[FINDING_WEAK_TLS] = {
		"TLS older than 1.2 was negotiated",
		"set the minimum to TLS 1.2 on the server, or update the client",
	},
	[FINDING_STARTTLS_INJECTION] = {
		"commands came after STARTTLS and before TLS (CVE-2011-0411)",
		"update the server, and find who sent them: a client never does",
	},
	[FINDING_RESPONSE_INJECTION] = {
		"clear text followed the server's reply to STARTTLS",
		"look for a proxy in between, and let clients drop what precedes TLS",
	},
	[FINDING_IMPLICIT_PORT_PLAINTEXT] = {
		"clear text was spoken on a port for implicit TLS",
		"wrap the port in TLS on the server, or use 587 with STARTTLS",
	},
};

const char *finding_meaning(unsigned int finding)
{
	return finding < FINDING_NR ? texts[finding].meaning : "unknown";
}

const char *finding_remedy(unsigned int finding)
{
	return finding < FINDING_NR ? texts[finding].remedy : "unknown";
}
