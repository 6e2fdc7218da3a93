#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The live tests, in the lab; as root: run.sh [PROGRAM]
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=../../tools/lab/lab.sh
source "$(dirname "${BASH_SOURCE[0]}")/../../tools/lab/lab.sh"

lab_private "$@"
SMTPSCOPE=$(realpath "${1:-build/smtpscope}")
export SMTPSCOPE PYTHONDONTWRITEBYTECODE=1
lab_open
lab_in client /usr/bin/python3 "$(dirname "$0")/main.py"
