/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file str.h  Bounded strings and encodings
 *
 * Thread: any; nothing is kept.
 */
#ifndef BIFRONS_COMMON_STR_H
#define BIFRONS_COMMON_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Copy with truncation; dst always ends in NUL.
 * @return 0, or EOVERFLOW when src was cut
 */
int str_copy(char *dst, size_t size, const char *src);

/** NULL-safe equality; two NULLs are equal */
bool str_eq(const char *a, const char *b);

/** Does text start with prefix? NULL never does */
bool str_starts(const char *text, const char *prefix);

/** Is it well-formed UTF-8 without NUL and, when !controls, without control
 * characters (C0 but TAB, DEL)? For header, URI and SDP values pass false:
 * CR and LF never get in.
 */
bool str_is_clean(const char *text, size_t len, bool controls);

/** A whole decimal number, an optional minus, no blanks.
 * @return 0, EINVAL or ERANGE
 */
int str_to_int(const char *text, int64_t min, int64_t max, int64_t *np);

/** A finite decimal number ("1.5"), '.' whatever the locale */
int str_to_num(const char *text, double *np);

/** Lower-case hex; out has 2 * len + 1 bytes */
void str_hex(char *out, const uint8_t *data, size_t len);

enum {
	STR_BASE64_SIZE_32 = 45
};
/** Standard base64 with padding; caller frees with g_free() */
char *str_base64(const uint8_t *data, size_t len);
/** @return 0 or EINVAL; *datap is freed with g_free() */
int str_base64_decode(const char *text, uint8_t **datap, size_t *lenp);
/** Base64url without padding, for tokens; caller frees with g_free() */
char *str_base64url(const uint8_t *data, size_t len);

#endif
