#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What threads share, under ThreadSanitizer: the ring, and the keeper's web server, search and live stream while events come in.
set -u
# shellcheck source=tools/setup.sh
. tools/setup.sh
setup_build tsan -Db_sanitize=thread -Db_lundef=false -Dbuildtype=debugoptimized
# The store's library is not built for it: what happens inside is not looked at.
printf 'called_from_lib:libduckdb.so\nrace:libduckdb.so\nmutex:libduckdb.so\n' >build/tsan/suppressions
export TSAN_OPTIONS="suppressions=$PWD/build/tsan/suppressions exitcode=66"
passed=0 failed=0
one() {
    local name=$1
    shift
    if "$@" >build/tsan/log 2>&1 && ! grep -q 'WARNING: ThreadSanitizer' build/tsan/log; then
        passed=$((passed + 1))
        printf 'ok %s\n' "$name"
    else
        failed=$((failed + 1))
        printf 'FAILED %s\n' "$name"
        grep -E 'WARNING|#[0-4] |FAILED|Error' build/tsan/log | head -n 40
    fi
}
one ring build/tsan/tests/unit/base/shmring_test
REMORA=$PWD/build/tsan/src/app/remora one api tests/api.sh
printf '%d passed, %d failed, 0 skipped\n' "$passed" "$failed"
[ "$failed" = 0 ]
