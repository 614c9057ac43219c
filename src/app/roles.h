/* SPDX-License-Identifier: Apache-2.0 */
/* The roles that this executable takes when the warden starts it anew: sensor, configuration reader. */
#ifndef APP_ROLES_H
#define APP_ROLES_H

#include <stdbool.h>

/* Runs a role when argv[1] names one ("@sensor"); false: an ordinary command line. */
bool role_main(int argc, char **argv, int *ret_status);

#endif
