#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# All captures of the protocols at hand through all modes of the harness, under ASan and UBSan.
set -u
# shellcheck source=tools/setup.sh
. tools/setup.sh
setup_asan
harness=build/asan/tests/harness/harness
export ASAN_OPTIONS=detect_leaks=1 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
export harness out long
long=$([ "$REMORA_LONG" = 1 ] && echo --long)
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

# Captures whose protocols are read; the folders of protocols that are not here would add nothing.
captures() {
    find src/proto/*/test tests/harness/captures -name '*.pcap' 2>/dev/null
    for set in "$REMORA_SHARED"/conformance/packetbeat "$REMORA_SHARED"/conformance/reports; do
        find "$set" -name '*http*.pcap' -o -name '*dns*.pcap' -o -path '*/icmp/*.pcap' -o -path '*/flowhash/*.pcap' \
            -o -name 'hide_secret*.pcap' -o -name 'gap_in_stream.pcap' -o -name '*tcp-sequence*.pcap' 2>/dev/null
    done
}

# A crash of the harness is a failure of the capture it was at.
one() {
    local log
    log=$(mktemp "$out/log.XXXXXX")
    # shellcheck disable=SC2086
    timeout 170 "$harness" $long "$1" >"$log" 2>&1
    local status=$?
    if [ "$status" -gt 1 ] || ! grep -qE '^[0-9]+ passed' "$log"; then
        printf 'FAILED %s: status %s\n0 passed, 1 failed\n' "$1" "$status" >>"$log"
    fi
}
export -f one

mapfile -t files < <(captures | sort)
if [ ${#files[@]} = 0 ]; then
    echo "skipped: no captures on this machine"
    exit 77
fi
skipped=0
if [ ! -d "$REMORA_SHARED/conformance" ]; then
    echo "skipped: the conformance captures are not on this machine"
    skipped=1
fi
printf '%s\0' "${files[@]}" | xargs -0 -n 1 -P 2 bash -c 'one "$1"' one
grep -hvE '^[0-9]+ passed' "$out"/log.* | head -n 100
cat "$out"/log.* | awk -v s="$skipped" '/^[0-9]+ passed, [0-9]+ failed/ {p += $1; f += $3} END {
    printf "%d passed, %d failed, %d skipped\n", p, f, s; exit f != 0}'
