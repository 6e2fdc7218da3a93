/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Network devices: which of them to watch, and how their packets begin. */
#include "device.h"

#include <errno.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* linux/if_arp.h names what net/if_arp.h does not. */
#define HARDWARE_RAWIP 519
#define HARDWARE_NONE 0xfffe

/* 1: Ethernet header, 0: IP header, -1: neither. */
static int device_ethernet(int hardware)
{
	switch (hardware) {
	case ARPHRD_ETHER:
	case ARPHRD_LOOPBACK: return 1;
	case ARPHRD_PPP:
	case ARPHRD_TUNNEL:
	case ARPHRD_TUNNEL6:
	case ARPHRD_SIT:
	case ARPHRD_IPGRE:
	case HARDWARE_RAWIP:
	case HARDWARE_NONE: return 0;
	default: return -1;
	}
}

/* Fills what the kernel says of a name; flags are SIOCGIFFLAGS'. */
static int device_query(int fd, const char *name, struct device *d, int *flags)
{
	struct ifreq req = { 0 };
	int ethernet;

	if (strlen(name) >= sizeof(req.ifr_name))
		return -ENODEV;
	snprintf(req.ifr_name, sizeof(req.ifr_name), "%s", name);
	if (ioctl(fd, SIOCGIFINDEX, &req))
		return -errno;
	d->ifindex = (unsigned int)req.ifr_ifindex;
	if (ioctl(fd, SIOCGIFFLAGS, &req))
		return -errno;
	*flags = req.ifr_flags;
	if (ioctl(fd, SIOCGIFHWADDR, &req))
		return -errno;
	ethernet = device_ethernet(req.ifr_hwaddr.sa_family);
	if (ethernet < 0)
		return -EPFNOSUPPORT;
	d->ethernet = ethernet;
	snprintf(d->name, sizeof(d->name), "%s", name);
	return 0;
}

static int device_named(int fd, const struct config *config, struct device *found,
			const char **missing)
{
	int flags = 0, err;

	for (unsigned int i = 0; i < config->devices_nr; i++) {
		err = device_query(fd, config->devices[i], &found[i], &flags);
		if (err) {
			*missing = config->devices[i];
			return err;
		}
	}
	return (int)config->devices_nr;
}

static int device_all(int fd, bool loopback, struct device *found)
{
	struct if_nameindex *all = if_nameindex();
	int n = 0, flags = 0;

	if (!all)
		return -errno;
	for (struct if_nameindex *i = all; i->if_index && n < DEVICES_MAX; i++) {
		/* one that vanished meanwhile, or is of another kind */
		if (device_query(fd, i->if_name, &found[n], &flags))
			continue;
		if (!(flags & IFF_UP) || ((flags & IFF_LOOPBACK) && !loopback))
			continue;
		n++;
	}
	if_freenameindex(all);
	return n;
}

int device_select(const struct config *config, struct device *found, const char **missing)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), n;

	if (fd < 0)
		return -errno;
	if (config->devices_nr && !config->any_device)
		n = device_named(fd, config, found, missing);
	else
		n = device_all(fd, config->any_device, found);
	close(fd);
	return n;
}
