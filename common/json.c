/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/json.h"

#include <errno.h>
#include <glib.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/str.h"

enum {
	DEPTH_MAX = 64
};

static void say(char *why, size_t size, int line, int column, const char *text)
{
	char *valid;

	if (!why || !size)
		return;

	/* jansson cuts its text anywhere, in the middle of a character too */
	valid = g_utf8_make_valid(text, -1);
	snprintf(why, size, "line %d, column %d: %s", line, column, valid);
	g_free(valid);
}

/* Where a text is as deep as allowed: the parser recurses on brackets, and
 * what would blow the stack must be known before it starts */
static bool is_too_deep(const char *text, size_t len, int *linep, int *columnp)
{
	int depth = 0, line = 1, column = 0;
	bool string = false, escaped = false;
	size_t i;

	for (i = 0; i < len; ++i) {
		const char c = text[i];

		++column;
		if (c == '\n') {
			++line;
			column = 0;
		}
		if (string) {
			if (escaped)
				escaped = false;
			else if (c == '\\')
				escaped = true;
			else if (c == '"')
				string = false;
		} else if (c == '"') {
			string = true;
		} else if (c == '[' || c == '{') {
			if (++depth > DEPTH_MAX)
				break;
		} else if (c == ']' || c == '}') {
			--depth;
		}
	}
	*linep = line;
	*columnp = column;

	return depth > DEPTH_MAX;
}

/* What some servers write before UTF-8 */
static const char bom[] = "\xef\xbb\xbf";

int json_parse(json_t **jp, const char *text, size_t len, char *why,
	       size_t why_size)
{
	json_error_t err;
	int line, column;
	json_t *j;

	if (!jp)
		return EINVAL;
	if (text && len >= strlen(bom) && !memcmp(text, bom, strlen(bom))) {
		text += strlen(bom);
		len -= strlen(bom);
	}
	if (!text || !len) {
		say(why, why_size, 1, 1, "the text is empty");
		return EINVAL;
	}
	if (is_too_deep(text, len, &line, &column)) {
		say(why, why_size, line, column, "nested deeper than 64");
		return EINVAL;
	}

	j = json_loadb(text, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY,
		       &err);
	if (!j) {
		say(why, why_size, err.line < 1 ? 1 : err.line,
		    err.column < 0 ? 0 : err.column, err.text);
		return EINVAL;
	}
	*jp = j;

	return 0;
}

const char *json_str(const json_t *obj, const char *key, const char *def)
{
	const char *s = json_string_value(json_object_get(obj, key));

	return s ? s : def;
}

int64_t json_int(const json_t *obj, const char *key, int64_t def)
{
	const json_t *j = json_object_get(obj, key);

	return json_is_integer(j) ? (int64_t)json_integer_value(j) : def;
}

bool json_flag(const json_t *obj, const char *key, bool def)
{
	const json_t *j = json_object_get(obj, key);

	return json_is_boolean(j) ? json_is_true(j) : def;
}

json_t *json_merge_patch(const json_t *target, const json_t *patch)
{
	const char *key;
	json_t *value, *out;

	if (!json_is_object(patch))
		return json_deep_copy(patch);

	out = json_is_object(target) ? json_deep_copy(target) : json_object();
	json_object_foreach((json_t *)patch, key, value)
	{
		if (json_is_null(value))
			json_object_del(out, key);
		else
			json_object_set_new(
				out, key,
				json_merge_patch(json_object_get(target, key),
						 value));
	}

	return out;
}

char *json_text(const json_t *j)
{
	char *text = json_dumps(j, JSON_COMPACT | JSON_ENCODE_ANY);

	/* only NULL and want of memory fail; the latter aborts here too */
	if (!text)
		text = strdup("null");
	if (!text)
		abort();

	return text;
}

void json_set_str(json_t *obj, const char *key, const char *value)
{
	json_t *j = value ? json_string(value) : json_null();
	char *valid;

	if (!j) {
		/* not UTF-8 (a SIP header in Latin-1): keep what can be */
		valid = g_utf8_make_valid(value, -1);
		j = json_string(valid);
		g_free(valid);
	}
	json_object_set_new(obj, key, j);
}

void json_set_time(json_t *obj, const char *key, int64_t wall_ms)
{
	char buf[CLOCK_RFC3339_SIZE];

	if (!wall_ms) {
		json_object_set_new(obj, key, json_null());
		return;
	}
	clock_rfc3339(buf, sizeof(buf), wall_ms);
	json_object_set_new(obj, key, json_string(buf));
}

/* Bytes of the UTF-8 character at p, or what is left of it */
static size_t char_len(const char *p)
{
	size_t n = 1;

	while (((unsigned char)p[n] & 0xc0) == 0x80)
		++n;

	return n;
}

void json_pointer_add(char *ptr, size_t size, const char *token)
{
	size_t len = strnlen(ptr, size), n;

	if (len + 1 >= size)
		return;
	ptr[len++] = '/';

	/* what does not fit is left out, by whole characters */
	for (; *token; token += n) {
		const char *s = token;
		size_t add = n = char_len(token);

		if (*token == '~' || *token == '/') {
			s = *token == '~' ? "~0" : "~1";
			add = 2;
		}
		if (len + add >= size)
			break;
		memcpy(ptr + len, s, add);
		len += add;
	}
	ptr[len] = '\0';
}
