/* SPDX-License-Identifier: Apache-2.0 */
/* Sets the row macros so that the .def file included next gives its ALIAS rows; no guard by design. */
#undef FIELD
#undef GROUP
#undef ITEM
#undef MIRROR
#undef ALIAS
#undef DATASET
#define DATASET(name, protocol, types, summary)
#define FIELD(id, name, kind, flags, help)
#define GROUP(id, name, help)
#define ITEM(id, group, name, kind, flags, help)
#define MIRROR(id, name, of, help)
#define ALIAS(name_, of_, scale_) {.name = name_, .flags = FIELD_ALIAS, .of = (of_), .scale = (scale_)},
