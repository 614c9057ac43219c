#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Processes that are killed, told to end, started twice: tests/process/process.py.
set -u
if [ "$(id -u)" != 0 ] || ! ip netns list >/dev/null 2>&1 || ! unshare -n true 2>/dev/null; then
    echo "skipped: network namespaces need root"
    exit 77
fi
# A build in which a system call that is not on a sandbox's list kills, and packets can plant code in the sensor.
# shellcheck source=tools/setup.sh
. tools/setup.sh
setup_build kill -Dseccomp_kill=true -Dtest_hooks=true -Dtests=false
export REMORA=$PWD/build/kill/src/app/remora
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
chmod 755 "$out"
gcc -O2 -Wall -Wextra -D_GNU_SOURCE -o "$out/blast" tests/process/blast.c || exit 1
PROCESS_DIR=$out python3 tests/process/process.py "$@"
