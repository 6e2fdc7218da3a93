/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a packet costs, by test-run, beside an empty program in the same run. */
#include <err.h>
#include <stdio.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "empty.h"
#include "loader.h"
#include "session.h"
#include "talk.h"

#include "bench.skel.h"
#include "smtpscope.skel.h"

/* The best round is told: what disturbs one only ever makes it longer. */
#define ROUNDS 25
#define RUNS 50000

#define COMMAND "RCPT TO:<postmaster@recipient.example>\r\n"
#define TEXT "The quick brown fox jumps over the lazy dog, and then it jumps once more.\r\n"
#define TLS_RANDOM "0123456789abcdef0123456789abcdef"
#define LINE_OF(side, words)                   \
	{                                      \
		side, words, sizeof(words) - 1 \
	}
#define CLIENT(words) LINE_OF(false, words)
#define SERVER(words) LINE_OF(true, words)
#define GREETING                                                            \
	SERVER("220 bench.test ESMTP\r\n"), CLIENT("EHLO client.test\r\n"), \
		SERVER("250-bench.test\r\n250-PIPELINING\r\n250 STARTTLS\r\n")
#define MAIL CLIENT("MAIL FROM:<alice@client.test>\r\n"), SERVER("250 ok\r\n")

static const struct line before_commands[] = { GREETING, MAIL, { 0 } };

static const struct line before_body[] = {
	GREETING,
	MAIL,
	CLIENT(COMMAND),
	SERVER("250 ok\r\n"),
	CLIENT("DATA\r\n"),
	SERVER("354 go on\r\n"),
	{ 0 },
};

/* RFC 8446 4.1.2 and 4.1.3, without extensions; then ciphered records. */
static const struct line before_tls[] = {
	GREETING,
	CLIENT("STARTTLS\r\n"),
	SERVER("220 go on\r\n"),
	CLIENT("\x16\x03\x01\x00\x2d\x01\x00\x00\x29\x03\x03" TLS_RANDOM
	       "\x00\x00\x02\x13\x01\x01\x00"),
	SERVER("\x16\x03\x03\x00\x2a\x02\x00\x00\x26\x03\x03" TLS_RANDOM "\x00\x13\x01\x00"),
	SERVER("\x17\x03\x03\x00\x04oooo"),
	CLIENT("\x17\x03\x03\x00\x04oooo"),
	{ 0 },
};

/* A kind of packet, and what it is to do; payload is repeated up to bytes. */
struct kind {
	const char *name;
	double budget;		   /* times the empty program; 0: none is set */
	const struct line *before; /* NULL: not on a mail port */
	const char *payload;
	__u32 bytes;
	__u8 protocol;
	__u8 mode;   /* enum mode that the client's side is in */
	__u32 rcpts; /* commands in it */
};

static const struct kind kinds[] = {
	{ "TCP on another port, 1,448 bytes", 1.25, NULL, TEXT, 1448, PROTOCOL_TCP, 0, 0 },
	{ "UDP, 1,448 bytes", 1.25, NULL, TEXT, 1448, 17, 0, 0 },
	{ "mail: a bare ACK", 4, before_commands, "", 0, PROTOCOL_TCP, MODE_LINE, 0 },
	{ "mail: in TLS, 1,448 bytes", 4, before_tls, TEXT, 1448, PROTOCOL_TCP, MODE_OPAQUE, 0 },
	{ "mail: in a body, 1,448 bytes", 4, before_body, TEXT, 1448, PROTOCOL_TCP, MODE_BODY, 0 },
	{ "mail: in a body, 3,500 bytes", 4, before_body, TEXT, 3500, PROTOCOL_TCP, MODE_BODY, 0 },
	{ "mail: a command of 40 bytes", 7, before_commands, COMMAND, 40, PROTOCOL_TCP, MODE_LINE,
	  1 },
	{ "mail: 36 pipelined commands, 1,440 bytes", 40, before_commands, COMMAND, 1440,
	  PROTOCOL_TCP, MODE_LINE, 36 },
};

