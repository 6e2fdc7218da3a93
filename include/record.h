/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The kernel/user contract: session record, closed sets, counter ids. */
#ifndef SMTPSCOPE_RECORD_H
#define SMTPSCOPE_RECORD_H

#include <linux/types.h>

#define RECORD_ABI 1

/* The one verdict on a session. */
enum outcome {
	OUTCOME_UNDETERMINED,
	OUTCOME_IMPLICIT_TLS,
	OUTCOME_STARTTLS,
	OUTCOME_PLAINTEXT,
	OUTCOME_STARTTLS_FAILED,
	OUTCOME_NO_MAIL,
	OUTCOME_SILENT,
	OUTCOME_NOT_SMTP,
	OUTCOME_UNANSWERED,
	OUTCOME_REFUSED,
	OUTCOME_NR
};

/* Why a plaintext session was plaintext. */
enum reason {
	REASON_NONE,
	REASON_HELO,
	REASON_NOT_OFFERED,
	REASON_MASKED,
	REASON_NOT_REQUESTED,
	REASON_REFUSED,
	REASON_HANDSHAKE_FAILED,
	REASON_BEFORE_TLS,
	REASON_NR
};

/* Why an undetermined session could not be decided. */
enum cause {
	CAUSE_NONE,
	CAUSE_MIDSTREAM,  /* joined after the handshake */
	CAUSE_ONE_SIDED,  /* one direction was never seen */
	CAUSE_GAP,	  /* bytes that decide were not seen or not read */
	CAUSE_TLS_FAILED, /* a ClientHello first, and no ServerHello */
	CAUSE_NR
};

/* Bit numbers in record.fresh, evidence.findings and verdict.findings. */
enum finding {
	FINDING_PLAINTEXT_MAIL,
	FINDING_PLAINTEXT_AUTH,
	FINDING_STARTTLS_NOT_OFFERED,
	FINDING_STARTTLS_REFUSED,
	FINDING_STARTTLS_MASKED,
	FINDING_TLS_HANDSHAKE_FAILED,
	FINDING_WEAK_TLS,
	FINDING_STARTTLS_INJECTION,
	FINDING_RESPONSE_INJECTION,
	FINDING_IMPLICIT_PORT_PLAINTEXT,
	FINDING_NR
};

/* As seen from this machine. */
enum direction {
	DIRECTION_INGRESS, /* the server is here */
	DIRECTION_EGRESS,  /* the client is here */
	DIRECTION_FORWARD, /* neither is */
	DIRECTION_LOCAL,   /* both are */
	DIRECTION_NR
};

/* What a port means: RFC 5321, RFC 6409, RFC 8314. */
enum role { ROLE_RELAY, ROLE_SUBMISSION, ROLE_IMPLICIT, ROLE_NR };

/* How a connection came to its end. */
enum ending {
	ENDING_OPEN, /* it has not: a finding is told early */
	ENDING_FIN,  /* both sides closed */
	ENDING_RST,
	ENDING_REUSED,	   /* a new SYN took its 4-tuple */
	ENDING_IDLE,	   /* swept after a long silence */
	ENDING_REFUSED,	   /* RST or ICMP unreachable to the SYN */
	ENDING_UNANSWERED, /* nothing to the SYN */
	ENDING_STOPPED,	   /* smtpscope stopped first */
	ENDING_EOF,	   /* the capture ended first */
	ENDING_NR
};

enum starttls_verb {
	STARTTLS_VERB_NONE,
	STARTTLS_VERB_STARTTLS,
	STARTTLS_VERB_ANONYMOUSTLS, /* Exchange's X-ANONYMOUSTLS */
	STARTTLS_VERB_NR
};

enum auth_mechanism {
	AUTH_NONE,
	AUTH_PLAIN,
	AUTH_LOGIN,
	AUTH_XOAUTH2,
	AUTH_OAUTHBEARER,
	AUTH_CRAM_MD5,
	AUTH_DIGEST_MD5,
	AUTH_SCRAM, /* every SCRAM-* of RFC 5802 and RFC 7677 */
	AUTH_NTLM,
	AUTH_GSSAPI,
	AUTH_EXTERNAL,
	AUTH_ANONYMOUS,
	AUTH_OTHER,
	AUTH_NR
};

