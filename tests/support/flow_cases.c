/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "support/flow_cases.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <glib.h>
#include <stdlib.h>

#include "common/json.h"
#include "common/obj.h"
#include "flow/flow_trial.h"

static const struct opt world_opts[] = {FLOW_TRIAL_OPTS, OPT_END};

char *flow_cases_folder(const char *first, const char *second)
{
	const char *dir = getenv("BIFRONS_SRCDIR");

	return g_build_filename(dir ? dir : ".", first, second, NULL);
}

json_t *flow_cases_load(const char *dir, const char *name)
{
	char *path = g_build_filename(dir, name, NULL);
	json_error_t error;
	json_t *cases = json_load_file(path, JSON_REJECT_DUPLICATES, &error);

	if (!json_is_array(cases))
		fail_msg("%s: line %d: %s", path, error.line, error.text);
	g_free(path);

	return cases;
}

/* Is everything of `want` in `got`? A text alone stands for a step's type. */
static bool holds(const json_t *want, const json_t *got)
{
	const char *key;
	json_t *value;
	size_t i;

	if (json_is_string(want) && json_is_object(got))
		return json_equal(want, json_object_get(got, "type"));
	if (json_is_array(want)) {
		if (json_array_size(want) != json_array_size(got))
			return false;
		json_array_foreach(
			want, i,
			value) if (!holds(value,
					  json_array_get(got, i))) return false;
		return true;
	}
	if (!json_is_object(want))
		return json_equal(want, got);
	json_object_foreach(
		(json_t *)want, key,
		value) if (!holds(value,
				  json_object_get(got, key))) return false;

	return true;
}

/* A document of the case, or the test fails */
static struct flow_doc *take(const json_t *json)
{
	struct opt_faults faults = {0};
	struct flow_doc *doc = NULL;

	if (flow_doc_alloc(&doc, json, &faults))
		fail_msg("%s", json_dumps(faults.list, 0));

	return doc;
}

static int find_stored(void *arg, const char *id, struct flow_doc **docp)
{
	const json_t *doc = json_object_get(arg, id);

	if (!doc)
		return ENOENT;
	*docp = take(doc);

	return 0;
}

static json_t *try_case(const json_t *one, const json_t *flow)
{
	struct opt_faults faults = {0};
	struct flow_trial_params prm = {
		.doc = take(flow),
		.flow = find_stored,
		.arg = json_object_get(one, "stored"),
	};
	json_t *world = json_object_get(one, "world"), *none = NULL;
	json_t *in = NULL, *out = NULL;

	if (!world)
		world = none = json_object();
	if (opt_check(&in, world_opts, world, OPT_MODE_CREATE, false, "/world",
		      &faults))
		fail_msg("%s", json_dumps(faults.list, 0));
	prm.in = in;
	if (flow_trial_run(&out, &prm, &faults))
		fail_msg("%s", json_dumps(faults.list, 0));
	obj_unref(prm.doc);
	json_decref(in);
	json_decref(none);

	return out;
}

void flow_cases_run(const char *file, const json_t *one, const json_t *flow)
{
	const json_t *want = json_object_get(one, "expect");
	json_t *got = try_case(one, flow);

	assert_true(json_is_object(want));
	if (!holds(want, got))
		fail_msg("%s: %s: got %s", file, json_str(one, "name", "?"),
			 json_dumps(got, JSON_INDENT(1)));
	json_decref(got);
}
