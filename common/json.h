/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file json.h  Small helpers over jansson
 *
 * Thread: any, but a json_t belongs to one thread: to cross, json_deep_copy()
 * and hand the copy over whole.
 */
#ifndef BIFRONS_COMMON_JSON_H
#define BIFRONS_COMMON_JSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Parse a whole text: duplicate keys, depth over 64 (counted before
 * parsing), NULs and trailing data refused. A byte order mark before it is
 * passed over (RFC 8259 §8.1).
 * @param whyp  On EINVAL "line 3, column 7: …" (size why_size)
 * @return 0 or EINVAL
 */
int json_parse(json_t **jp, const char *text, size_t len, char *why,
	       size_t why_size);

/** Members with a default when missing, null or of another type. Borrowed. */
const char *json_str(const json_t *obj, const char *key, const char *def);
int64_t json_int(const json_t *obj, const char *key, int64_t def);
bool json_flag(const json_t *obj, const char *key, bool def);

/** JSON merge patch (RFC 7396): a new object; neither input is changed */
json_t *json_merge_patch(const json_t *target, const json_t *patch);

/** Compact text, keys in insertion order; free with free() */
char *json_text(const json_t *j);

/** Set key to a string, or to null when value is NULL */
void json_set_str(json_t *obj, const char *key, const char *value);

/** Set key to an RFC 3339 time, or to null when wall_ms is 0 */
void json_set_time(json_t *obj, const char *key, int64_t wall_ms);

/** Append "/token" to a JSON pointer, escaping ~ and / (RFC 6901) */
void json_pointer_add(char *ptr, size_t size, const char *token);

#endif