#define KINDS_NR (sizeof(kinds) / sizeof(kinds[0]))

/* A kind's connection, and its best round. */
struct trial {
	const struct kind *kind;
	struct talk talk;
	struct conn before;
	double best_ns;
};

struct bench {
	struct loader *loader;
	struct smtpscope_bpf *scope;
	struct bench_bpf *own;
	struct trial trials[KINDS_NR];
	double empty_ns;
	double advance_ns; /* with the empty program behind it */
};

static void conn_get(const struct bench *bench, const struct talk *talk, struct conn *conn)
{
	struct conn_key key;

	talk_key(talk, &key);
	if (bpf_map_lookup_elem(bpf_map__fd(bench->scope->maps.conns), &key, conn))
		errx(1, "the connection on port %u is not in the table", talk->client_port);
}

static void trial_open(struct bench *bench, struct trial *trial)
{
	bool mail = trial->kind->before;

	trial->talk = (struct talk){
		.ingress = bpf_program__fd(bench->scope->progs.ether_ingress),
		.egress = bpf_program__fd(bench->scope->progs.ether_egress),
		.client_port = (__u16)(40000 + (trial - bench->trials)),
		.server_port = mail ? 25 : 443,
		.protocol = trial->kind->protocol,
	};
	if (!mail)
		return;
	talk_open(&trial->talk, trial->kind->before);
	conn_get(bench, &trial->talk, &trial->before);
}

/* Points the tail call at a program. */
static void bench_next(const struct bench *bench, const struct bpf_program *prog)
{
	int fd = bpf_program__fd(prog);
	__u32 zero = 0;

	if (bpf_map_update_elem(bpf_map__fd(bench->own->maps.next), &zero, &fd, BPF_ANY))
		err(1, "tail call");
}

static void keep_best(double *best, double ns)
{
	if (*best == 0 || ns < *best)
		*best = ns;
}

/* RUNS packets of a kind, each one's bytes after those of the one before. */
static double trial_run(struct bench *bench, struct trial *trial)
{
	const struct kind *kind = trial->kind;
	char payload[TALK_PAYLOAD_MAX];
	struct frame frame;
	double ns;

	for (__u32 i = 0; i < kind->bytes; i++)
		payload[i] = kind->payload[i % strlen(kind->payload)];
	bench->own->bss->step = kind->bytes;
	trial->talk.seq[0] -= kind->bytes;
	talk_frame(&trial->talk, false, TCP_ACK, payload, kind->bytes, &frame);
	ns = talk_run(bpf_program__fd(bench->own->progs.advance), &frame, RUNS);
	trial->talk.seq[0] += kind->bytes * (RUNS + 1);
	return ns;
}

static void bench_round(struct bench *bench)
{
	struct trial *trial = bench->trials;
	struct frame frame;

	talk_frame(&trial->talk, false, TCP_ACK, "", 0, &frame);
	keep_best(&bench->empty_ns,
		  talk_run(bpf_program__fd(bench->own->progs.empty), &frame, RUNS));
	bench_next(bench, bench->own->progs.empty);
	keep_best(&bench->advance_ns, trial_run(bench, trial));
	bench_next(bench, bench->scope->progs.ether_ingress);
	for (; trial < bench->trials + KINDS_NR; trial++)
		keep_best(&trial->best_ns, trial_run(bench, trial));
}

/* A figure of the wrong path is worse than none: did all packets do their work? */
static bool trial_true(const struct bench *bench, const struct trial *trial)
{
	const struct kind *kind = trial->kind;
	const struct evidence *from = &trial->before.half[0].ev, *to;
	const __u64 packets = ROUNDS * RUNS;
	struct conn after;

	if (!kind->before)
		return true;
	conn_get(bench, &trial->talk, &after);
	to = &after.half[0].ev;
	return after.half[0].parser.mode == kind->mode && to->packets - from->packets == packets &&
	       to->bytes - from->bytes == packets * kind->bytes &&
	       to->rcpts - from->rcpts == packets * kind->rcpts &&
	       to->commands - from->commands == packets * kind->rcpts && !to->retransmits &&
	       !to->gap_bytes && !to->uninspected_bytes && !(to->flags & EV_LOST);
}