/* Reply codes that operators ask for by number. */
enum notable {
	NOTABLE_421,
	NOTABLE_450,
	NOTABLE_451,
	NOTABLE_452,
	NOTABLE_454,
	NOTABLE_530,
	NOTABLE_535,
	NOTABLE_538,
	NOTABLE_550,
	NOTABLE_554,
	NOTABLE_NR
};

/* Facts read off one direction; evidence.flags. */
enum evidence_flag {
	/* either direction */
	EV_TLS_RECORD = 1U << 0, /* bytes were read as TLS records */
	EV_ALERT = 1U << 1,	 /* a TLS alert in clear: alert_level, alert_desc */
	EV_CIPHERED = 1U << 2,	 /* ChangeCipherSpec or application data seen */
	EV_LOST = 1U << 3,	 /* bytes that decide were lost: gap or overflow */
	EV_FIN = 1U << 4,
	EV_RST = 1U << 5,
	EV_NOT_SMTP = 1U << 6, /* the first line is no SMTP */
	EV_SMTP = 1U << 7,     /* a command or a reply that is SMTP beyond doubt */
	EV_LOCAL = 1U << 8,    /* sent by a socket of this machine */
	/* client */
	EV_TLS_FIRST = 1U << 9, /* the first bytes are a ClientHello */
	EV_CLIENT_HELLO = 1U << 10,
	EV_EHLO = 1U << 11,
	EV_HELO = 1U << 12,
	EV_SECRET = 1U << 13,	   /* an AUTH secret was sent in clear */
	EV_INJECTED = 1U << 14,	   /* bytes after STARTTLS, before its reply */
	EV_CLEAR_AFTER = 1U << 15, /* SMTP in clear after an accepted STARTTLS */
	EV_COMMAND = 1U << 16,	   /* at least one whole command line */
	EV_BODY = 1U << 17,	   /* message content was sent in clear */
	EV_SNI_CUT = 1U << 18,	   /* record.sni holds only its beginning */
	/* server */
	EV_GREETED = 1U << 19,
	EV_OFFER_KNOWN = 1U << 20, /* an EHLO reply was read to its end */
	EV_OFFERED = 1U << 21,
	EV_MASKED = 1U << 22,
	EV_STARTTLS_OK = 1U << 23, /* the last STARTTLS was answered 2xx */
	EV_SERVER_HELLO = 1U << 24,
	EV_HELLO_RETRY = 1U << 25, /* RFC 8446 4.1.4 */
	EV_RESPONSE_INJECTED = 1U << 26,
	EV_GO_AHEAD = 1U << 27, /* a 354 was sent in clear */
};

/* What one direction of a connection showed. No content, ever. */
struct evidence {
	__u64 bytes;		 /* payload, each byte once */
	__u64 gap_bytes;	 /* never seen */
	__u64 uninspected_bytes; /* seen, but not read as SMTP or TLS */
	__u32 packets;
	__u32 retransmits; /* segments with only old bytes */
	__u32 flags;	   /* enum evidence_flag */
	__u32 findings;	   /* bits, by enum finding */
	/* client */
	__u32 commands;	     /* command lines */
	__u32 mails;	     /* MAIL commands, refused ones too */
	__u32 rcpts;	     /* RCPT commands, refused ones too */
	__u16 auths;	     /* AUTH commands */
	__u8 auth_mechanism; /* enum auth_mechanism, the last one; exposed wins */
	__u8 starttls_verb;  /* enum starttls_verb, the last one asked with */
	/* server */
	__u32 mails_accepted;
	__u32 mails_refused;
	__u32 rcpts_accepted;
	__u32 messages_accepted; /* 2xx to the end of a message */
	__u32 replies[6];	 /* by first digit; [0] lines without a code */
	__u16 notable[NOTABLE_NR];
	__u16 greeting_code;
	__u16 last_code;
	__u16 starttls_code; /* reply to the last STARTTLS */
	__u16 auth_code;     /* reply to the last AUTH, not 334 */
	/* TLS: server's version and cipher are the negotiated ones */
	__u16 tls_version; /* wire value: 0x0303 is TLS 1.2 */
	__u16 tls_cipher;  /* IANA cipher suite number */
	__u8 alert_level;
	__u8 alert_desc;
	__u16 pad[3];
};

