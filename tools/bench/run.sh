#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What a packet costs: by test-run, then live in the lab's namespaces;
# as root: run.sh [--quick] [BUILD]. With --quick by test-run alone.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=../lab/lab.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lab/lab.sh"

TOOLS=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

main() {
	local build

	build=$(realpath "${1:-build}")
	trap lab_close EXIT
	lab_wires
	ip -n client addr add 192.0.2.1/24 dev eth0
	ip -n server addr add 192.0.2.10/24 dev br0
	"$TOOLS/live.py" "$build/bench" "$build/smtpscope"
}

if [[ ${LAB_PRIVATE:-} != "$$" ]]; then
	quick=
	if [[ ${1:-} == --quick ]]; then
		quick=1
		shift
	fi
	"${1:-build}/bench"
	[[ -z $quick ]] || exit 0
	echo
fi
lab_private "$@"
main "$@"
