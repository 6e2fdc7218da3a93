/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The one place where numbers of the contract become text. */
#include "names.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

_Static_assert(ADDRESS_TEXT_MAX == INET6_ADDRSTRLEN, "room for an address");

#define NAME_OF(table, number) name_of(table, sizeof(table) / sizeof((table)[0]), number)

struct tls_name {
	__u16 number;
	const char *name;
};

static const char *const outcomes[OUTCOME_NR] = {
	[OUTCOME_UNDETERMINED] = "undetermined",
	[OUTCOME_IMPLICIT_TLS] = "implicit_tls",
	[OUTCOME_STARTTLS] = "starttls",
	[OUTCOME_PLAINTEXT] = "plaintext",
	[OUTCOME_STARTTLS_FAILED] = "starttls_failed",
	[OUTCOME_NO_MAIL] = "no_mail",
	[OUTCOME_SILENT] = "silent",
	[OUTCOME_NOT_SMTP] = "not_smtp",
	[OUTCOME_UNANSWERED] = "unanswered",
	[OUTCOME_REFUSED] = "refused",
};

static const char *const reasons[REASON_NR] = {
	[REASON_NONE] = "none",
	[REASON_HELO] = "helo",
	[REASON_NOT_OFFERED] = "not_offered",
	[REASON_MASKED] = "masked",
	[REASON_NOT_REQUESTED] = "not_requested",
	[REASON_REFUSED] = "refused",
	[REASON_HANDSHAKE_FAILED] = "handshake_failed",
	[REASON_BEFORE_TLS] = "before_tls",
};

static const char *const causes[CAUSE_NR] = {
	[CAUSE_NONE] = "none", [CAUSE_MIDSTREAM] = "midstream",	  [CAUSE_ONE_SIDED] = "one_sided",
	[CAUSE_GAP] = "gap",   [CAUSE_TLS_FAILED] = "tls_failed",
};

static const char *const findings[FINDING_NR] = {
	[FINDING_PLAINTEXT_MAIL] = "plaintext-mail",
	[FINDING_PLAINTEXT_AUTH] = "plaintext-auth",
	[FINDING_STARTTLS_NOT_OFFERED] = "starttls-not-offered",
	[FINDING_STARTTLS_REFUSED] = "starttls-refused",
	[FINDING_STARTTLS_MASKED] = "starttls-masked",
	[FINDING_TLS_HANDSHAKE_FAILED] = "tls-handshake-failed",
	[FINDING_WEAK_TLS] = "weak-tls",
	[FINDING_STARTTLS_INJECTION] = "starttls-injection",
	[FINDING_RESPONSE_INJECTION] = "response-injection",
	[FINDING_IMPLICIT_PORT_PLAINTEXT] = "implicit-port-plaintext",
};

static const char *const directions[DIRECTION_NR] = {
	[DIRECTION_INGRESS] = "ingress",
	[DIRECTION_EGRESS] = "egress",
	[DIRECTION_FORWARD] = "forward",
	[DIRECTION_LOCAL] = "local",
};

static const char *const roles[ROLE_NR] = {
	[ROLE_RELAY] = "relay",
	[ROLE_SUBMISSION] = "submission",
	[ROLE_IMPLICIT] = "implicit",
};

static const char *const endings[ENDING_NR] = {
	[ENDING_OPEN] = "none",
	[ENDING_FIN] = "fin",
	[ENDING_RST] = "rst",
	[ENDING_REUSED] = "reused",
	[ENDING_IDLE] = "idle",
	[ENDING_REFUSED] = "refused",
	[ENDING_UNANSWERED] = "unanswered",
	[ENDING_STOPPED] = "stopped",
	[ENDING_EOF] = "open",
};

static const char *const starttls_verbs[STARTTLS_VERB_NR] = {
	[STARTTLS_VERB_NONE] = "none",
	[STARTTLS_VERB_STARTTLS] = "STARTTLS",
	[STARTTLS_VERB_ANONYMOUSTLS] = "X-ANONYMOUSTLS",
};

