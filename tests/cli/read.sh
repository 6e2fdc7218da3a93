#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# smtpscope read as a command: what it prints, and its exit codes. Speaks TAP.
# shellcheck disable=SC2016,SC2317 # conditions are evaluated by check
set -uo pipefail

smtpscope=${SMTPSCOPE:-build/smtpscope}
capture=tests/data/plaintext.pcap # one session, a mail in clear
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
number=0
failed=0

# run ARGUMENT...: leaves out, err and code
run() {
	"$smtpscope" read "$@" > "$folder/out" 2> "$folder/err"
	code=$?
}

# check NAME CONDITION...: each is a command that must succeed
check() {
	local name=$1 condition

	shift
	number=$((number + 1))
	for condition in "$@"; do
		if ! eval "$condition"; then
			echo "not ok $number - $name"
			echo "# $condition; exit code $code"
			sed 's/^/# /' "$folder/out" "$folder/err"
			failed=1
			return
		fi
	done
	echo "ok $number - $name"
}

told() {
	grep -q "$1" "$folder/out"
}

complained() {
	[[ $(grep -c '^smtpscope read: ' "$folder/err") == 1 ]] && grep -q "$1" "$folder/err"
}

run "$capture"
check "a_session_is_a_line_and_the_hosts_are_a_table" '((code == 0))' \
	'told "^2026-01-01T00:00:00.000Z session outcome=plaintext reason=not_requested .* mails=1 "' \
	'told "finding rule=plaintext-mail"' '! told direction=' \
	'grep -q "^10.0.0.0 *client *1 *1" "$folder/err"'

cp "$folder/out" "$folder/file"
run - < "$capture"
check "standard_input_is_read_the_same" '((code == 0))' 'cmp -s "$folder/file" "$folder/out"'

# section header, interface and enhanced packet blocks
python3 - "$capture" > "$folder/pcapng" << 'END'
import struct, sys
def block(kind, body):
    body += bytes(-len(body) % 4)
    sys.stdout.buffer.write(struct.pack("<II", kind, len(body) + 12) + body
                            + struct.pack("<I", len(body) + 12))
capture = open(sys.argv[1], "rb").read()
block(0x0a0d0d0a, struct.pack("<IHHq", 0x1a2b3c4d, 1, 0, -1))
block(1, struct.pack("<HHI", 1, 0, 0))
at = 24
while at < len(capture):
    seconds, micros, kept, wire = struct.unpack_from("<IIII", capture, at)
    time = seconds * 1000000 + micros
    block(6, struct.pack("<IIIII", 0, time >> 32, time & 0xffffffff, kept, wire)
          + capture[at + 16:at + 16 + kept])
    at += 16 + kept
END
run "$folder/pcapng"
check "pcapng_is_read_the_same" '((code == 0))' 'cmp -s "$folder/file" "$folder/out"'

run -o json "$capture"
check "json_lines_are_json" '((code == 0))' \
	'python3 -c "import json, sys; [json.loads(l) for l in sys.stdin]" < "$folder/out"' \
	"told '\"smtp.outcome\":\"plaintext\"'"

run --fail-on weak-tls,plaintext "$capture"
check "an_outcome_that_was_seen_fails" '((code == 3))'
run "$capture" --fail-on plaintext-mail
check "a_finding_that_was_seen_fails" '((code == 3))'
run --fail-on weak-tls --fail-on no_mail "$capture"
check "what_was_not_seen_does_not_fail" '((code == 0))'
run --fail-on nonsense "$capture"
check "an_unknown_name_is_usage" '((code == 2))' 'complained nonsense'

head -c -20 "$capture" > "$folder/cut"
run --fail-on plaintext "$folder/cut"
check "a_truncated_file_is_told_and_a_failure" '((code == 1))' 'told outcome=plaintext' \
	'complained "truncated.*what stands before was read"'

head -c 1010 "$capture" > "$folder/cut"
run "$folder/cut"
check "an_open_session_says_so" 'told "outcome=.* ending=open"'

run /nonexistent "$capture"
check "the_next_file_is_read_after_a_missing_one" '((code == 1))' 'told outcome=plaintext' \
	'complained "/nonexistent: No such file"'
run Makefile
check "a_file_that_is_no_capture_is_a_failure" '((code == 1))' 'complained Makefile:'
run
check "no_file_is_usage" '((code == 2))' 'complained "there is no file"'

echo "1..$number"
exit "$failed"
