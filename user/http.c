/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* /metrics and the health of this process over HTTP, in the caller's loop. */
#include "http.h"

#include <errno.h>
#include <linux/types.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <microhttpd.h>
#include <utlist.h>

#include "listen.h"

/* Prometheus keeps one connection; the rest is for people and probes. */
#define HTTP_CONNECTIONS_MAX 64
/* A single host must not use up the connections of all the others. */
#define HTTP_CONNECTIONS_PER_HOST_MAX 16
/* Without a byte for so long a connection is closed. */
#define HTTP_IDLE_SECONDS 10
/* So long a request may take from its first byte to the last of its reply:
 * a client that sends a byte now and then is never idle.
 */
#define HTTP_DEADLINE_MS 30000
/* Headers beyond this are answered by 431 and the end. */
#define HTTP_MEMORY_BYTES 16384

/* A connection that is open. */
struct client {
	struct client *prev, *next;
	__u64 deadline_ms;
	int fd; /* the library's */
};

struct http {
	struct MHD_Daemon *daemon;
	const struct http_calls *calls;
	struct client *clients;
	__u64 now_ms;  /* of the run that goes on */
	int listen_fd; /* the library's once it runs */
};

/* A reply while it is made. */
struct reply {
	unsigned int status;
	const char *type;
	FILE *body;
};

struct page {
	const char *path;
	void (*render)(const struct http *http, struct MHD_Connection *connection,
		       struct reply *reply);
};

static void render_index(const struct http *http, struct MHD_Connection *connection,
			 struct reply *reply)
{
	(void)http;
	(void)connection;
	reply->type = "text/html; charset=utf-8";
	fputs("<!DOCTYPE html>\n<title>smtpscope</title>\n"
	      "<h1>smtpscope " SMTPSCOPE_VERSION "</h1>\n"
	      "<ul><li><a href=\"/metrics\">/metrics</a>\n"
	      "<li><a href=\"/-/healthy\">/-/healthy</a>\n"
	      "<li><a href=\"/-/ready\">/-/ready</a></ul>\n",
	      reply->body);
}

static void render_metrics(const struct http *http, struct MHD_Connection *connection,
			   struct reply *reply)
{
	const char *accept =
		MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_ACCEPT);
	enum exposition_format format = exposition_negotiate(accept);

	reply->type = exposition_content_type(format);
	http->calls->metrics(http->calls->ctx, format, reply->body);
}

static void render_healthy(const struct http *http, struct MHD_Connection *connection,
			   struct reply *reply)
{
	(void)http;
	(void)connection;
	fputs("healthy\n", reply->body);
}

static void render_ready(const struct http *http, struct MHD_Connection *connection,
			 struct reply *reply)
{
	bool ready = http->calls->ready(http->calls->ctx);

	(void)connection;
	reply->status = ready ? MHD_HTTP_OK : MHD_HTTP_SERVICE_UNAVAILABLE;
	fputs(ready ? "ready\n" : "not ready: the programs are not attached\n", reply->body);
}

static void render_missing(const struct http *http, struct MHD_Connection *connection,
			   struct reply *reply)
{
	(void)http;
	(void)connection;
	reply->status = MHD_HTTP_NOT_FOUND;
	fputs("not found: there is /metrics, /-/healthy and /-/ready\n", reply->body);
}

static void render_method(const struct http *http, struct MHD_Connection *connection,
			  struct reply *reply)
{
	(void)http;
	(void)connection;
	reply->status = MHD_HTTP_METHOD_NOT_ALLOWED;
	fputs("method not allowed: there is GET and HEAD\n", reply->body);
}

/* The last one takes every path that is left. */
static const struct page pages[] = {
	{ "/", render_index },
	{ "/metrics", render_metrics },
	{ "/-/healthy", render_healthy },
	{ "/-/ready", render_ready },
	{ NULL, render_missing },
};

static const struct page page_method = { NULL, render_method };

static const struct page *find_page(const char *method, const char *path)
{
	const struct page *page = pages;

	if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
		return &page_method;
	while (page->path && strcmp(page->path, path) != 0)
		page++;
	return page;
}

/* MHD_NO closes the connection: all that is left to do without memory. */
static enum MHD_Result send_reply(struct MHD_Connection *connection, const struct reply *reply,
				  char *body, size_t len)
{
	struct MHD_Response *response;
	enum MHD_Result done;

	response = MHD_create_response_from_buffer(len, body, MHD_RESPMEM_MUST_FREE);
	if (!response) {
		free(body);
		return MHD_NO;
	}
	done = MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, reply->type);
	if (done)
		done = MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
	if (done && reply->status == MHD_HTTP_METHOD_NOT_ALLOWED)
		done = MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
	if (done)
		done = MHD_queue_response(connection, reply->status, response);
	MHD_destroy_response(response);
	return done;
}

