/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log: logfmt lines on standard error. error = the operator must act, warn = degraded,
 * info = a change of state, debug = off by default. Never once per packet.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* Lines above `level` are dropped. Default: LOG_LEVEL_INFO. Any thread; set at start. */
void log_set_level(enum log_level level);

/* Name of the process in each line ("warden", "sensor", "keeper", "remora"). Borrowed for good. */
void log_set_process(const char *name);

/*
 * One line: time, level, process, area, message, then `fmt` for more key=value pairs ("" for
 * none). The message is a constant sentence; values with blanks are quoted by the caller with \"%s\".
 */
void log_write(enum log_level level, const char *area, const char *message, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

#define log_error(area, message, ...) log_write(LOG_LEVEL_ERROR, area, message, __VA_ARGS__)
#define log_warn(area, message, ...) log_write(LOG_LEVEL_WARN, area, message, __VA_ARGS__)
#define log_info(area, message, ...) log_write(LOG_LEVEL_INFO, area, message, __VA_ARGS__)
#define log_debug(area, message, ...) log_write(LOG_LEVEL_DEBUG, area, message, __VA_ARGS__)

#endif
