#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Runs test programs that speak TAP, prints what failed, and counts:
# run.sh FOLDER PROGRAM... The counts are added to FOLDER/tests/counts.
set -uo pipefail

folder=$1
shift
mkdir -p "$folder/tests"
failed_all=0
for program in "$@"; do
	log=$folder/tests/$(basename "$(dirname "$program")")-$(basename "$program").tap
	CMOCKA_MESSAGE_OUTPUT=TAP "$program" > "$log" 2>&1
	status=$?
	passed=$(grep -c '^ok ' "$log")
	failed=$(grep -c '^not ok ' "$log")
	skipped=$(grep -ciE '^(not )?ok .*# skip' "$log")
	# a crash, a leak, no test at all: the program failed as one
	if ((failed == 0 && (status != 0 || passed == 0))); then
		failed=1
	fi
	# a skip is no pass
	passed=$((passed - skipped))
	failed=$((failed + skipped))
	echo "$passed $failed" >> "$folder/tests/counts"
	printf '  %-44s %4d passed, %d failed\n' "${program#"$folder"/}" "$passed" "$failed"
	if ((failed)); then
		failed_all=1
		grep -vE '^(ok |1\.\.|TAP version)' "$log" | tail -n 60 | sed 's/^/      /'
		echo "      exit status $status; all of it is in $log"
	fi
done
exit "$failed_all"
