/* SPDX-License-Identifier: Apache-2.0 */
/* The sections of settings that the keeper knows (all of them: the snapshot holds all). */
#ifndef APP_SECTIONS_H
#define APP_SECTIONS_H

#include "config/config.h"

const struct section *keeper_sections(void);

#endif
