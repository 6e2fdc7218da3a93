#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Everything that `make check` runs: check.sh FOLDER. Ends with the counts.
set -uo pipefail

folder=$1
sanitized=$folder/sanitized
rm -f "$folder/tests/counts" "$sanitized/tests/counts"
failed=0

run() {
	echo "== $1"
	shift
	make --no-print-directory "$@" || failed=1
}

run "unit tests" B="$folder" WERROR=1 check-unit
run "unit tests, clang with ASan and UBSan" B="$sanitized" CC=clang SAN=1 WERROR=1 check-unit
run "programs by test-run" B="$folder" WERROR=1 check-bpf
run "programs by test-run, ASan and UBSan" B="$sanitized" CC=clang SAN=1 WERROR=1 check-bpf
run "live sessions" B="$folder" WERROR=1 check-net

cat "$folder/tests/counts" "$sanitized/tests/counts" 2> /dev/null |
	awk '{ p += $1; f += $2 } END { printf "%d passed, %d failed\n", p, f; exit f > 0 || p == 0 }' ||
	failed=1
exit "$failed"