#define OWNER_COMM_MAX 16

/* The process behind the local socket; pid 0 means unknown. */
struct owner {
	__u32 pid; /* thread group, in the initial pid namespace */
	__u32 uid; /* in the initial user namespace */
	__u64 cgroup_id;
	char comm[OWNER_COMM_MAX];
};

/* Addresses are in network byte order, IPv4 as ::ffff:a.b.c.d. */
struct conn_key {
	__u8 client[16];
	__u8 server[16];
	__be16 client_port_be16;
	__be16 server_port_be16;
	__u32 pad;
};

#define SNI_MAX 96

/*
 * Records are numbered by the CPU that sends them: 5.10 has no atomic counter
 * that returns its value. The last "CPU" is userspace's own.
 */
#define RECORD_CPU_SHIFT 40
#define RECORD_CPUS 4096

/* Times are CLOCK_MONOTONIC. A finding and an ending have the same shape. */
struct record {
	__u16 abi;	/* RECORD_ABI */
	__u8 ending;	/* enum ending */
	__u8 role;	/* enum role of the server's port */
	__u32 fresh;	/* findings told by this record for the first time */
	__u64 id;	/* of the connection, unique while the programs are loaded */
	__u64 sequence; /* CPU << RECORD_CPU_SHIFT | a count: a hole is a loss */
	__u64 first_ns;
	__u64 last_ns;
	__u64 handshake_ns; /* SYN to SYN-ACK; 0: not seen */
	struct conn_key key;
	__u32 ifindex;	/* where the first packet was seen; 0: in a capture */
	__u8 midstream; /* 1: the SYN was not seen */
	__u8 egress;	/* 1: the first packet was seen leaving */
	__u16 sni_len;
	struct owner owner;
	struct evidence client;
	struct evidence server;
	char sni[SNI_MAX]; /* not terminated */
};

/* Everything that the kernel side counts for itself. */
enum counter {
	COUNTER_PACKETS,	/* on a mail port */
	COUNTER_DUPLICATES,	/* the same packet on a second device */
	COUNTER_FRAGMENTS,	/* IP fragments of TCP, not inspected */
	COUNTER_MALFORMED,	/* lengths that lie */
	COUNTER_EXTENSIONS,	/* IPv6 extension headers beyond the limit */
	COUNTER_OPENED,		/* connections entered in the table */
	COUNTER_CLOSED,		/* connections that left it */
	COUNTER_MIDSTREAM,	/* of the opened, those joined late */
	COUNTER_SYNS,		/* half-open connections entered */
	COUNTER_TABLE_FULL,	/* connections not tracked */
	COUNTER_HALF_OPEN_FULL, /* SYNs not remembered */
	COUNTER_RING_FULL,	/* endings left in the table for the sweep */
	COUNTER_RECORDS_LOST,	/* endings that could not be kept either */
	COUNTER_FINDINGS_LATE,	/* findings that wait for the ending */
	COUNTER_GAPS,		/* holes in a stream */
	COUNTER_REORDERED,	/* segments kept until the hole before them filled */
	COUNTER_REORDER_FULL,	/* segments that could not be kept */
	COUNTER_STEPS,		/* packets cut short by the step limit */
	COUNTER_LOAD_FAILED,	/* bpf_skb_load_bytes failed */
	COUNTER_QUEUE_FULL,	/* more commands in flight than are remembered */
	COUNTER_BAD_RST,	/* RSTs outside the window, ignored */
	COUNTER_OWNER_FAILED,	/* socket storage could not be written */
	COUNTER_NR
};

_Static_assert(sizeof(struct evidence) == 136, "evidence layout");
_Static_assert(sizeof(struct owner) == 32, "owner layout");
_Static_assert(sizeof(struct conn_key) == 40, "conn_key layout");
_Static_assert(__builtin_offsetof(struct record, key) == 48, "record layout");
_Static_assert(__builtin_offsetof(struct record, client) == 128, "record layout");
_Static_assert(sizeof(struct record) == 496, "record layout");

#endif
