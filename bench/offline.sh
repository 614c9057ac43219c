#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# CPU seconds of whole processes that read capture files, in units of the floor (bench/floor.c).
#
#   bench/offline.sh [-n RUNS] FILE.pcap...
#
# Compares remora (NDJSON to a file, all analyzers) with what Debian has: tcpdump -w /dev/null, ndpiReader, tshark
# (TSHARK=1: slow). EXTRA='name=command with @ for the file' adds one more. All in turn, RUNS rounds, medians.
set -eu
cd "$(dirname "$0")/.."
runs=5
[ "${1:-}" != -n ] || { runs=$2; shift 2; }
[ $# -gt 0 ] || { sed -n '3,8s/^# \{0,1\}//p' "$0"; exit 2; }
remora=${REMORA:-build/release/src/app/remora}
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
gcc -O2 -o "$out/floor" bench/floor.c

# Prints user+sys seconds of a command.
cpu() {
    local t
    # shellcheck disable=SC2086
    { TIMEFORMAT='%3U %3S'; time "$@" >"$out/stdout" 2>"$out/stderr" || echo "failed: $*" >>"$out/failures"; } 2>"$out/time"
    read -r -a t <"$out/time"
    awk -v u="${t[0]}" -v s="${t[1]}" 'BEGIN { printf "%.3f\n", u + s }'
}

median() {
    sort -n "$1" | awk '{ v[NR] = $1 } END { print (NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2) }'
}

# The floor is a few milliseconds: take it 20 times in one measurement.
floor20() {
    for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do "$out/floor" "$1"; done
}

for file in "$@"; do
    names=(floor remora)
    command -v tcpdump >/dev/null && names+=(tcpdump)
    command -v ndpiReader >/dev/null && names+=(ndpiReader)
    [ -z "${TSHARK:-}" ] || names+=(tshark)
    [ -z "${EXTRA:-}" ] || names+=("${EXTRA%%=*}")
    rm -f "$out"/*.cpu
    cat "$file" >/dev/null
    for _ in $(seq "$runs"); do
        for name in "${names[@]}"; do
            case $name in
            floor) floor20 "$file" >/dev/null; cpu floor20 "$file" | awk '{ print $1 / 20 }' ;;
            remora) cpu sh -c "exec '$remora' read -o ndjson '$file' >'$out/events'" ;;
            tcpdump) cpu tcpdump -r "$file" -w /dev/null ;;
            ndpiReader) cpu ndpiReader -q -i "$file" ;;
            tshark) cpu tshark -r "$file" -q -z io,stat,0 ;;
            *) cpu sh -c "${EXTRA#*=}" _ "$file" ;;
            esac >>"$out/$name.cpu"
        done
    done
    floor=$(median "$out/floor.cpu")
    printf '%s: %s\n' "$(basename "$file")" "$("$out/floor" "$file")"
    printf '%-12s %10s %10s\n' program 'CPU s' 'x floor'
    for name in "${names[@]}"; do
        printf '%-12s %10.4f %10.1f\n' "$name" "$(median "$out/$name.cpu")" \
            "$(awk -v a="$(median "$out/$name.cpu")" -v f="$floor" 'BEGIN { print a / f }')"
    done
    awk 'END { printf "remora: %d events", NR }' "$out/events"
    wc -c <"$out/events" | awk -v n="$(wc -l <"$out/events")" '{ printf ", %.0f bytes an event\n", (n ? $1 / n : 0) }'
    sed -n 's/.*"type":"\([a-z]*\)".*/\1/p' "$out/events" | sort | uniq -c | awk '{ printf "    %s %d\n", $2, $1 }'
    [ ! -s "$out/failures" ] || { sort -u "$out/failures"; exit 1; }
done
