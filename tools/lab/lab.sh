# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The lab: namespaces "client" and "server", a wire between them, and the mail
# servers of server.py. Sourced. /run is private to the lab, so that namespaces,
# files and names end with its last process, however that ends.

LAB_TOOLS=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
LAB_DIR=/run/lab
LAB_PIDS=()

# Begins the calling script anew in a mount namespace of its own; exec keeps the pid.
lab_private() {
	if [[ ${LAB_PRIVATE:-} != "$$" ]]; then
		LAB_PRIVATE=$$ exec unshare --mount -- "$BASH" "$0" "$@"
	fi
	# -n: or it notes the mount under the machine's own /run first.
	mount -n -t tmpfs -o mode=755 lab /run
	mkdir -p /run/netns "$LAB_DIR"
}

lab_in() {
	nsenter --net="/run/netns/$1" -- "${@:2}"
}

# Runs a command in a namespace in the background; it dies with this shell.
lab_start() {
	setpriv --pdeathsig KILL nsenter --net="/run/netns/$1" -- "${@:2}" &
	LAB_PIDS+=($!)
}

# Ends what lab_start began last, or all of it.
lab_stop() {
	local pid=${LAB_PIDS[-1]}

	unset 'LAB_PIDS[-1]'
	kill "-${1:-TERM}" "$pid" 2> /dev/null || true
	wait "$pid" || return
}

lab_close() {
	while ((${#LAB_PIDS[@]})); do
		lab_stop KILL 2> /dev/null || true
	done
}

# Waits until a command succeeds: lab_wait SECONDS COMMAND...
lab_wait() {
	local end=$((SECONDS + $1))

	until "${@:2}" > /dev/null 2>&1; do
		if ((SECONDS > end)); then
			echo "lab: waited $1 s in vain for: ${*:2}" >&2
			return 1
		fi
		sleep 0.05
	done
}

# The server's address is on a bridge, so that it sees each packet on two devices:
# eth0 and br0. What it sends to the client's second address leaves by eth1.
lab_wires() {
	local ns

	for ns in client server; do
		ip netns add "$ns"
		# Before a device exists: no tentative addresses, no asymmetry filter.
		lab_in "$ns" sysctl -qw net.ipv6.conf.default.accept_dad=0 \
			net.ipv4.conf.default.rp_filter=0 net.ipv4.conf.all.rp_filter=0 \
			net.ipv4.icmp_ratelimit=0 net.ipv6.icmp.ratelimit=0
		lab_in "$ns" ip link set lo up
	done
	ip -n client link add eth0 type veth peer name eth0 netns server
	ip -n client link add eth1 type veth peer name eth1 netns server
	ip -n server link add br0 type bridge mcast_snooping 0
	ip -n server link set eth0 master br0
	for ns in client server; do
		ip -n "$ns" link set eth0 up
		ip -n "$ns" link set eth1 up
	done
	ip -n server link set br0 up
	lab_wait 10 lab_bridge_is_up
}

lab_bridge_is_up() {
	[[ $(ip -n server -br link show br0) == *" UP "* ]]
}

lab_addresses() {
	local number name

	lab_in server sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
	ip -n client addr add 192.0.2.1/24 dev eth0
	ip -n client addr add 2001:db8::1/64 dev eth0
	ip -n client addr add 192.0.2.2/32 dev eth1
	ip -n client addr add 2001:db8::2/128 dev eth1
	while read -r number name; do
		echo "192.0.2.$number $name.test"
		echo "2001:db8::$number $name.test"
		if [[ $name == absent || $name == unreachable ]]; then
			# Sent to the server's namespace, which drops or refuses it there.
			lab_nowhere "192.0.2.$number" 192.0.2.10 "$name"
			lab_nowhere "2001:db8::$number" 2001:db8::10 "$name"
		else
			ip -n server addr add "192.0.2.$number/24" dev br0
			ip -n server addr add "2001:db8::$number/64" dev br0
		fi
	done < <(/usr/bin/python3 "$LAB_TOOLS/server.py" hosts "$LAB_DIR") > "$LAB_DIR/hosts"
	ip -n server route add 192.0.2.2 dev eth1
	ip -n server route add 2001:db8::2 dev eth1
	mount --bind "$LAB_DIR/hosts" /etc/hosts
}

lab_nowhere() {
	ip -n client route add "$1" via "$2"
	ip -n server route add "${3/absent/blackhole}" "$1"
}

lab_open() {
	trap lab_close EXIT
	trap 'exit 130' INT TERM HUP
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 \
		-subj /CN=lab.test -keyout "$LAB_DIR/key.pem" -out "$LAB_DIR/cert.pem" 2> /dev/null
	lab_wires
	lab_addresses
	lab_start server /usr/bin/python3 "$LAB_TOOLS/server.py" serve "$LAB_DIR" \
		> "$LAB_DIR/server.log" 2>&1
	if ! lab_wait 10 test -e "$LAB_DIR/ready"; then
		cat "$LAB_DIR/server.log" >&2
		return 1
	fi
}
