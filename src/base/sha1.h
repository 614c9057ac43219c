/* SPDX-License-Identifier: Apache-2.0 */
/* sha1: FIPS 180-4, for identifiers only, never for secrets. */
#ifndef BASE_SHA1_H
#define BASE_SHA1_H

#include "base/slice.h"

/* Inputs of at most 119 bytes (two blocks): longer ones are a mistake of the caller. */
void sha1_short(struct slice in, uint8_t ret[20]);

#endif
