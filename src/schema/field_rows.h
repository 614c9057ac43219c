/* SPDX-License-Identifier: Apache-2.0 */
/* Sets the row macros so that the .def file included next gives rows; no guard by design. */
#undef FIELD
#undef GROUP
#undef ITEM
#undef MIRROR
#undef ALIAS
#undef DATASET
#define DATASET(name, protocol, types, summary)
#define FIELD(id, name_, kind_, flags_, help_)                                                     \
    {.name = name_, .kind = KIND_##kind_, .flags = (flags_), .help = help_},
#define GROUP(id, name_, help_) {.name = name_, .kind = KIND_GROUP, .flags = FIELD_LIST, .help = help_},
#define ITEM(id, group, name_, kind_, flags_, help_)                                               \
    {.name = name_, .kind = KIND_##kind_, .flags = (flags_), .of = (group), .help = help_},
#define MIRROR(id, name_, of_, help_) {.name = name_, .flags = FIELD_MIRROR, .of = (of_), .help = help_},
/* ALIAS rows have no number, so they stand in a table of their own: see field_aliases.h. */
#define ALIAS(name_, of_, scale_)
