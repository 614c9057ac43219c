#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Follows docs/internals/add-an-output.md to the letter in a copy of the tree.
set -eu
page=docs/internals/add-an-output.md
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
git ls-files -z --cached --others --exclude-standard | tar --null --ignore-failed-read -cf - -T - 2>/dev/null | tar -xf - -C "$copy"

# The fenced blocks of one language, in order.
blocks() {
    awk -v lang="$1" '$0 == "```" lang {on = 1; next} /^```/ {on = 0} on' "$page"
}

mkdir "$copy/src/output/count"
blocks meson >"$copy/src/output/count/meson.build"
blocks c >"$copy/src/output/count/count.c"
blocks sh >"$copy/steps.sh"
said=$(cd "$copy" && bash -eu steps.sh 2>&1) || { printf '%s\n' "$said" | tail -n 40; echo '0 passed, 1 failed, 0 skipped'; exit 1; }
want=$(sed -n 's/^It prints `\(.*\)`\..*/\1/p' "$page")
if [ -n "$want" ] && [ "$(tail -n 1 <<<"$said")" = "$want" ]; then
    echo '1 passed, 0 failed, 0 skipped'
else
    printf 'FAILED: expected "%s", got "%s"\n0 passed, 1 failed, 0 skipped\n' "$want" "$(tail -n 1 <<<"$said")"
    exit 1
fi
