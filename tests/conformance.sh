#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The conformance cases against the released program.
set -eu
exec python3 tests/conformance/run.py --remora "$REMORA" --probe build/asan/tests/conformance/conformance-probe \
    --set "$REMORA_SHARED/conformance/packetbeat" --set "$REMORA_SHARED/conformance/reports"
