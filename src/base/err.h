/* SPDX-License-Identifier: Apache-2.0 */
/*
 * err: errors of set-up, configuration and input/output. The data path has none: network bytes
 * can never make an error. A function returns 0 or a negative ERR_*; the sentence for the
 * operator (what, where, what to do) goes into a struct err, which only the top prints.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

enum {
    ERR_NOMEM = -1,   /* no memory, or a bound of ours is reached */
    ERR_IO = -2,      /* the system refused a read, write or open */
    ERR_FORMAT = -3,  /* a file, message or value is not what it should be */
    ERR_USAGE = -4,   /* the caller (a person) asked for what does not exist */
    ERR_PERM = -5,    /* privileges are missing */
    ERR_EXISTS = -6,  /* busy: a port, a lock, a second instance */
    ERR_FULL = -7,    /* no room: disk, ring, table */
    ERR_TIMEOUT = -8, /* a deadline passed */
    ERR_END = -9,     /* the end of the input, in good order */
    ERR_STOPPED = -10 /* cancelled by the caller */
};

struct err {
    int code;
    char text[512];
};

/* Sets code and sentence, returns code. `err` may be NULL. Too long texts are cut. */
int err_set(struct err *err, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* The same, with ": " and the text of `errnum` behind the sentence. */
int err_sys(struct err *err, int code, int errnum, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

#endif
