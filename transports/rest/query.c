/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rest/query.h"

#include <glib.h>
#include <string.h>

#include "common/json.h"
#include "rest/router.h"

static bool decode(char **outp, const char *text, size_t len)
{
	char *out = g_malloc(len + 1);

	if (rest_percent_decode(out, text, len, true) < 0) {
		g_free(out);
		return false;
	}
	*outp = out;

	return true;
}

static void fault_twice(struct opt_faults *faults, const char *name)
{
	char pointer[256] = "query"; /* as the call plugin says it */

	json_pointer_add(pointer, sizeof(pointer), name);
	opt_fault(faults, pointer, "is given more than once");
}

/* @return false when the encoding is broken */
static bool add(json_t *query, const char *text, size_t len,
		struct opt_faults *faults)
{
	const char *eq = memchr(text, '=', len);
	const size_t name_len = eq ? (size_t)(eq - text) : len;
	char *name = NULL, *value = NULL;
	bool ok;

	ok = decode(&name, text, name_len) &&
	     decode(&value, eq ? eq + 1 : "", eq ? len - name_len - 1 : 0);
	if (ok) {
		if (json_object_get(query, name))
			fault_twice(faults, name);
		else
			json_object_set_new(query, name, json_string(value));
	}
	g_free(name);
	g_free(value);

	return ok;
}

enum api_err rest_query_parse(json_t **queryp, const char *text,
			      struct opt_faults *faults, const char **whyp)
{
	json_t *query = json_object();
	enum api_err err = API_OK;
	unsigned n = 0;

	while (*text && !err) {
		const size_t len = strcspn(text, "&");

		if (len && ++n > REST_MAX_QUERY) {
			*whyp = "the query has more than 64 parameters";
			err = API_ERR_bad_request;
		} else if (len && !add(query, text, len, faults)) {
			*whyp = "the query is not percent-encoded UTF-8 "
				"without control characters";
			err = API_ERR_bad_request;
		}
		text += len;
		if (*text)
			++text;
	}
	if (!err && faults->list)
		err = API_ERR_invalid;

	if (err)
		json_decref(query);
	else
		*queryp = query;

	return err;
}