static const char *const auth_mechanisms[AUTH_NR] = {
	[AUTH_NONE] = "none",
	[AUTH_PLAIN] = "PLAIN",
	[AUTH_LOGIN] = "LOGIN",
	[AUTH_XOAUTH2] = "XOAUTH2",
	[AUTH_OAUTHBEARER] = "OAUTHBEARER",
	[AUTH_CRAM_MD5] = "CRAM-MD5",
	[AUTH_DIGEST_MD5] = "DIGEST-MD5",
	[AUTH_SCRAM] = "SCRAM",
	[AUTH_NTLM] = "NTLM",
	[AUTH_GSSAPI] = "GSSAPI",
	[AUTH_EXTERNAL] = "EXTERNAL",
	[AUTH_ANONYMOUS] = "ANONYMOUS",
	[AUTH_OTHER] = "other",
};

static const char *const notables[NOTABLE_NR] = {
	[NOTABLE_421] = "421", [NOTABLE_450] = "450", [NOTABLE_451] = "451", [NOTABLE_452] = "452",
	[NOTABLE_454] = "454", [NOTABLE_530] = "530", [NOTABLE_535] = "535", [NOTABLE_538] = "538",
	[NOTABLE_550] = "550", [NOTABLE_554] = "554",
};

static const char *const counters[COUNTER_NR] = {
	[COUNTER_PACKETS] = "packets",
	[COUNTER_DUPLICATES] = "duplicate_packets",
	[COUNTER_FRAGMENTS] = "fragments",
	[COUNTER_MALFORMED] = "malformed_packets",
	[COUNTER_EXTENSIONS] = "extension_header_limit",
	[COUNTER_OPENED] = "connections_opened",
	[COUNTER_CLOSED] = "connections_closed",
	[COUNTER_MIDSTREAM] = "connections_joined_late",
	[COUNTER_SYNS] = "half_open_entered",
	[COUNTER_TABLE_FULL] = "connection_table_full",
	[COUNTER_HALF_OPEN_FULL] = "half_open_table_full",
	[COUNTER_RING_FULL] = "ring_buffer_full",
	[COUNTER_RECORDS_LOST] = "records_lost",
	[COUNTER_FINDINGS_LATE] = "findings_late",
	[COUNTER_GAPS] = "gaps",
	[COUNTER_REORDERED] = "reordered_segments",
	[COUNTER_REORDER_FULL] = "reorder_window_full",
	[COUNTER_STEPS] = "step_limit",
	[COUNTER_LOAD_FAILED] = "load_bytes_failed",
	[COUNTER_QUEUE_FULL] = "command_queue_full",
	[COUNTER_BAD_RST] = "out_of_window_rsts",
	[COUNTER_OWNER_FAILED] = "owner_store_failed",
};

/* IANA "TLS Cipher Suites": those of RFC 8446, of RFC 9325's advice, and
 * those that old MTAs still negotiate.
 */
