/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Every metric family and every label of smtpscope, as data. */
#include "families.h"

#include "exposition.h"
#include "metrics.h"
#include "names.h"
#include "process.h"

static const char *const offers[OFFER_NR] = {
	[OFFER_YES] = "yes",
	[OFFER_NO] = "no",
	[OFFER_UNKNOWN] = "unknown",
};

static const char *const starttls_failures[STARTTLS_FAILURE_NR] = {
	[STARTTLS_FAILURE_REFUSED] = "refused",
	[STARTTLS_FAILURE_UNANSWERED] = "unanswered",
	[STARTTLS_FAILURE_ALERT] = "alert",
	[STARTTLS_FAILURE_CONTINUED] = "continued_in_clear",
	[STARTTLS_FAILURE_NO_CLIENT_HELLO] = "no_client_hello",
	[STARTTLS_FAILURE_NO_SERVER_HELLO] = "no_server_hello",
};

static const char *const tls_versions[TLS_VERSION_NR] = {
	[TLS_VERSION_UNKNOWN] = "unknown", [TLS_VERSION_SSL2] = "SSLv2",
	[TLS_VERSION_SSL3] = "SSLv3",	   [TLS_VERSION_10] = "1.0",
	[TLS_VERSION_11] = "1.1",	   [TLS_VERSION_12] = "1.2",
	[TLS_VERSION_13] = "1.3",
};

static const char *const reply_classes[REPLY_CLASS_NR] = {
	"none", "1xx", "2xx", "3xx", "4xx", "5xx",
};

static const char *const senders[SENDER_NR] = {
	[SENDER_CLIENT] = "client",
	[SENDER_SERVER] = "server",
};

static const char *const tables[TABLE_NR] = {
	[TABLE_CONNECTIONS] = "connections",
	[TABLE_HALF_OPEN] = "half_open",
};

static const char *const versions[] = { SMTPSCOPE_VERSION };

const struct dimension dimensions[DIMENSION_NR] = {
	[DIMENSION_NONE] = { .nr = 1 },
	[DIMENSION_DIRECTION] = { "direction", .name = direction_name, .nr = DIRECTION_NR },
	[DIMENSION_PORT] = { "port", .nr = CONFIG_PORTS_MAX },
	[DIMENSION_OUTCOME] = { "outcome", .name = outcome_name, .nr = OUTCOME_NR },
	[DIMENSION_REASON] = { "reason", .name = reason_name, .nr = REASON_NR },
	[DIMENSION_CAUSE] = { "cause", .name = cause_name, .nr = CAUSE_NR, .first = 1 },
	[DIMENSION_MECHANISM] = { "mechanism", .name = auth_mechanism_name, .nr = AUTH_NR,
				  .first = 1 },
	[DIMENSION_OFFERED] = { "offered", .names = offers, .nr = OFFER_NR },
	[DIMENSION_VERB] = { "verb", .name = starttls_verb_name, .nr = STARTTLS_VERB_NR,
			     .first = 1 },
	[DIMENSION_STARTTLS_FAILURE] = { "reason", .names = starttls_failures,
					 .nr = STARTTLS_FAILURE_NR, .first = 1 },
	[DIMENSION_TLS_VERSION] = { "version", .names = tls_versions, .nr = TLS_VERSION_NR },
	[DIMENSION_CLASS] = { "class", .names = reply_classes, .nr = REPLY_CLASS_NR },
	[DIMENSION_CODE] = { "code", .name = notable_name, .nr = NOTABLE_NR },
	[DIMENSION_RULE] = { "rule", .name = finding_name, .nr = FINDING_NR },
	[DIMENSION_SENDER] = { "sender", .names = senders, .nr = SENDER_NR },
	[DIMENSION_TABLE] = { "table", .names = tables, .nr = TABLE_NR },
	[DIMENSION_PROGRAM] = { "program", .nr = KERNEL_PROGRAMS_MAX },
	[DIMENSION_VERSION] = { "version", .names = versions, .nr = 1 },
};

