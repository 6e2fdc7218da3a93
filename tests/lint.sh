#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Format, layers, headers, clang-tidy, shellcheck and man page: lint.sh FOLDER.
# Speaks TAP, a line a check.
# shellcheck disable=SC2317 # check calls the functions by name
set -uo pipefail

folder=$1
number=0
failed=0
c_files=$(git ls-files -co --exclude-standard '*.c' '*.h')
user_files=$(git ls-files -co --exclude-standard 'user/*.c' 'tests/*.c' 'tests/unit/*.c' 'tests/bpf/*.c')
flags=(-std=gnu11 -D_GNU_SOURCE '-DSMTPSCOPE_VERSION="lint"' -Iinclude -Iuser -Itests
	-Itests/unit -isystem "$folder/bpf")

# check NAME COMMAND...: silent when well
check() {
	local name=$1 output

	shift
	number=$((number + 1))
	if output=$("$@" 2>&1); then
		echo "ok $number - $name"
	else
		echo "not ok $number - $name"
		tail -n 40 <<< "$output" | sed 's/^/# /'
		failed=1
	fi
}

format() {
	# shellcheck disable=SC2086 # names without blanks
	clang-format --dry-run --Werror $c_files
}

spdx() {
	local file bad=0

	for file in $c_files $(git ls-files -co --exclude-standard '*.sh' '*.py' Makefile '*.mk'); do
		if ! head -n 2 "$file" | grep -q 'SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause'; then
			echo "$file: no SPDX line"
			bad=1
		fi
	done
	return "$bad"
}

# forbid PATTERN FILE...: no line of the files may match
forbid() {
	local pattern=$1

	shift
	! grep -nE "$pattern" "$@"
}

core_knows_itself() {
	! grep -nE '^#include <' include/*.h | grep -vE '<(linux/types|stdbool)\.h>'
}

kernel_layer_alone_knows_libbpf() {
	! grep -lE '#include (<bpf/|".*\.skel\.h")' user/*.[ch] |
		grep -vE 'user/(loader|attach|probe|events)\.c'
}

capture_alone_knows_libpcap() {
	! grep -lE '#include <pcap' user/*.[ch] | grep -v user/capture.c
}

state_does_no_io() {
	forbid '#include "(loader|attach|probe|events|http|log)\.h"' user/hosts.[ch] \
		user/findings.[ch] user/metrics.[ch] user/config.[ch] \
		user/flow.[ch] user/conns.[ch] user/segment.[ch] user/table.[ch]
}

headers_compile_alone() {
	local header bad=0

	for header in include/*.h user/*.h tests/*.h; do
		[[ -e $header ]] || continue
		gcc "${flags[@]}" -Wall -Wextra -Wno-unused-function -Werror -fsyntax-only \
			-x c "$header" || bad=1
	done
	return "$bad"
}

tidy() {
	# shellcheck disable=SC2086 # names without blanks
	printf '%s\n' $user_files | xargs -P "$(nproc)" -n 4 sh -c \
		'clang-tidy --quiet "$@" -- '"$(printf "'%s' " "${flags[@]}")" sh
}

# Lines over the limit, by kernel style's tabs of 8.
long_lines() {
	local file

	for file in $c_files; do
		expand -t 8 "$file" | awk -v file="$file" 'length > 100 { print file ":" NR; bad = 1 }
			END { exit bad }' || return 1
	done
}

scripts() {
	git ls-files -co --exclude-standard | xargs grep -lE '^#!/bin/(ba)?sh' | xargs shellcheck -x
}

check "format is .clang-format's" format
check "no line is over 100 columns" long_lines
check "every file names its licence" spdx
check "include/ includes linux/types.h and itself alone" core_knows_itself
check "only the kernel layer includes libbpf" kernel_layer_alone_knows_libbpf
check "only the capture reader includes libpcap" capture_alone_knows_libpcap
check "state includes no I/O" state_does_no_io
check "every header compiles alone" headers_compile_alone
check "clang-tidy finds nothing" tidy
check "shellcheck finds nothing" scripts
check "the man page is well formed" mandoc -T lint -W warning user/smtpscope.8
echo "1..$number"
exit "$failed"
