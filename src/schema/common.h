/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers of the common fields. 0 is no field; a protocol's own rows start at FIELD_LOCAL. */
#ifndef SCHEMA_COMMON_H
#define SCHEMA_COMMON_H

#include "schema/field.h"

enum {
    FIELD_NONE = 0,
#include "schema/field_enum.h"
#include "schema/common.def"
    FIELD_LOCAL
};

#endif