#define METRICS(member) SOURCE_METRICS, offsetof(struct metrics, member)
#define SCRAPE(member) SOURCE_SCRAPE, offsetof(struct scrape, member)
#define KERNEL(counter) SOURCE_KERNEL, offsetof(struct kernel_stats, counters[COUNTER_##counter])
#define VIEW(member) SOURCE_VIEW, offsetof(struct family_view, member)
#define TIMED(member) SOURCE_TIMED, offsetof(struct family_view, member)
#define PROCESS(member) SOURCE_PROCESS, offsetof(struct process_stats, member)

const struct family families[] = {
	/* what the sessions showed */
	{ "smtpscope_sessions",
	  FAMILY_COUNTER,
	  METRICS(sessions),
	  { DIMENSION_DIRECTION, DIMENSION_PORT, DIMENSION_OUTCOME },
	  .help = "Sessions that ended, by direction as seen from this machine, server port and "
		  "outcome." },
	{ "smtpscope_sessions_unknown_port", FAMILY_COUNTER, METRICS(ports_unknown),
	  .help = "Sessions on a port that is not configured, missing from smtpscope_sessions: "
		  "anything but 0 is a defect." },
	{ "smtpscope_plaintext_sessions",
	  FAMILY_COUNTER,
	  METRICS(plaintext),
	  { DIMENSION_DIRECTION, DIMENSION_REASON },
	  .help = "Sessions with a mail or an AUTH secret in clear, by the reason why; none is "
		  "a reason that the wire does not tell." },
	{ "smtpscope_undetermined_sessions",
	  FAMILY_COUNTER,
	  METRICS(undetermined),
	  { DIMENSION_CAUSE },
	  .help = "Sessions without a verdict, by what was missing." },
	{ "smtpscope_plaintext_mails",
	  FAMILY_COUNTER,
	  METRICS(mails),
	  { DIMENSION_DIRECTION },
	  .help = "MAIL commands in clear that were not refused." },
	{ "smtpscope_plaintext_recipients",
	  FAMILY_COUNTER,
	  METRICS(rcpts),
	  { DIMENSION_DIRECTION },
	  .help = "RCPT commands in clear that were accepted." },
	{ "smtpscope_plaintext_auth_sessions",
	  FAMILY_COUNTER,
	  METRICS(auths),
	  { DIMENSION_MECHANISM },
	  .help = "Sessions in which an AUTH secret was sent in clear, whatever the reply." },
	{ "smtpscope_starttls_offers",
	  FAMILY_COUNTER,
	  METRICS(starttls_offers),
	  { DIMENSION_OFFERED },
	  .help = "SMTP sessions by whether the server offered STARTTLS; unknown without a whole "
		  "reply to EHLO." },
	{ "smtpscope_starttls_requests",
	  FAMILY_COUNTER,
	  METRICS(starttls_requests),
	  { DIMENSION_VERB },
	  .help = "Sessions in which the client asked for TLS, by the verb it asked with." },
	{ "smtpscope_starttls_failures",
	  FAMILY_COUNTER,
	  METRICS(starttls_failures),
	  { DIMENSION_STARTTLS_FAILURE },
	  .help = "Sessions in which the client asked for TLS and none came of it." },
	{ "smtpscope_tls_handshakes",
	  FAMILY_COUNTER,
	  METRICS(tls_handshakes),
	  { DIMENSION_TLS_VERSION },
	  .help = "Sessions in which the server chose a TLS version, by STARTTLS or at once." },
	{ "smtpscope_replies",
	  FAMILY_COUNTER,
	  METRICS(replies),
	  { DIMENSION_CLASS },
	  .help = "Replies in clear by their first digit; none is a line without a code." },
	{ "smtpscope_notable_replies",
	  FAMILY_COUNTER,
	  METRICS(notable),
	  { DIMENSION_CODE },
	  .help = "Replies in clear with a code that operators ask for by number; in "
		  "smtpscope_replies too." },
	{ "smtpscope_findings",
	  FAMILY_COUNTER,
	  METRICS(findings),
	  { DIMENSION_RULE },
	  .help = "Rules that sessions broke, each once a session." },
	{ "smtpscope_payload_bytes",
	  FAMILY_COUNTER,
	  METRICS(bytes),
	  { DIMENSION_DIRECTION, DIMENSION_SENDER },
	  .help = "TCP payload of the sessions that ended, each byte once, by who sent it." },
	{ "smtpscope_gap_bytes",
	  FAMILY_COUNTER,
	  METRICS(gap_bytes),
	  { DIMENSION_SENDER },
	  .help = "Payload of the sessions that ended that never passed here." },
	{ "smtpscope_uninspected_bytes",
	  FAMILY_COUNTER,
	  METRICS(uninspected_bytes),
	  { DIMENSION_SENDER },
	  .help = "Payload of the sessions that ended that passed, but was not read as SMTP or "
		  "TLS." },
	{ "smtpscope_retransmitted_segments",
	  FAMILY_COUNTER,
	  METRICS(retransmits),
	  { DIMENSION_SENDER },
	  .help = "TCP segments of the sessions that ended with nothing but old bytes." },

	/* the way from the kernel to here */
	{ "smtpscope_events_read", FAMILY_COUNTER, SCRAPE(events_read),
	  .help = "Records taken from the kernel: endings of sessions and early findings." },
	{ "smtpscope_events_lost", FAMILY_COUNTER, SCRAPE(events_lost),
	  .help = "Records that the kernel side made and that did not come, by their sequence." },
	{ "smtpscope_log_lines_dropped", FAMILY_COUNTER, SCRAPE(log_lines_dropped),
	  .help = "Lines that could not be written." },
	{ "smtpscope_kernel_read_failures", FAMILY_COUNTER, SCRAPE(kernel_failures),
	  .help = "Readings of the kernel's tables or figures that failed." },
	{ "smtpscope_hosts", FAMILY_GAUGE, SCRAPE(hosts),
	  .help = "Hosts in the table, each once a role." },
	{ "smtpscope_hosts_limit", FAMILY_GAUGE, SCRAPE(hosts_max),
	  .help = "Hosts that fit: the least recently seen folds into other." },
	{ "smtpscope_devices", FAMILY_GAUGE, VIEW(devices),
	  .help = "Network devices that the programs are attached to." },
	{ "smtpscope_sessions_active", FAMILY_GAUGE, VIEW(table_entries[TABLE_CONNECTIONS]),
	  .help = "Connections that are followed now." },
	{ "smtpscope_table_entries",
	  FAMILY_GAUGE,
	  VIEW(table_entries),
	  { DIMENSION_TABLE },
	  .help = "Entries in the kernel's tables." },
	{ "smtpscope_table_capacity",
	  FAMILY_GAUGE,
	  VIEW(table_capacity),
	  { DIMENSION_TABLE },
	  .help = "Entries that fit in the kernel's tables." },
	{ "smtpscope_program_run_seconds",
	  FAMILY_COUNTER,
	  TIMED(run_ns),
	  { DIMENSION_PROGRAM },
	  .ns = true,
	  .help = "Time spent in each BPF program; only while kernel.bpf_stats_enabled is 1." },
	{ "smtpscope_program_runs",
	  FAMILY_COUNTER,
	  TIMED(runs),
	  { DIMENSION_PROGRAM },
	  .help = "Runs of each BPF program; only while kernel.bpf_stats_enabled is 1." },

	/* the kernel side's own counters, every one */
	{ "smtpscope_packets", FAMILY_COUNTER, KERNEL(PACKETS),
	  .help = "Packets on the mail ports." },
	{ "smtpscope_duplicate_packets", FAMILY_COUNTER, KERNEL(DUPLICATES),
	  .help = "Packets that were seen before on another device, and not counted again." },
	{ "smtpscope_fragments", FAMILY_COUNTER, KERNEL(FRAGMENTS),
	  .help = "IP fragments of TCP, not inspected." },
	{ "smtpscope_malformed_packets", FAMILY_COUNTER, KERNEL(MALFORMED),
	  .help = "Packets with lengths that contradict each other, not inspected." },
	{ "smtpscope_extension_header_limit", FAMILY_COUNTER, KERNEL(EXTENSIONS),
	  .help = "IPv6 packets with more extension headers than are walked, not inspected." },
	{ "smtpscope_connections_opened", FAMILY_COUNTER, KERNEL(OPENED),
	  .help = "Connections entered in the table." },
	{ "smtpscope_connections_closed", FAMILY_COUNTER, KERNEL(CLOSED),
	  .help = "Connections that left the table." },
	{ "smtpscope_connections_joined_late", FAMILY_COUNTER, KERNEL(MIDSTREAM),
	  .help = "Connections entered in the table without their SYN." },
	{ "smtpscope_half_open_connections", FAMILY_COUNTER, KERNEL(SYNS),
	  .help = "SYNs entered in the table of half-open connections." },
	{ "smtpscope_connections_untracked", FAMILY_COUNTER, KERNEL(TABLE_FULL),
	  .help = "Connections that are not followed, for the table was full: raise "
		  "--max-connections." },
	{ "smtpscope_half_open_untracked", FAMILY_COUNTER, KERNEL(HALF_OPEN_FULL),
	  .help = "SYNs that could not be remembered." },
	{ "smtpscope_ring_buffer_full", FAMILY_COUNTER, KERNEL(RING_FULL),
	  .help = "Endings that the sweep delivers late, for the ring buffer was full." },
	{ "smtpscope_endings_lost", FAMILY_COUNTER, KERNEL(RECORDS_LOST),
	  .help = "Endings that could not be kept until the sweep either." },
	{ "smtpscope_findings_late", FAMILY_COUNTER, KERNEL(FINDINGS_LATE),
	  .help = "Findings told at the session's end, for the ring buffer was full." },
	{ "smtpscope_stream_gaps", FAMILY_COUNTER, KERNEL(GAPS),
	  .help = "Holes in the TCP payload." },
	{ "smtpscope_reordered_segments", FAMILY_COUNTER, KERNEL(REORDERED),
	  .help = "TCP segments kept until the hole before them filled." },
	{ "smtpscope_reorder_window_full", FAMILY_COUNTER, KERNEL(REORDER_FULL),
	  .help = "TCP segments out of order that could not be kept." },
	{ "smtpscope_step_limit", FAMILY_COUNTER, KERNEL(STEPS),
	  .help = "Packets that were read in part, for they had too many commands." },
	{ "smtpscope_packet_load_failures", FAMILY_COUNTER, KERNEL(LOAD_FAILED),
	  .help = "Packets whose bytes could not be read." },
	{ "smtpscope_command_queue_full", FAMILY_COUNTER, KERNEL(QUEUE_FULL),
	  .help = "Commands in flight beyond what is remembered for their replies." },
	{ "smtpscope_invalid_resets", FAMILY_COUNTER, KERNEL(BAD_RST),
	  .help = "RSTs outside of the window, ignored." },
	{ "smtpscope_owner_store_failures", FAMILY_COUNTER, KERNEL(OWNER_FAILED),
	  .help = "Sockets whose owner could not be stored." },

	/* this process */
	{ "smtpscope_build", FAMILY_INFO, SOURCE_BUILD, .dimensions = { DIMENSION_VERSION },
	  .help = "The version that runs, as a label of the value 1." },
	{ "process_cpu_seconds", FAMILY_COUNTER, PROCESS(cpu_ns), .ns = true,
	  .help = "Total user and system CPU time spent in seconds." },
	{ "process_resident_memory_bytes", FAMILY_GAUGE, PROCESS(resident_bytes),
	  .help = "Resident memory size in bytes." },
	{ "process_virtual_memory_bytes", FAMILY_GAUGE, PROCESS(virtual_bytes),
	  .help = "Virtual memory size in bytes." },
	{ "process_open_fds", FAMILY_GAUGE, PROCESS(open_fds),
	  .help = "Number of open file descriptors." },
	{ "process_max_fds", FAMILY_GAUGE, PROCESS(max_fds),
	  .help = "Maximum number of open file descriptors." },
	{ "process_start_time_seconds", FAMILY_GAUGE, PROCESS(start_ns), .ns = true,
	  .help = "Start time of the process since unix epoch in seconds." },
};

const unsigned int families_nr = sizeof(families) / sizeof(families[0]);
