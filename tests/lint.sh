#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Small checks of the house: layers, headers that compile alone, licences, words that do not belong.
set -u
passed=0 failed=0
check() {
    local name=$1 out
    shift
    if out=$("$@" 2>&1) && [ -z "$out" ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        printf 'FAILED %s\n%s\n' "$name" "$out" | head -n 20
    fi
}

headers() {
    local h
    for h in $(git ls-files 'src/*.h' | grep -vE 'schema/field_(enum|rows|aliases)\.h'); do
        echo "#include \"${h#src/}\"" | gcc -std=gnu17 -Wall -Wextra -Isrc -I.deps/duckdb/include -D_GNU_SOURCE -x c -fsyntax-only - || echo "$h does not compile alone"
    done
}

licences() {
    git ls-files 'src/*.[ch]' 'tests/*.[ch]' 'fuzz/*.c' 'bench/*.c' 'tools/*' 'ui/src/*' 'tests/*.sh' | while read -r f; do
        head -n 3 "$f" | grep -q 'SPDX-License-Identifier: Apache-2.0' || echo "$f has no SPDX line"
    done
}

words() {
    git grep -nIE '\b(TODO|FIXME|XXX)\b' -- src ui/src tests tools docs ':!tests/lint.sh' || true
}

shells() {
    command -v shellcheck >/dev/null || return 0
    shellcheck -S warning -x run test tools/setup.sh tests/*.sh
}

check layers python3 tools/check-layers
check headers headers
check licences licences
check words words
check shells shells
printf '%d passed, %d failed, 0 skipped\n' "$passed" "$failed"
[ "$failed" = 0 ]
