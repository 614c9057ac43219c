/* SPDX-License-Identifier: Apache-2.0 */
/* Sets the row macros so that the .def file included next gives enum members; no guard by design. */
#undef FIELD
#undef GROUP
#undef ITEM
#undef MIRROR
#undef ALIAS
#undef DATASET
#undef FIELD_PASTE_
#undef FIELD_PASTE
/* The rows of a protocol begin where the common ones end. */
#define FIELD_PASTE_(a, b) a##b
#define FIELD_PASTE(a, b) FIELD_PASTE_(a, b)
#define DATASET(name, protocol, types, summary) FIELD_PASTE(FIELD_BEFORE_, __COUNTER__) = FIELD_LOCAL - 1,
#define FIELD(id, name, kind, flags, help) id,
#define GROUP(id, name, help) id,
#define ITEM(id, group, name, kind, flags, help) id,
#define MIRROR(id, name, of, help) id,
#define ALIAS(name, of, scale)
