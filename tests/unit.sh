#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Unit tests under ASan and UBSan.
set -eu
# shellcheck source=tools/setup.sh
. tools/setup.sh
setup_asan
export ASAN_OPTIONS=detect_leaks=1 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
meson test -C build/asan --no-rebuild --print-errorlogs --num-processes 2
