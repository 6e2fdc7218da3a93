/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The one question to tc that libbpf does not ask: are there other filters? */
#include "tc.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/netlink.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>

/* Messages of a dump come in chunks of at most 32 kB. */
#define DUMP_BYTES 32768

/* Asks for a dump of the filters at one hook. */
static int dump_request(int fd, unsigned int ifindex, unsigned int parent)
{
	struct {
		struct nlmsghdr header;
		struct tcmsg tc;
	} request = {
		.header = { .nlmsg_len = sizeof(request),
			    .nlmsg_type = RTM_GETTFILTER,
			    .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
		.tc = { .tcm_family = AF_UNSPEC,
			.tcm_ifindex = (int)ifindex,
			.tcm_parent = parent },
	};

	return send(fd, &request, sizeof(request), 0) < 0 ? -1 : 0;
}

/* 1: empty, 0: a filter or an error, -1: the dump goes on. */
static int dump_read(int fd)
{
	static _Alignas(struct nlmsghdr) char buffer[DUMP_BYTES];
	ssize_t bytes = recv(fd, buffer, sizeof(buffer), 0);
	int left = (int)bytes;

	if (bytes <= 0)
		return 0;
	for (struct nlmsghdr *m = (void *)buffer; left > 0 && NLMSG_OK(m, (__u32)left);
	     m = NLMSG_NEXT(m, left)) {
		if (m->nlmsg_type == NLMSG_DONE)
			return 1;
		if (m->nlmsg_type == RTM_NEWTFILTER || m->nlmsg_type == NLMSG_ERROR)
			return 0;
	}
	return -1;
}

static bool hook_unused(int fd, unsigned int ifindex, unsigned int minor)
{
	int verdict;

	if (dump_request(fd, ifindex, TC_H_MAKE(TC_H_CLSACT, minor)))
		return false;
	do
		verdict = dump_read(fd);
	while (verdict < 0);
	return verdict;
}

bool tc_clsact_unused(unsigned int ifindex)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	bool unused;

	if (fd < 0)
		return false;
	unused = hook_unused(fd, ifindex, TC_H_MIN_INGRESS) &&
		 hook_unused(fd, ifindex, TC_H_MIN_EGRESS);
	close(fd);
	return unused;
}
