/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The programs: TC ingress and egress, and the sockets' connect and bind. */
#include "conn.bpf.h"

#define TC_ACT_UNSPEC (-1) /* linux/pkt_cls.h: other programs go on */

/*
 * What every packet pays: its headers are read in place, as far as the ports.
 * Mail goes on to mail(), with its headers in the scratch.
 */
static __always_inline int filter(struct __sk_buff *skb, bool ethernet, bool egress)
{
	const __u8 *data = (const __u8 *)(long)skb->data;
	const __u8 *end = (const __u8 *)(long)skb->data_end;
	struct scratch *s;
	struct packet p;
	bool copied = true;

	switch (packet_locate(data, end, ethernet, &p)) {
	case PACKET_TCP:
		if (!packet_ports(data, end, &p))
			break;
		if (!port_watched(p.source_port) && !port_watched(p.dest_port))
			return TC_ACT_UNSPEC;
		copied = !packet_at(data, end, p.l4, TCP_BYTES);
		break;
	case PACKET_ICMP:
		if (!packet_quoted(data, end, &p) || !packet_ports(data, end, &p) ||
		    !port_watched(p.dest_port))
			return TC_ACT_UNSPEC;
		break;
	case PACKET_SHORT: break;
	case PACKET_FRAGMENT: count(COUNTER_FRAGMENTS, 1); return TC_ACT_UNSPEC;
	case PACKET_EXTENSIONS: count(COUNTER_EXTENSIONS, 1); return TC_ACT_UNSPEC;
	case PACKET_MALFORMED: count(COUNTER_MALFORMED, 1); return TC_ACT_UNSPEC;
	default: return TC_ACT_UNSPEC;
	}
	s = scratch_get();
	if (!s)
		return TC_ACT_UNSPEC;
	s->tap = skb->ifindex * 2 + egress;
	s->ethernet = ethernet;
	if (copied) {
		mail_copied(skb);
	} else {
		s->packet = p;
		if (mail_headers(s, data, end, skb->len))
			mail(skb);
	}
	return TC_ACT_UNSPEC;
}

SEC("tc")
int ether_ingress(struct __sk_buff *skb)
{
	return filter(skb, true, false);
}

SEC("tc")
int ether_egress(struct __sk_buff *skb)
{
	return filter(skb, true, true);
}

SEC("tc")
int ip_ingress(struct __sk_buff *skb)
{
	return filter(skb, false, false);
}

SEC("tc")
int ip_egress(struct __sk_buff *skb)
{
	return filter(skb, false, true);
}

/* Always 1: the call is allowed. */
SEC("cgroup/connect4")
int connect4(struct bpf_sock_addr *ctx)
{
	if (ctx->sk)
		owner_remember(ctx->sk);
	return 1;
}

SEC("cgroup/connect6")
int connect6(struct bpf_sock_addr *ctx)
{
	if (ctx->sk)
		owner_remember(ctx->sk);
	return 1;
}

SEC("cgroup/post_bind4")
int post_bind4(struct bpf_sock *sk)
{
	owner_remember(sk);
	return 1;
}

SEC("cgroup/post_bind6")
int post_bind6(struct bpf_sock *sk)
{
	owner_remember(sk);
	return 1;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
