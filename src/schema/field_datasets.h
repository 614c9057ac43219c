/* SPDX-License-Identifier: Apache-2.0 */
/* Sets the row macros so that the .def file included next gives its DATASET row; no guard by design. */
#undef FIELD
#undef GROUP
#undef ITEM
#undef MIRROR
#undef ALIAS
#undef DATASET
#define FIELD(id, name, kind, flags, help)
#define GROUP(id, name, help)
#define ITEM(id, group, name, kind, flags, help)
#define MIRROR(id, name, of, help)
#define ALIAS(name, of, scale)
#define DATASET(name_, protocol_, types_, summary_)                                                \
    .name = name_, .protocol = protocol_, .types = types_, .summary = summary_,
