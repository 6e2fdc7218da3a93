#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The demo: smtpscope on the lab's servers, while real clients talk to them;
# as root: demo.sh [PROGRAM]
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lab.sh
source "$(dirname "${BASH_SOURCE[0]}")/lab.sh"

SMTPSCOPE=$(realpath "${1:-build/smtpscope}")
MAIL=(--helo client.test --from alice@client.test --silent 3)
LOGIN=(--auth PLAIN --auth-user alice --auth-password right)
OLD_TLS=(-cipher ALL:@SECLEVEL=0)
SHOWN=0
NUMBER=0

heading() {
	printf '\n== %s\n' "$*"
}

sessions() {
	grep -c ' session ' "$LAB_DIR/log" || true
}

told_more_than() {
	(($(sessions) > $1))
}

# Runs a client and shows what smtpscope said of it: scenario TITLE COMMAND...
scenario() {
	local before

	before=$(sessions)
	heading "$((++NUMBER)). $1"
	echo "\$ ${*:2}"
	# Some are meant to fail: it is smtpscope that is shown here.
	lab_in client timeout 5 "${@:2}" < /dev/null > "$LAB_DIR/client.log" 2>&1 || true
	lab_wait 10 told_more_than "$before"
	tail -n "+$((SHOWN + 1))" "$LAB_DIR/log" | cut -d ' ' -f 2- | sed 's/^/  /'
	SHOWN=$(wc -l < "$LAB_DIR/log")
}

scenarios() {
	scenario "A relay that offers no STARTTLS" \
		swaks --server plain.test --to bob@plain.test "${MAIL[@]}"
	scenario "STARTTLS, over IPv6" \
		swaks -6 --server modern.test --to bob@modern.test --tls "${MAIL[@]}"
	scenario "TLS from the first byte" \
		curl -sSk smtps://modern.test:465 --mail-from alice@client.test \
		--mail-rcpt bob@modern.test -T "$LAB_DIR/mail"
	scenario "STARTTLS is offered, the client does not ask for it" \
		curl -sS -6 smtp://modern.test --mail-from alice@client.test \
		--mail-rcpt bob@modern.test -T "$LAB_DIR/mail"
	scenario "A password in clear" \
		swaks --server lax.test:587 --to bob@lax.test "${LOGIN[@]}" "${MAIL[@]}"
	scenario "A password inside TLS" \
		swaks --server modern.test:587 --to bob@modern.test --tls "${LOGIN[@]}" "${MAIL[@]}"
	scenario "The server refuses STARTTLS, the client goes on in clear" \
		swaks --server refusing.test --to bob@refusing.test --tls-optional "${MAIL[@]}"
	scenario "A firewall overwrites the offer of STARTTLS" \
		swaks --server masked.test --to bob@masked.test --tls-optional "${MAIL[@]}"
	scenario "No TLS version in common" \
		openssl s_client -connect modern.test:25 -starttls smtp -tls1_1 "${OLD_TLS[@]}"
	scenario "TLS of 1999" \
		openssl s_client -connect old.test:25 -starttls smtp "${OLD_TLS[@]}"
	scenario "A TLS client meets a plaintext port" \
		openssl s_client -connect plain.test:25
	scenario "A web client on the mail port" curl -sS http://web.test:25/
	scenario "Nobody listens" curl -sS smtp://closed.test
	scenario "Nobody answers" curl -sS -m 1 smtp://absent.test
}

scrape() {
	lab_in server curl -sS http://127.0.0.1:10093/metrics > "$LAB_DIR/$1"
}

# The samples that the scenarios changed, and by how much.
moved() {
	awk '/^#/ || /^process_/ { next }
		{ value = $NF; sub(/ [^ ]*$/, "") }
		NR == FNR { before[$0] = value; next }
		value != before[$0] { printf "  %-76s %+.10g\n", $0, value - before[$0] }
	' "$LAB_DIR/before" "$LAB_DIR/after"
}

main() {
	lab_open
	printf 'Subject: hello\r\n\r\nhello\r\n' > "$LAB_DIR/mail"
	touch "$LAB_DIR/log"
	lab_start server "$SMTPSCOPE" run -i br0 --log-file "$LAB_DIR/log" --syn-timeout 2 \
		> "$LAB_DIR/said" 2>&1
	if ! lab_wait 10 lab_in server curl -sf http://127.0.0.1:10093/-/ready; then
		cat "$LAB_DIR/said" >&2
		return 1
	fi
	cat "$LAB_DIR/said"
	scrape before
	scenarios
	scrape after
	heading "Hosts and outcomes, as told on SIGUSR1 and at the end"
	lab_stop INT
	tail -n +2 "$LAB_DIR/said"
	heading "Metrics that moved"
	moved
}

lab_private "$@"
main
