#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The search API on a store of known events: tests/api/api.py. Needs no root.
set -eu
exec python3 tests/api/api.py
