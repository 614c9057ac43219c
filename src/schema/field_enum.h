/* SPDX-License-Identifier: Apache-2.0 */
/* Sets the row macros so that the .def file included next gives enum members; no guard by design. */
#undef FIELD
#undef GROUP
#undef ITEM
#undef MIRROR
#undef ALIAS
#undef DATASET
#define DATASET(name, protocol, types, summary)
#define FIELD(id, name, kind, flags, help) id,
#define GROUP(id, name, help) id,
#define ITEM(id, group, name, kind, flags, help) id,
#define MIRROR(id, name, of, help) id,
#define ALIAS(name, of, scale)
