/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file jsonw.h  JSON written straight as text
 *
 * Thread: any; the text is the caller's. For documents that are written at
 * every step of a call and read as text: a tree of jansson's for them, made,
 * dumped and freed, was more than half of the loop's instructions in a
 * set-up. Compact, members in the order of the calls; the commas are put by
 * what stands before.
 *
 * `key` is one of ours: plain ASCII without quotes; NULL in an array and at
 * the top. Values may be anything: what is not UTF-8 is replaced.
 */
#ifndef BIFRONS_COMMON_JSONW_H
#define BIFRONS_COMMON_JSONW_H

#include <glib.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/** @param bracket  '{' or '[' */
void jsonw_open(GString *out, const char *key, char bracket);
/** @param bracket  '}' or ']' */
void jsonw_close(GString *out, char bracket);

/** A string, or null when value is NULL */
void jsonw_str(GString *out, const char *key, const char *value);
void jsonw_int(GString *out, const char *key, int64_t value);
void jsonw_bool(GString *out, const char *key, bool value);
void jsonw_null(GString *out, const char *key);
/** Not negative, with so many digits behind the point (1..6) */
void jsonw_fixed(GString *out, const char *key, double value, unsigned digits);
/** An RFC 3339 time, or null when wall_ms is 0 */
void jsonw_time(GString *out, const char *key, int64_t wall_ms);
/** JSON text as it is, or null when text is NULL */
void jsonw_text(GString *out, const char *key, const char *text);
/** A tree of jansson's, or null when j is NULL */
void jsonw_json(GString *out, const char *key, const json_t *j);

#endif
