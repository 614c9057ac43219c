#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Follows docs/internals/add-a-protocol.md to the letter in a copy of the tree.
set -eu
page=docs/internals/add-a-protocol.md
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
chmod 755 "$copy"
git ls-files -z --cached --others --exclude-standard | tar --null --ignore-failed-read -cf - -T - 2>/dev/null | tar -xf - -C "$copy"
ln -s "$PWD/.deps" "$copy/.deps"

# The fenced blocks of one language, in order.
blocks() {
    awk -v lang="$1" '$0 == "```" lang {on = 1; next} /^```/ {on = 0} on' "$page"
}

mkdir -p "$copy/src/proto/finger/test"
blocks def >"$copy/src/proto/finger/finger.def"
blocks c >"$copy/src/proto/finger/finger.c"
blocks list >>"$copy/src/proto/protocols.list"
blocks python >"$copy/make.py"
blocks sh >"$copy/steps.sh"
said=$(cd "$copy" && python3 make.py && bash -eu steps.sh 2>"$copy/stderr") || {
    tail -n 40 "$copy/stderr"
    printf '%s\n0 passed, 1 failed, 0 skipped\n' "$said"
    exit 1
}
want=$(sed -n 's/^It prints \(.*\)\.$/\1/p' "$page" | grep -o '`[^`]*`' | tr -d '`')
if [ -n "$want" ] && [ "$said" = "$want" ]; then
    echo '1 passed, 0 failed, 0 skipped'
else
    printf 'FAILED: expected "%s", got "%s"\n0 passed, 1 failed, 0 skipped\n' "$want" "$said"
    exit 1
fi
