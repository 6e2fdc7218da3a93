/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One instance of a command at a time in each network namespace. */
#include "instance.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* unix(7): the creds are those of the process that called listen. */
static pid_t find_holder(const struct sockaddr_un *name, socklen_t len)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct ucred peer = { 0 };
	socklen_t peer_len = sizeof(peer);

	if (fd < 0)
		return 0;
	if (connect(fd, (const struct sockaddr *)name, len) ||
	    getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &peer_len))
		peer.pid = 0;
	close(fd);
	return peer.pid;
}

/* An abstract name belongs to the network namespace, as the devices do; it
 * needs no directory, and nothing of it is left behind. Nobody accepts: each
 * instance that asks who holds the lock takes one place of the backlog.
 */
int instance_lock(const char *command, pid_t *other)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	socklen_t len;
	int fd, err;

	len = offsetof(struct sockaddr_un, sun_path) + 1;
	len += snprintf(name.sun_path + 1, sizeof(name.sun_path) - 1, "smtpscope/%.32s", command);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	if (!bind(fd, (const struct sockaddr *)&name, len) && !listen(fd, SOMAXCONN))
		return fd;
	err = -errno;
	close(fd);
	if (err == -EADDRINUSE)
		*other = find_holder(&name, len);
	return err;
}
