/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A real server on loopback, and clients that mean well, or do not. */
#include "http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "listen.h"

/* A reply that takes longer than this never comes. */
#define PATIENCE_MS 5000
/* A request has so long. */
#define DEADLINE_MS 30000
#define REPLY_MAX (1 << 20)
#define GET(path) "GET " path " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"

struct fixture {
	struct http *http;
	struct http_calls calls;
	struct sockaddr_in address;
	__u64 now_ms; /* the server's clock */
	bool ready;
	size_t padding; /* bytes that /metrics has besides */
	char reply[REPLY_MAX];
};

static bool call_ready(void *ctx)
{
	const struct fixture *f = ctx;

	return f->ready;
}

static void call_metrics(void *ctx, enum exposition_format format, FILE *out)
{
	const struct fixture *f = ctx;

	fprintf(out, "format %d\n", format);
	for (size_t i = 0; i < f->padding; i++)
		fputc('#', out);
}

static int start(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	char text[LISTEN_TEXT_MAX];

	if (!f)
		return -1;
	*state = f;
	f->now_ms = 1000;
	f->calls = (struct http_calls){ f, call_ready, call_metrics };
	if (http_open(&f->http, "127.0.0.1:0", &f->calls))
		return -1;
	http_address(f->http, text, sizeof(text));
	f->address.sin_family = AF_INET;
	f->address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	f->address.sin_port = htons(strtoul(strchr(text, ':') + 1, NULL, 10));
	return !f->address.sin_port;
}

static int stop(void **state)
{
	struct fixture *f = *state;

	http_close(f->http);
	free(f);
	return 0;
}

/* A client that comes from 127.0.0.host. */
static int dial(const struct fixture *f, unsigned int host)
{
	struct sockaddr_in from = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	from.sin_addr.s_addr = htonl(0x7f000000 | host);
	assert_int_equal(bind(fd, (struct sockaddr *)&from, sizeof(from)), 0);
	assert_int_equal(connect(fd, (const struct sockaddr *)&f->address, sizeof(f->address)), 0);
	return fd;
}

static __u64 clock_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000ULL + now.tv_nsec / 1000000;
}

/* One turn of the server's loop; true if the client may have something to read. */
static bool turn(struct fixture *f, int fd)
{
	struct pollfd fds[] = {
		{ .fd = http_fd(f->http), .events = POLLIN },
		{ .fd = fd, .events = POLLIN },
	};
	int timeout = http_timeout_ms(f->http, f->now_ms);

	if (timeout < 0 || timeout > 20)
		timeout = 20;
	assert_true(poll(fds, 2, timeout) >= 0);
	http_run(f->http, f->now_ms);
	return fds[1].revents;
}

/* All that comes until the end of the stream, or until the words if given. */
static const char *hear(struct fixture *f, int fd, const char *until)
{
	__u64 begin = clock_ms();
	size_t len = 0;
	ssize_t got;

	f->reply[0] = '\0';
	while (!until || !strstr(f->reply, until)) {
		if (clock_ms() - begin > PATIENCE_MS)
			fail_msg("the server does not go on after '%.200s'", f->reply);
		if (!turn(f, fd))
			continue;
		got = recv(fd, f->reply + len, sizeof(f->reply) - 1 - len, MSG_DONTWAIT);
		if (got < 0 && errno == EAGAIN)
			continue;
		if (got <= 0)
			break;
		len += got;
		f->reply[len] = '\0';
	}
	return f->reply;
}

static void say(int fd, const char *words, size_t len)
{
	assert_int_equal(send(fd, words, len, MSG_NOSIGNAL), len);
}

static const char *ask(struct fixture *f, const char *request)
{
	int fd = dial(f, 1);
	const char *reply;

	say(fd, request, strlen(request));
	reply = hear(f, fd, NULL);
	close(fd);
	return reply;
}

static void has(const char *reply, const char *words)
{
	if (!strstr(reply, words))
		fail_msg("'%.500s' has no '%s'", reply, words);
}

static const char *body_of(const char *reply)
{
	const char *end = strstr(reply, "\r\n\r\n");

	assert_non_null(end);
	return end + 4;
}

static void metrics_come_as_text(void **state)
{
	const char *reply = ask(*state, GET("/metrics"));

	has(reply, "HTTP/1.1 200 ");
	has(reply, "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n");
	has(reply, "Cache-Control: no-store\r\n");
	assert_string_equal(body_of(reply), "format 0\n");
}

static void metrics_come_as_openmetrics_if_asked(void **state)
{
	const char *reply = ask(*state, "GET /metrics?x=1 HTTP/1.1\r\nHost: x\r\n"
					"Accept: application/openmetrics-text;version=1.0.0\r\n"
					"Connection: close\r\n\r\n");

	has(reply, "HTTP/1.1 200 ");
	has(reply, "Content-Type: application/openmetrics-text; version=1.0.0; "
		   "charset=utf-8\r\n");
	assert_string_equal(body_of(reply), "format 1\n");
}

