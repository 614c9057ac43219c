#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The main job with a real Docker host, real containers and a real browser: tests/e2e/lab.mjs.
set -u
lab=$REMORA_SHARED/lab/docker-lab.sh
skip() {
    printf 'skipped: %s\n' "$1"
    exit 77
}
[ "$(id -u)" = 0 ] || skip "containers need root"
[ -f "$lab" ] || skip "the container lab is not on this machine"
command -v chromium >/dev/null || skip "there is no chromium"
export LAB_NAME=rme2e$$ LAB_SCRIPT=$lab
E2E_DIR=$(mktemp -d)
export E2E_DIR
trap 'rm -rf "$E2E_DIR"' EXIT
chmod 755 "$E2E_DIR"
bash "$lab" run true >"$E2E_DIR/lab.log" 2>&1 || skip "containers cannot run here: $(tail -n 1 "$E2E_DIR/lab.log")"
bash "$lab" run node tests/e2e/lab.mjs
