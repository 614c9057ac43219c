/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzz target: a settings file of any dialect, and a snapshot of settings as another process may forge it. */
#include "fuzz/worker_feed.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static struct section sections[FEED_SECTIONS];
    struct config_source none = {0};
    struct config *config = NULL;
    struct err err = {0};
    char *text = strndup((const char *)data, len);

    if (!sections[0].name)
        (void)worker_sections(sections, FEED_SECTIONS - 1);
    if (config_load_text(sections, "fuzz.yml", text, &none, &config, &err) == 0)
        config_free(config);
    config = NULL;
    if (config_restore(sections, slice_of(data, len), NULL, &config, &err) == 0)
        config_free(config);
    free(text);
    return 0;
}
