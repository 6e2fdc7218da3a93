/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Capture files: pcap and pcapng, of several link types. */
#include "capture.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <pcap/pcap.h>

#include "packet.h"

#define NS_PER_S 1000000000ULL

/* Linux cooked headers, LINKTYPE_LINUX_SLL and LINKTYPE_LINUX_SLL2. */
#define SLL_BYTES 16
#define SLL2_BYTES 20
#define SLL_OUTGOING 4
#define VLAN_BYTES 4

/* What a link header tells besides: finds the bytes to read. False: no IP. */
typedef bool link_fn(struct flow_packet *packet);

struct link {
	int type;
	link_fn *strip;
};

struct capture {
	pcap_t *pcap;
	link_fn *strip;
};

_Static_assert(CAPTURE_WHY_MAX >= PCAP_ERRBUF_SIZE + 64, "libpcap's words fit");

static bool strip_bytes(struct flow_packet *packet, __u32 bytes)
{
	if (packet->captured < bytes)
		return false;
	packet->bytes += bytes;
	packet->captured -= bytes;
	packet->wire_bytes -= bytes;
	return true;
}

static bool strip_ethernet(struct flow_packet *packet)
{
	packet->ethernet = true;
	return true;
}

static bool strip_raw(struct flow_packet *packet)
{
	return packet->captured;
}

/* The protocol's family in 4 bytes; IP tells its version itself. */
static bool strip_null(struct flow_packet *packet)
{
	return strip_bytes(packet, 4);
}

/* It ends as an Ethernet header does: with the protocol, which may be a tag. */
static bool strip_sll(struct flow_packet *packet)
{
	const __u8 *sll = packet->bytes;

	if (packet->captured < SLL_BYTES)
		return false;
	/* the device is not told: all are one */
	packet->tap = 1 << 1 | (packet_be16(sll) == SLL_OUTGOING);
	packet->ethernet = true;
	return strip_bytes(packet, SLL_BYTES - ETHERNET_BYTES);
}

/* It begins with the protocol: tags stand behind it. */
static bool strip_sll2(struct flow_packet *packet)
{
	const __u8 *sll = packet->bytes;
	__u16 protocol;

	if (packet->captured < SLL2_BYTES)
		return false;
	packet->tap = packet_be32(sll + 4) << 1 | (sll[10] == SLL_OUTGOING);
	protocol = packet_be16(sll);
	strip_bytes(packet, SLL2_BYTES);
	for (int i = 0; i < PACKET_VLAN_MAX && (protocol == 0x8100 || protocol == 0x88a8); i++) {
		if (packet->captured < VLAN_BYTES)
			return false;
		protocol = packet_be16(packet->bytes + 2);
		strip_bytes(packet, VLAN_BYTES);
	}
	return protocol == 0x0800 || protocol == 0x86dd;
}

static const struct link links[] = {
	{ DLT_EN10MB, strip_ethernet },
	{ DLT_RAW, strip_raw },
	{ 14, strip_raw },
	{ 101, strip_raw }, /* LINKTYPE_RAW, DLT_RAW elsewhere */
	{ DLT_IPV4, strip_raw },
	{ DLT_IPV6, strip_raw },
	{ DLT_NULL, strip_null },
	{ DLT_LOOP, strip_null },
	{ DLT_LINUX_SLL, strip_sll },
	{ DLT_LINUX_SLL2, strip_sll2 },
};

static link_fn *find_link(int type)
{
	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++)
		if (links[i].type == type)
			return links[i].strip;
	return NULL;
}

/* libpcap takes the file over once it is one of its own. */
static pcap_t *open_pcap(const char *path, char why[CAPTURE_WHY_MAX])
{
	FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "rbe");
	char error[PCAP_ERRBUF_SIZE] = "";
	pcap_t *pcap;

	if (!file) {
		snprintf(why, CAPTURE_WHY_MAX, "%s", strerror(errno));
		return NULL;
	}
	pcap = pcap_fopen_offline_with_tstamp_precision(file, PCAP_TSTAMP_PRECISION_NANO, error);
	if (pcap)
		return pcap;
	snprintf(why, CAPTURE_WHY_MAX, "%s", error);
	if (file != stdin)
		fclose(file);
	return NULL;
}

int capture_open(struct capture **out, const char *path, char why[CAPTURE_WHY_MAX])
{
	pcap_t *pcap = open_pcap(path, why);
	struct capture *capture;
	link_fn *strip;
	const char *type;

	if (!pcap)
		return -EIO;
	strip = find_link(pcap_datalink(pcap));
	capture = strip ? calloc(1, sizeof(*capture)) : NULL;
	if (capture) {
		capture->pcap = pcap;
		capture->strip = strip;
		*out = capture;
		return 0;
	}
	type = pcap_datalink_val_to_name(pcap_datalink(pcap));
	if (strip)
		snprintf(why, CAPTURE_WHY_MAX, "%s", strerror(ENOMEM));
	else
		snprintf(why, CAPTURE_WHY_MAX,
			 "link type %d (%s) is not read; Ethernet, raw IP, Linux cooked and "
			 "loopback are",
			 pcap_datalink(pcap), type ? type : "unknown");
	pcap_close(pcap);
	return -EIO;
}

void capture_close(struct capture *capture)
{
	if (!capture)
		return;
	pcap_close(capture->pcap);
	free(capture);
}

int capture_next(struct capture *capture, struct flow_packet *packet, char why[CAPTURE_WHY_MAX])
{
	struct pcap_pkthdr *header;
	const u_char *bytes;
	int got;

	while ((got = pcap_next_ex(capture->pcap, &header, &bytes)) == 1) {
		*packet = (struct flow_packet){
			.bytes = bytes,
			.captured = header->caplen,
			.wire_bytes = header->len > header->caplen ? header->len : header->caplen,
			/* with that precision the microseconds are nanoseconds */
			.now_ns = (__u64)header->ts.tv_sec * NS_PER_S + (__u64)header->ts.tv_usec,
		};
		if (capture->strip(packet))
			return 1;
	}
	if (got == PCAP_ERROR_BREAK)
		return 0;
	snprintf(why, CAPTURE_WHY_MAX, "%s", pcap_geterr(capture->pcap));
	return -EIO;
}