static bool has_body(struct MHD_Connection *connection)
{
	return MHD_lookup_connection_value(connection, MHD_HEADER_KIND,
					   MHD_HTTP_HEADER_CONTENT_LENGTH) ||
	       MHD_lookup_connection_value(connection, MHD_HEADER_KIND,
					   MHD_HTTP_HEADER_TRANSFER_ENCODING);
}

/* Called with the headers, and again at the request's end. A reply before the
 * end also ends the connection: it is given where a body would have to be read.
 */
static enum MHD_Result on_request(void *ctx, struct MHD_Connection *connection, const char *path,
				  const char *method, const char *version, const char *upload,
				  size_t *upload_size, void **request)
{
	struct reply reply = { .status = MHD_HTTP_OK, .type = "text/plain; charset=utf-8" };
	char *body = NULL;
	size_t len = 0;
	bool failed;

	(void)version;
	(void)upload;
	*upload_size = 0; /* what comes of a body is dropped */
	if (!*request && !has_body(connection)) {
		*request = ctx;
		return MHD_YES;
	}
	reply.body = open_memstream(&body, &len);
	if (!reply.body)
		return MHD_NO;
	find_page(method, path)->render(ctx, connection, &reply);
	failed = ferror(reply.body);
	if (fclose(reply.body) || failed) {
		free(body);
		return MHD_NO;
	}
	return send_reply(connection, &reply, body, len);
}

static void on_connection(void *ctx, struct MHD_Connection *connection, void **socket_ctx,
			  enum MHD_ConnectionNotificationCode code)
{
	struct http *http = ctx;
	struct client *client = *socket_ctx;

	if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
		if (client)
			DL_DELETE(http->clients, client);
		free(client);
		return;
	}
	client = calloc(1, sizeof(*client));
	if (!client)
		return; /* without a deadline; it still has the idle timeout */
	client->fd =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
	client->deadline_ms = http->now_ms + HTTP_DEADLINE_MS;
	DL_APPEND(http->clients, client);
	*socket_ctx = client;
}

/* A request is done: the next one on this connection has its own time. */
static void on_completed(void *ctx, struct MHD_Connection *connection, void **request,
			 enum MHD_RequestTerminationCode code)
{
	const struct http *http = ctx;
	struct client *client =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)
			->socket_context;

	(void)request;
	(void)code;
	if (client)
		client->deadline_ms = http->now_ms + HTTP_DEADLINE_MS;
}

/* The library sees the end of the stream, and closes. */
static void end_overdue(const struct http *http)
{
	struct client *client;

	DL_FOREACH(http->clients, client)
	{
		if (http->now_ms < client->deadline_ms)
			continue;
		shutdown(client->fd, SHUT_RDWR);
		client->deadline_ms = UINT64_MAX;
	}
}

int http_open(struct http **out, const char *address, const struct http_calls *calls)
{
	struct http *http = calloc(1, sizeof(*http));
	int err;

	if (!http)
		return -ENOMEM;
	http->calls = calls;
	err = http->listen_fd = listen_open(address);
	if (err < 0)
		goto out;
	http->daemon = MHD_start_daemon(
		MHD_USE_EPOLL, 0, NULL, NULL, on_request, http, MHD_OPTION_LISTEN_SOCKET,
		http->listen_fd, MHD_OPTION_CONNECTION_LIMIT, (unsigned int)HTTP_CONNECTIONS_MAX,
		MHD_OPTION_PER_IP_CONNECTION_LIMIT, (unsigned int)HTTP_CONNECTIONS_PER_HOST_MAX,
		MHD_OPTION_CONNECTION_TIMEOUT, (unsigned int)HTTP_IDLE_SECONDS,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HTTP_MEMORY_BYTES,
		MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_NOTIFY_CONNECTION, on_connection, http,
		MHD_OPTION_NOTIFY_COMPLETED, on_completed, http, MHD_OPTION_END);
	if (!http->daemon) {
		err = errno ? -errno : -EIO;
		close(http->listen_fd);
		goto out;
	}
	*out = http;
	return 0;
out:
	free(http);
	return err;
}

void http_close(struct http *http)
{
	if (!http)
		return;
	MHD_stop_daemon(http->daemon);
	free(http);
}

int http_fd(const struct http *http)
{
	return MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
}

int http_timeout_ms(const struct http *http, __u64 now_ms)
{
	MHD_UNSIGNED_LONG_LONG idle;
	const struct client *client;
	__u64 due = UINT64_MAX;

	if (MHD_get_timeout(http->daemon, &idle) == MHD_YES)
		due = now_ms + idle;
	DL_FOREACH(http->clients, client)
	if (client->deadline_ms < due)
		due = client->deadline_ms;
	if (due == UINT64_MAX)
		return -1;
	return due > now_ms ? (int)(due - now_ms) : 0;
}

void http_run(struct http *http, __u64 now_ms)
{
	http->now_ms = now_ms;
	end_overdue(http);
	MHD_run(http->daemon);
}

const char *http_address(const struct http *http, char *buf, size_t size)
{
	return listen_text(http->listen_fd, buf, size);
}
