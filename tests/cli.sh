#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The command line: what works, and what it says and returns when something is wrong.
set -u
passed=0 failed=0
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
chmod 755 "$dir"
capture=src/proto/dns/test/dns.pcap

# expect STATUS TEXT COMMAND...: the exit status, and a text in what it prints (either stream), on few lines.
expect() {
    local status=$1 text=$2 got
    shift 2
    "$@" >"$dir/out" 2>&1 </dev/null
    got=$?
    if [ "$got" = "$status" ] && { [ -z "$text" ] || grep -qF -- "$text" "$dir/out"; }; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        printf 'FAILED %s\n  status %s, expected %s and "%s"; it said:\n' "$*" "$got" "$status" "$text"
        head -n 5 "$dir/out"
    fi
}

expect 0 'remora sees what containers' "$REMORA" help
expect 0 'usage: remora read' "$REMORA" help read
expect 2 'there is no command "reed"' "$REMORA" reed
expect 0 '0.1.0' "$REMORA" version
# capture files
expect 0 '"query":"class IN, type A, www.example.com"' "$REMORA" read -o ndjson "$capture"
expect 0 'www.example.com' "$REMORA" read -o table "$capture"
expect 1 'nowhere.pcap' "$REMORA" read "$dir/nowhere.pcap"
head -c 900 "$capture" >"$dir/cut.pcap"
expect 1 'cut.pcap' "$REMORA" read -o ndjson "$dir/cut.pcap"
expect 1 '"dns"' "$REMORA" read -o ndjson "$dir/cut.pcap"
echo 'this is no capture, but a text that is long enough to hold a header' >"$dir/text.pcap"
expect 1 'text.pcap' "$REMORA" read "$dir/text.pcap"
: >"$dir/empty.pcap"
expect 1 'empty.pcap' "$REMORA" read "$dir/empty.pcap"
expect 1 "$dir" "$REMORA" read "$dir"
expect 2 'which file' "$REMORA" read
expect 2 'there is no option --frobnicate' "$REMORA" read --frobnicate "$capture"
# settings
printf 'http:\n  ports: [80\n' >"$dir/broken.yml"
expect 1 'broken.yml:' "$REMORA" read -c "$dir/broken.yml" "$capture"
printf 'http:\n  prots: [80]\n' >"$dir/unknown.yml"
expect 1 'ports' "$REMORA" read -c "$dir/unknown.yml" "$capture"
printf 'interfaces:\n  device: docker0\nprotocols:\n  http:\n    ports: [80, 8080]\n  dns:\n    ports: [53]\noutput:\n  elasticsearch:\n    hosts: ["localhost:9200"]\n' >"$dir/packetbeat.yml"
expect 0 '"type":"dns"' "$REMORA" read -o ndjson -c "$dir/packetbeat.yml" "$capture"
expect 1 'http.ports' "$REMORA" read -E http.ports=many "$capture"
expect 1 'flows.timeout' "$REMORA" read -E flows.timeout=soon "$capture"
# the store
expect 2 'go with -o store' "$REMORA" read --serve "$capture"
expect 0 'imported' "$REMORA" read -o store --data "$dir/data" "$capture"
expect 0 'www.example.com' "$REMORA" search --data "$dir/data" 'type: dns and dns.question.name: www*' -o table
expect 0 '"NXDOMAIN"' "$REMORA" search --data "$dir/data" 'dns.response_code: NXDOMAIN' -o ndjson
expect 0 '0 of 0' "$REMORA" search --data "$dir/data" 'dns.response_code: NXDOMAIN and not type: dns' -o table
expect 1 'Failed to parse query' "$REMORA" search --data "$dir/data" 'type: (dns'
expect 1 'there is no data directory' "$REMORA" search --data "$dir/none" x
expect 2 '--last 5x' "$REMORA" search --last 5x
# running
expect 1 'there is no interface nowhere0' "$REMORA" check -E capture.interfaces=[nowhere0]
expect 1 'is not understood' "$REMORA" check -E 'capture.filter=tcp prot 80'
expect 2 'there is no option --frobnicate' "$REMORA" check --frobnicate 1
if [ "$(id -u)" = 0 ]; then
    expect 2 'there is no interface nowhere0' "$REMORA" run -i nowhere0 --data "$dir/run"
    expect 1 'is not understood' "$REMORA" run -i lo -f 'tcp prot 80' --data "$dir/run"
    expect 2 'no address and port' "$REMORA" run -i lo --listen nonsense --data "$dir/run"
    expect 1 'root' setpriv --reuid 65534 --regid 65534 --clear-groups "$REMORA" run -i lo --data "$dir/run2"
    expect 1 'sudo remora run' setpriv --reuid 65534 --regid 65534 --clear-groups "$REMORA" check
fi
# the reference is what the tables say
tools/make-reference "$REMORA" "$dir/reference"
expect 0 '' diff -r docs/reference "$dir/reference"
printf '%d passed, %d failed, 0 skipped\n' "$passed" "$failed"
[ "$failed" = 0 ]
