/* SPDX-License-Identifier: Apache-2.0 */
/* remora search, in the executable that has a store and an HTTP client. */
#ifndef APP_KEEPER_SEARCH_H
#define APP_KEEPER_SEARCH_H

/*
 * "@search" DATA URL FORMAT N FROM TO QUERY: asks the keeper that runs on DATA (its unix socket), else the one at URL,
 * else opens the files of DATA itself; prints what was found. FORMAT: table or ndjson; FROM and TO in Elasticsearch's
 * date math. Returns an exit status.
 */
int keeper_search(int argc, char **argv);

/* "@status" DATA URL: prints what the keeper there says of its capture, in the lines of `remora check`. */
int keeper_ask_status(int argc, char **argv);

#endif
