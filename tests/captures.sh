#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Reads every capture at hand with the sanitized program: whole, cut at many places, and twice (equal output).
set -u
# shellcheck source=tools/setup.sh
. tools/setup.sh
setup_asan
program=build/asan/src/app/remora
passed=0 failed=0
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
export ASAN_OPTIONS=detect_leaks=1 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1

fail() {
    failed=$((failed + 1))
    printf 'FAILED %s\n' "$1"
    head -n 12 "$out/stderr"
}

mapfile -t files < <(find src/proto/*/test "$REMORA_SHARED/conformance" -name '*.pcap' 2>/dev/null | sort)
if [ ${#files[@]} = 0 ]; then
    echo "skipped: no captures on this machine"
    exit 77
fi
# Without what changes with the version of the program.
plain() {
    jq -cS 'del(.agent, .ecs)' "$1"
}

for file in "${files[@]}"; do
    expected=${file%.pcap}.ndjson
    if [ -f "$expected" ]; then
        "$program" read -o ndjson "$file" >"$out/a" 2>"$out/stderr"
        if ! diff <(plain "$out/a") "$expected" >"$out/stderr"; then
            fail "$(basename "$file"): other events than $expected says"
            continue
        fi
    fi
    name=$(basename "$file")
    if ! "$program" read -o ndjson -E http.send_all_headers=true -E 'http.include_body_for=[text]' -E http.send_request=true \
        "$file" >"$out/a" 2>"$out/stderr"; then
        fail "$name"
        continue
    fi
    "$program" read -o ndjson -E http.send_all_headers=true -E 'http.include_body_for=[text]' -E http.send_request=true "$file" >"$out/b" 2>"$out/stderr"
    if ! cmp -s "$out/a" "$out/b"; then
        fail "$name: two readings differ"
        continue
    fi
    size=$(stat -c %s "$file")
    bad=
    for k in 1 2 3; do
        head -c $((size * k / 4 + k)) "$file" >"$out/cut.pcap"
        "$program" read -o ndjson "$out/cut.pcap" >/dev/null 2>"$out/stderr"
        [ $? -le 1 ] || bad=1
        ! grep -qE 'Sanitizer|runtime error' "$out/stderr" || bad=1
    done
    if [ -n "$bad" ]; then
        fail "$name cut"
        continue
    fi
    passed=$((passed + 1))
done
printf '%d passed, %d failed, 0 skipped\n' "$passed" "$failed"
[ "$failed" = 0 ]