static void head_has_all_but_the_body(void **state)
{
	const char *reply = ask(*state, "HEAD /metrics HTTP/1.1\r\nHost: x\r\n"
					"Connection: close\r\n\r\n");

	has(reply, "HTTP/1.1 200 ");
	has(reply, "Content-Length: 9\r\n");
	assert_string_equal(body_of(reply), "");
}

static void ready_comes_after_healthy(void **state)
{
	struct fixture *f = *state;

	has(ask(f, GET("/-/healthy")), "HTTP/1.1 200 ");
	has(ask(f, GET("/-/ready")), "HTTP/1.1 503 ");
	f->ready = true;
	has(ask(f, GET("/-/ready")), "HTTP/1.1 200 ");
}

static void the_index_leads_to_the_metrics(void **state)
{
	const char *reply = ask(*state, GET("/"));

	has(reply, "HTTP/1.1 200 ");
	has(reply, "Content-Type: text/html; charset=utf-8\r\n");
	has(reply, "href=\"/metrics\"");
}

static void other_paths_are_not_found(void **state)
{
	static const char *const requests[] = {
		GET("/metrics/"),   GET("/metric"),   GET("//metrics"), GET("/../etc/passwd"),
		GET("/%2fmetrics"), GET("/-/reload"), GET("/METRICS"),
	};

	for (unsigned int i = 0; i < sizeof(requests) / sizeof(requests[0]); i++)
		has(ask(*state, requests[i]), "HTTP/1.1 404 ");
}

static void other_methods_are_not_allowed(void **state)
{
	static const char *const methods[] = { "POST",	"PUT", "DELETE", "OPTIONS",
					       "PATCH", "get", "X" };
	char request[256];

	for (unsigned int i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		const char *reply;

		snprintf(request, sizeof(request),
			 "%s /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
			 "Content-Length: 5\r\n\r\nhello",
			 methods[i]);
		reply = ask(*state, request);
		has(reply, "HTTP/1.1 405 ");
		has(reply, "Allow: GET, HEAD\r\n");
	}
}

static void a_body_is_never_waited_for(void **state)
{
	has(ask(*state, "POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 999999999\r\n\r\n"),
	    "HTTP/1.1 405 ");
}

static void a_connection_serves_many_requests(void **state)
{
	static const char request[] = "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n";
	struct fixture *f = *state;
	int fd = dial(f, 1);

	for (unsigned int i = 0; i < 3; i++) {
		say(fd, request, strlen(request));
		has(hear(f, fd, "format 0\n"), "HTTP/1.1 200 ");
	}
	close(fd);
}

