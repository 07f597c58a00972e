/* SPDX-License-Identifier: GPL-3.0-or-later */
/* json_parse() over any bytes: what it takes can be written and read again,
 * merged with itself, and is no deeper than allowed. And jsonw_str().
 */
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "common/jsonw.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned depth_of(const json_t *j)
{
	unsigned depth = 0, d;
	const char *key;
	json_t *sub;
	size_t i;

	json_array_foreach(j, i, sub)
	{
		d = depth_of(sub);
		depth = d > depth ? d : depth;
	}
	json_object_foreach((json_t *)j, key, sub)
	{
		d = depth_of(sub);
		depth = d > depth ? d : depth;
	}

	return depth + (json_is_array(j) || json_is_object(j));
}

static bool has_null(const json_t *j)
{
	const char *key;
	json_t *sub;

	json_object_foreach((json_t *)j, key,
			    sub) if (json_is_null(sub) ||
				     has_null(sub)) return true;

	return false;
}

/* What jsonw.h writes of any text reads as that text, made valid */
static void write_text(const uint8_t *data, size_t size)
{
	char *text = g_strndup((const char *)data, size);
	char *valid = g_utf8_make_valid(text, -1);
	GString *out = g_string_new(NULL);
	json_t *back;

	jsonw_str(out, NULL, text);
	back = json_loads(out->str, JSON_DECODE_ANY, NULL);
	if (!back || strcmp(json_string_value(back), valid) != 0)
		abort();
	json_decref(back);
	g_string_free(out, TRUE);
	g_free(valid);
	g_free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char why[160] = "";
	json_t *j = NULL, *again = NULL, *merged;
	char *text;

	write_text(data, size);
	if (json_parse(&j, (const char *)data, size, why, sizeof(why))) {
		if (j || strncmp(why, "line ", 5) != 0)
			abort();
		return 0;
	}
	if (depth_of(j) > 64)
		abort();

	text = json_text(j);
	if (json_parse(&again, text, strlen(text), why, sizeof(why)) ||
	    !json_equal(j, again))
		abort();

	/* a patch that removes nothing changes nothing when it is applied to
	 * itself; the other way round it must only not crash */
	merged = json_merge_patch(j, j);
	if (!has_null(j) && !json_equal(merged, j))
		abort();
	json_decref(merged);
	json_decref(again);
	json_decref(j);
	free(text);

	return 0;
}
