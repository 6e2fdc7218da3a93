/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A listening socket from text: HOST:PORT, [IPv6]:PORT or :PORT. */
#include "listen.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Scrapers are few: more than these wait in the kernel. */
#define LISTEN_BACKLOG 64

#define PORT_DIGITS_MAX 5

struct parts {
	char host[LISTEN_TEXT_MAX]; /* empty: every address */
	const char *port;
};

static const char *listen_split(const char *text, struct parts *parts)
{
	const char *colon = strrchr(text, ':'), *begin = text, *end = colon;
	size_t digits;

	if (!colon)
		return "the port is missing";
	digits = strspn(colon + 1, "0123456789");
	if (!digits || colon[1 + digits])
		return "the port is not a number";
	if (digits > PORT_DIGITS_MAX || strtoul(colon + 1, NULL, 10) > 65535)
		return "the port is above 65535";
	if (*begin == '[') {
		if (end[-1] != ']')
			return "the bracket is not closed";
		begin++;
		end--;
		if (begin == end)
			return "there is nothing between the brackets";
	} else if (memchr(begin, ':', end - begin)) {
		return "an IPv6 address needs brackets";
	}
	if ((size_t)(end - begin) >= sizeof(parts->host))
		return "the host is too long";
	memcpy(parts->host, begin, end - begin);
	parts->host[end - begin] = '\0';
	parts->port = colon + 1;
	return NULL;
}

static int listen_on(const struct addrinfo *ai)
{
	const int on = 1, off = 0;
	int fd, err;

	fd = socket(ai->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	/* an old connection in TIME_WAIT must not keep a restart from its port */
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)))
		goto out;
	if (ai->ai_family == AF_INET6 &&
	    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off)))
		goto out;
	if (bind(fd, ai->ai_addr, ai->ai_addrlen) || listen(fd, LISTEN_BACKLOG))
		goto out;
	return fd;
out:
	err = -errno;
	close(fd);
	return err;
}

const char *listen_problem(const char *text)
{
	struct parts parts;

	return listen_split(text, &parts);
}

int listen_open(const char *text)
{
	struct addrinfo hints = {
		.ai_socktype = SOCK_STREAM,
		.ai_flags = AI_PASSIVE | AI_NUMERICSERV,
	};
	struct addrinfo *list, *ai;
	struct parts parts;
	int fd = -ENXIO;

	if (listen_split(text, &parts))
		return -EINVAL;
	/* both families by one socket; IPv4 alone where IPv6 is switched off */
	if (!parts.host[0]) {
		hints.ai_family = AF_INET6;
		if (!getaddrinfo(NULL, parts.port, &hints, &list)) {
			fd = listen_on(list);
			freeaddrinfo(list);
			if (fd != -EAFNOSUPPORT && fd != -EADDRNOTAVAIL)
				return fd;
		}
		hints.ai_family = AF_INET;
	}
	if (getaddrinfo(parts.host[0] ? parts.host : NULL, parts.port, &hints, &list))
		return -ENXIO;
	for (ai = list; ai && fd < 0; ai = ai->ai_next)
		fd = listen_on(ai);
	freeaddrinfo(list);
	return fd;
}

const char *listen_text(int fd, char *buf, size_t size)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	char host[NI_MAXHOST], port[NI_MAXSERV];

	if (getsockname(fd, (struct sockaddr *)&ss, &len) ||
	    getnameinfo((struct sockaddr *)&ss, len, host, sizeof(host), port, sizeof(port),
			NI_NUMERICHOST | NI_NUMERICSERV))
		snprintf(buf, size, "unknown");
	else
		snprintf(buf, size, strchr(host, ':') ? "[%s]:%s" : "%s:%s", host, port);
	return buf;
}
