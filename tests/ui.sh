#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The page: its types, its small parts (tests/ui/parts.test.ts), its size, and all screens in a browser (tests/ui/page.mjs).
# SHOTS=1 leaves screenshots in build/shots.
set -u
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
[ -d ui/node_modules ] || (cd ui && npm ci --ignore-scripts --no-audit --no-fund >/dev/null)
passed=0 failed=0 skipped=0
one() {
    local name=$1
    shift
    if "$@"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        printf 'FAILED %s\n' "$name"
    fi
}

# Adds what node's test runner counted.
counted() {
    passed=$((passed + $(grep -E '^# pass' "$1" | tr -dc 0-9)))
    failed=$((failed + $(grep -E '^# fail' "$1" | tr -dc 0-9)))
}

types() { (cd ui && node_modules/.bin/tsc); }
# At first load: all of the page, compressed as it is sent.
size() {
    local bytes
    bytes=$(stat -c %s .deps/ui/assets.pack)
    printf 'the page has %s bytes, compressed\n' "$bytes"
    [ "$bytes" -le $((120 * 1024)) ]
}
one types types
one size size
ui/node_modules/.bin/esbuild tests/ui/parts.test.ts --bundle --platform=node --format=esm --outfile="$dir/parts.mjs" --log-level=error
node --test "$dir/parts.mjs" >"$dir/parts.log" 2>&1
cat "$dir/parts.log"
counted "$dir/parts.log"
if [ "$(id -u)" != 0 ] || ! unshare -n true 2>/dev/null; then
    echo "skipped: the browser tests need root for network namespaces"
    skipped=1
elif ! command -v chromium >/dev/null; then
    echo "skipped: there is no chromium"
    skipped=1
else
    chmod 755 "$dir"
    UI_DIR=$dir node --test tests/ui/page.mjs >"$dir/page.log" 2>&1
    cat "$dir/page.log"
    counted "$dir/page.log"
fi
printf '%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
[ "$failed" = 0 ]
