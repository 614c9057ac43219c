/* SPDX-License-Identifier: Apache-2.0 */
/* Writes a small file in MaxMind's format, for tests of places. */
#ifndef TEST_MMDB_H
#define TEST_MMDB_H

#include "base/buf.h"

/* 192.0.2.0/24: flat {"country_code":"AU"}; 198.51.100.0/24: nested, Berlin in DE. Returns 0, or
 * -1. */
int mmdb_write(const char *path);

#endif
