#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# All fuzz targets: the inputs that once found something (fuzz/corpus/TARGET) and seeds made of the test captures, then
# some seconds of fuzzing each (REMORA_LONG: minutes). A crash is kept in build/fuzz-found.
set -u
# shellcheck source=tools/setup.sh
. tools/setup.sh
command -v clang >/dev/null || { echo "skipped: there is no clang"; exit 77; }
CC=clang setup_build fuzz -Dfuzz=true -Dtests=false -Db_lundef=false -Db_sanitize=address,undefined -Dbuildtype=debugoptimized
seconds=4
[ "${REMORA_LONG:-0}" = 0 ] || seconds=120
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p build/fuzz-found
python3 fuzz/make-seeds.py "$work" || exit 1
passed=0 failed=0
for target in build/fuzz/fuzz/fuzz-*; do
    [ -x "$target" ] && [ -f "$target" ] || continue
    name=${target##*/fuzz-}
    mkdir -p "$work/$name"
    kept=fuzz/corpus/$name
    [ -d "$kept" ] || kept=
    # shellcheck disable=SC2086
    if "$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=3000 -max_len=16384 -artifact_prefix="build/fuzz-found/$name-" \
        -print_final_stats=0 "$work/$name" $kept >"$work/log" 2>&1; then
        passed=$((passed + 1))
        printf '%-16s %s\n' "$name" "$(grep -E '^Done' "$work/log")"
    else
        failed=$((failed + 1))
        printf 'FAILED %s\n' "$name"
        grep -E 'ERROR|SUMMARY|Test unit|artifact|#[0-9] ' "$work/log" | head -n 15
    fi
done
printf '%d passed, %d failed, 0 skipped\n' "$passed" "$failed"
[ "$failed" = 0 ] && [ "$passed" != 0 ]