/* Packets that are not mail must not be taken for it, and no other is there. */
static bool packets_true(const struct bench *bench)
{
	struct kernel_stats stats;
	__u64 packets = 0;

	if (loader_stats(bench->loader, &stats))
		return false;
	for (unsigned int i = 0; i < KINDS_NR; i++) {
		const struct trial *trial = &bench->trials[i];
		struct conn conn;

		if (!trial->kind->before)
			continue;
		conn_get(bench, &trial->talk, &conn);
		/* the SYN is counted by the connection too */
		packets += conn.half[0].ev.packets + conn.half[1].ev.packets;
	}
	return stats.counters[COUNTER_PACKETS] == packets;
}

static void print_row(const char *name, double ns, double empty_ns, double budget)
{
	printf("%-42s %8.1f %8.2f", name, ns, ns / empty_ns);
	if (budget)
		printf(" %8g  %s", budget, ns / empty_ns > budget ? "over" : "");
	printf("\n");
}

static int print_packets(const struct bench *bench)
{
	int failed = !packets_true(bench);

	printf("%-42s %8s %8s %8s\n", "packet, by test-run", "ns", "x empty", "budget");
	print_row("any, by an empty program", bench->empty_ns, bench->empty_ns, 0);
	for (unsigned int i = 0; i < KINDS_NR; i++) {
		const struct trial *trial = &bench->trials[i];

		print_row(trial->kind->name, trial->best_ns - bench->advance_ns + bench->empty_ns,
			  bench->empty_ns, trial->kind->budget);
		if (!trial_true(bench, trial)) {
			fprintf(stderr, "bench: that was not what it says\n");
			failed = 1;
		}
	}
	return failed;
}

static void print_programs(const struct bench *bench)
{
	struct bpf_program *prog;

	printf("\n%-42s %8s %8s %8s\n", "program", "verified", "bytes", "jited");
	bpf_object__for_each_program (prog, bench->scope->obj) {
		struct bpf_prog_info info = { 0 };
		__u32 bytes = sizeof(info);

		if (bpf_program__fd(prog) < 0 ||
		    bpf_obj_get_info_by_fd(bpf_program__fd(prog), &info, &bytes))
			continue;
		printf("%-42s %8u %8u %8u\n", bpf_program__name(prog), info.verified_insns,
		       info.xlated_prog_len, info.jited_prog_len);
	}
}

static int bench_packets(void)
{
	struct bench bench = { 0 };
	struct config config;
	int failed;

	config_default(&config);
	if (loader_open(&bench.loader, &config, false))
		errx(1, "programs do not load: %s", loader_why());
	bench.scope = loader_skeleton(bench.loader);
	bench.own = bench_bpf__open_and_load();
	if (!bench.own)
		err(1, "the empty program does not load");
	for (unsigned int i = 0; i < KINDS_NR; i++) {
		bench.trials[i].kind = &kinds[i];
		trial_open(&bench, &bench.trials[i]);
	}
	for (int i = 0; i < ROUNDS; i++)
		bench_round(&bench);
	failed = print_packets(&bench);
	print_programs(&bench);
	bench_bpf__destroy(bench.own);
	loader_close(bench.loader);
	return failed;
}

int main(int argc, char **argv)
{
	if (argc == 1)
		return bench_packets();
	if (argc <= 3 && !strcmp(argv[1], "hold"))
		return empty_hold(argv[2]);
	fprintf(stderr, "usage: bench\n"
			"       bench hold [DEVICE]  time programs, until killed;\n"
			"                            with the empty one on the device\n");
	return 2;
}