static void garbage_is_refused_and_does_no_harm(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
	} garbage[] = {
		{ "\0\0\0\0\r\n\r\n", 8 },
		{ "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 15 },
		{ "EHLO x\r\n\r\n", 10 },
		{ "GET\r\n\r\n", 7 },
		{ "GET /metrics HTTP/9.9\r\n\r\n", 25 },
		{ "GET /metrics HTTP/1.1\r\n\r\n", 25 }, /* RFC 9112 3.2: no Host */
		{ "\r\n\r\n\r\n\r\n", 8 },
		{ "GET /\xff\xfe%zz%00 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 55 },
	};
	struct fixture *f = *state;

	for (unsigned int i = 0; i < sizeof(garbage) / sizeof(garbage[0]); i++) {
		int fd = dial(f, 1);

		say(fd, garbage[i].bytes, garbage[i].len);
		turn(f, fd);
		has(ask(f, GET("/metrics")), "HTTP/1.1 200 ");
		f->now_ms += DEADLINE_MS; /* for what looks like a request's begin */
		assert_null(strstr(hear(f, fd, NULL), " 200 "));
		close(fd);
		has(ask(f, GET("/metrics")), "HTTP/1.1 200 ");
	}
}

static void endless_headers_are_cut_short(void **state)
{
	struct fixture *f = *state;
	static const char begin[] = "GET /metrics HTTP/1.1\r\nX: ";
	static char header[65536];
	int fd = dial(f, 1);

	memset(header, 'a', sizeof(header));
	say(fd, begin, strlen(begin));
	say(fd, header, sizeof(header));
	assert_null(strstr(hear(f, fd, NULL), " 200 "));
	close(fd);
	has(ask(f, GET("/metrics")), "HTTP/1.1 200 ");
}

static void a_silent_client_keeps_nobody_waiting(void **state)
{
	struct fixture *f = *state;
	int fd = dial(f, 1);

	say(fd, "GET /metr", 9);
	has(ask(f, GET("/metrics")), "HTTP/1.1 200 ");
	say(fd, "ics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 45);
	has(hear(f, fd, NULL), "HTTP/1.1 200 ");
	close(fd);
}

static void a_dripping_client_meets_its_deadline(void **state)
{
	struct fixture *f = *state;
	int fd = dial(f, 1), timeout;

	for (unsigned int i = 0; i < 10; i++) {
		say(fd, "G", 1);
		turn(f, fd);
		f->now_ms += 2000;
	}
	timeout = http_timeout_ms(f->http, f->now_ms);
	assert_in_range(timeout, 0, 10000);
	f->now_ms += 9000;
	say(fd, "G", 1);
	turn(f, fd);
	assert_int_equal(recv(fd, f->reply, 1, MSG_DONTWAIT), -1); /* still open */
	f->now_ms += 1001;
	assert_string_equal(hear(f, fd, NULL), "");
	close(fd);
}

static void a_request_that_is_done_begins_a_new_deadline(void **state)
{
	static const char request[] = "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n";
	struct fixture *f = *state;
	int fd = dial(f, 1);

	for (unsigned int i = 0; i < 3; i++) {
		say(fd, request, strlen(request));
		has(hear(f, fd, "format 0\n"), "HTTP/1.1 200 ");
		f->now_ms += 20000;
	}
	close(fd);
}

static void one_host_cannot_take_every_connection(void **state)
{
	struct fixture *f = *state;
	int fds[100];

	for (unsigned int i = 0; i < 100; i++) {
		fds[i] = dial(f, 2);
		turn(f, fds[i]);
	}
	has(ask(f, GET("/metrics")), "HTTP/1.1 200 ");
	for (unsigned int i = 0; i < 100; i++)
		close(fds[i]);
	turn(f, -1);
	has(ask(f, GET("/metrics")), "HTTP/1.1 200 ");
}

/* So many of the hosts' connections are served, when each host opens ten. */
static unsigned int served(struct fixture *f, const int *fds, unsigned int nr)
{
	unsigned int answered = 0;
	__u64 begin = clock_ms();

	for (unsigned int i = 0; i < nr; i++)
		send(fds[i], GET("/metrics"), strlen(GET("/metrics")), MSG_NOSIGNAL);
	while (clock_ms() - begin < PATIENCE_MS && answered < nr) {
		turn(f, -1);
		answered = 0;
		for (unsigned int i = 0; i < nr; i++)
			answered += recv(fds[i], f->reply, 12, MSG_DONTWAIT | MSG_PEEK) == 12;
	}
	return answered;
}

static void connections_wait_for_their_turn(void **state)
{
	struct fixture *f = *state;
	int fds[100];

	for (unsigned int i = 0; i < 100; i++) {
		fds[i] = dial(f, 2 + i / 10);
		turn(f, -1);
	}
	assert_int_equal(served(f, fds, 100), 100);
	for (unsigned int i = 0; i < 100; i++)
		close(fds[i]);
	has(ask(f, GET("/metrics")), "HTTP/1.1 200 ");
}

static void a_client_that_leaves_early_does_no_harm(void **state)
{
	struct fixture *f = *state;
	const struct linger reset = { .l_onoff = 1 };
	int fd = dial(f, 1);

	f->padding = 900000;
	say(fd, GET("/metrics"), strlen(GET("/metrics")));
	hear(f, fd, "format 0");
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)), 0);
	close(fd);
	turn(f, -1);
	assert_int_equal(strlen(body_of(ask(f, GET("/metrics")))), 900009);
}

static void a_busy_address_is_told(void **state)
{
	struct fixture *f = *state;
	char text[LISTEN_TEXT_MAX];
	struct http *other = NULL;

	http_address(f->http, text, sizeof(text));
	assert_int_equal(http_open(&other, text, &f->calls), -EADDRINUSE);
	assert_int_equal(http_open(&other, "192.0.2.1:0", &f->calls), -EADDRNOTAVAIL);
	assert_int_equal(http_open(&other, "nonsense", &f->calls), -EINVAL);
	assert_null(other);
}

static void no_host_is_every_address(void **state)
{
	struct fixture *f = *state;
	char text[LISTEN_TEXT_MAX];

	http_close(f->http);
	f->http = NULL;
	assert_int_equal(http_open(&f->http, ":0", &f->calls), 0);
	http_address(f->http, text, sizeof(text));
	f->address.sin_port = htons(strtoul(strrchr(text, ':') + 1, NULL, 10));
	has(ask(f, GET("/metrics")), "HTTP/1.1 200 ");
}

#define HTTP_TEST(test) cmocka_unit_test_setup_teardown(test, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		HTTP_TEST(metrics_come_as_text),
		HTTP_TEST(metrics_come_as_openmetrics_if_asked),
		HTTP_TEST(head_has_all_but_the_body),
		HTTP_TEST(ready_comes_after_healthy),
		HTTP_TEST(the_index_leads_to_the_metrics),
		HTTP_TEST(other_paths_are_not_found),
		HTTP_TEST(other_methods_are_not_allowed),
		HTTP_TEST(a_body_is_never_waited_for),
		HTTP_TEST(a_connection_serves_many_requests),
		HTTP_TEST(garbage_is_refused_and_does_no_harm),
		HTTP_TEST(endless_headers_are_cut_short),
		HTTP_TEST(a_silent_client_keeps_nobody_waiting),
		HTTP_TEST(a_dripping_client_meets_its_deadline),
		HTTP_TEST(a_request_that_is_done_begins_a_new_deadline),
		HTTP_TEST(one_host_cannot_take_every_connection),
		HTTP_TEST(connections_wait_for_their_turn),
		HTTP_TEST(a_client_that_leaves_early_does_no_harm),
		HTTP_TEST(a_busy_address_is_told),
		HTTP_TEST(no_host_is_every_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