static const struct tls_name ciphers[] = {
	{ 0x1301, "TLS_AES_128_GCM_SHA256" },
	{ 0x1302, "TLS_AES_256_GCM_SHA384" },
	{ 0x1303, "TLS_CHACHA20_POLY1305_SHA256" },
	{ 0x1304, "TLS_AES_128_CCM_SHA256" },
	{ 0x1305, "TLS_AES_128_CCM_8_SHA256" },
	{ 0xc02b, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256" },
	{ 0xc02c, "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384" },
	{ 0xc02f, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256" },
	{ 0xc030, "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384" },
	{ 0xcca8, "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256" },
	{ 0xcca9, "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256" },
	{ 0xccaa, "TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256" },
	{ 0x009c, "TLS_RSA_WITH_AES_128_GCM_SHA256" },
	{ 0x009d, "TLS_RSA_WITH_AES_256_GCM_SHA384" },
	{ 0x009e, "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256" },
	{ 0x009f, "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384" },
	{ 0xc009, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA" },
	{ 0xc00a, "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA" },
	{ 0xc013, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA" },
	{ 0xc014, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA" },
	{ 0xc018, "TLS_ECDH_anon_WITH_AES_128_CBC_SHA" },
	{ 0xc019, "TLS_ECDH_anon_WITH_AES_256_CBC_SHA" },
	{ 0xc023, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256" },
	{ 0xc024, "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384" },
	{ 0xc027, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256" },
	{ 0xc028, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384" },
	{ 0x0033, "TLS_DHE_RSA_WITH_AES_128_CBC_SHA" },
	{ 0x0034, "TLS_DH_anon_WITH_AES_128_CBC_SHA" },
	{ 0x0039, "TLS_DHE_RSA_WITH_AES_256_CBC_SHA" },
	{ 0x003a, "TLS_DH_anon_WITH_AES_256_CBC_SHA" },
	{ 0x0067, "TLS_DHE_RSA_WITH_AES_128_CBC_SHA256" },
	{ 0x006b, "TLS_DHE_RSA_WITH_AES_256_CBC_SHA256" },
	{ 0x00a6, "TLS_DH_anon_WITH_AES_128_GCM_SHA256" },
	{ 0x00a7, "TLS_DH_anon_WITH_AES_256_GCM_SHA384" },
	{ 0x002f, "TLS_RSA_WITH_AES_128_CBC_SHA" },
	{ 0x0035, "TLS_RSA_WITH_AES_256_CBC_SHA" },
	{ 0x003c, "TLS_RSA_WITH_AES_128_CBC_SHA256" },
	{ 0x003d, "TLS_RSA_WITH_AES_256_CBC_SHA256" },
	{ 0x0004, "TLS_RSA_WITH_RC4_128_MD5" },
	{ 0x0005, "TLS_RSA_WITH_RC4_128_SHA" },
	{ 0x000a, "TLS_RSA_WITH_3DES_EDE_CBC_SHA" },
	{ 0x0016, "TLS_DHE_RSA_WITH_3DES_EDE_CBC_SHA" },
	{ 0xc012, "TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA" },
};

static const char *name_of(const char *const *table, size_t nr, unsigned int number)
{
	return number < nr && table[number] ? table[number] : "unknown";
}

const char *outcome_name(unsigned int outcome)
{
	return NAME_OF(outcomes, outcome);
}

const char *reason_name(unsigned int reason)
{
	return NAME_OF(reasons, reason);
}

const char *cause_name(unsigned int cause)
{
	return NAME_OF(causes, cause);
}

const char *finding_name(unsigned int finding)
{
	return NAME_OF(findings, finding);
}

const char *direction_name(unsigned int direction)
{
	return NAME_OF(directions, direction);
}

const char *role_name(unsigned int role)
{
	return NAME_OF(roles, role);
}

const char *ending_name(unsigned int ending)
{
	return NAME_OF(endings, ending);
}

const char *starttls_verb_name(unsigned int verb)
{
	return NAME_OF(starttls_verbs, verb);
}

const char *auth_mechanism_name(unsigned int mechanism)
{
	return NAME_OF(auth_mechanisms, mechanism);
}

const char *notable_name(unsigned int notable)
{
	return NAME_OF(notables, notable);
}

const char *counter_name(unsigned int counter)
{
	return NAME_OF(counters, counter);
}

const char *tls_version_name(__u16 version)
{
	switch (version) {
	case 0x0002: return "SSLv2";
	case 0x0300: return "SSLv3";
	case 0x0301: return "1.0";
	case 0x0302: return "1.1";
	case 0x0303: return "1.2";
	case 0x0304: return "1.3";
	default: return "unknown";
	}
}

const char *tls_cipher_name(__u16 cipher, char *buf, size_t size)
{
	for (size_t i = 0; i < sizeof(ciphers) / sizeof(ciphers[0]); i++)
		if (ciphers[i].number == cipher)
			return ciphers[i].name;
	snprintf(buf, size, "0x%04x", cipher);
	return buf;
}

const char *offer_name(const struct record *r)
{
	if (r->server.flags & EV_OFFERED)
		return "yes";
	return r->server.flags & EV_OFFER_KNOWN ? "no" : "unknown";
}

const char *address_text(const __u8 address[16], char buf[ADDRESS_TEXT_MAX])
{
	static const __u8 mapped[12] = { [10] = 0xff, [11] = 0xff };

	if (!memcmp(address, mapped, sizeof(mapped)))
		inet_ntop(AF_INET, address + sizeof(mapped), buf, ADDRESS_TEXT_MAX);
	else
		inet_ntop(AF_INET6, address, buf, ADDRESS_TEXT_MAX);
	return buf;
}
