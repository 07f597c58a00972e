/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The flows of docs/recipes/, as they stand there, with the callers, callees
 * and servers of tests/recipes/NAME.json. The engine is that of POST
 * /v1/flows/test. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <glib.h>
#include <string.h>

#include "common/json.h"
#include "common/opt.h"
#include "common/str.h"
#include "flow/flow_doc.h"
#include "support/flow_cases.h"

static const char fence[] = "```";

/** The page's flow: the one block of JSON with `actions` in it */
static json_t *flow_of(const char *dir, const char *page)
{
	char *path = g_build_filename(dir, page, NULL), *text = NULL;
	json_t *flow = NULL, *block;
	char **parts;
	size_t i;

	assert_true(g_file_get_contents(path, &text, NULL, NULL));
	parts = g_strsplit(text, fence, -1);
	for (i = 1; parts[0] && parts[i] && parts[i + 1]; i += 2) {
		json_error_t error;

		if (!str_starts(parts[i], "json\n"))
			continue;
		block = json_loads(parts[i] + strlen("json\n"),
				   JSON_REJECT_DUPLICATES, &error);
		if (!block)
			fail_msg("%s: block %zu, line %d: %s", page, i,
				 error.line, error.text);
		if (json_object_get(block, "actions")) {
			assert_null(flow);
			flow = json_incref(block);
		}
		json_decref(block);
	}
	if (!flow)
		fail_msg("%s has no flow", page);
	g_strfreev(parts);
	g_free(text);
	g_free(path);

	return flow;
}

/* What callees go through is a flow of its own: the case names the action */
static json_t *part_of(json_t *flow, const char *id)
{
	json_t *action;
	size_t i;

	if (!id)
		return json_incref(flow);

	json_array_foreach(json_object_get(flow, "actions"), i, action)
	{
		if (str_eq(json_str(action, "id", NULL), id))
			return json_pack(
				"{s:O}", "actions",
				json_object_get(
					json_object_get(action, "option"),
					"confirm_actions"));
	}
	fail_msg("no action has the id %s", id);

	return NULL;
}

static void check(const char *page, const json_t *flow)
{
	struct opt_faults faults = {0};

	if (!*json_str(flow, "name", ""))
		fail_msg("%s: the flow has no name", page);
	if (flow_doc_alloc(NULL, flow, &faults))
		fail_msg("%s: %s", page, json_dumps(faults.list, 0));
}

static void run_page(const char *docs, const char *dir, const char *page)
{
	char *name = g_strndup(page, strlen(page) - strlen(".md"));
	char *file = g_strconcat(name, ".json", NULL);
	json_t *flow = flow_of(docs, page), *cases, *one, *part;
	size_t i;

	check(page, flow);
	cases = flow_cases_load(dir, file);
	json_array_foreach(cases, i, one)
	{
		part = part_of(flow, json_str(one, "confirm_of", NULL));
		flow_cases_run(file, one, part);
		json_decref(part);
	}
	assert_true(i > 0);
	json_decref(cases);
	json_decref(flow);
	g_free(file);
	g_free(name);
}

static void test_every_recipe_runs_as_it_stands(void **state)
{
	char *docs = flow_cases_folder("docs", "recipes");
	char *dir = flow_cases_folder("tests", "recipes");
	GDir *pages = g_dir_open(docs, 0, NULL);
	const char *page;
	unsigned n = 0;

	assert_non_null(pages);
	while ((page = g_dir_read_name(pages))) {
		if (!g_str_has_suffix(page, ".md") || str_eq(page, "README.md"))
			continue;
		run_page(docs, dir, page);
		++n;
	}
	assert_true(n >= 7);
	g_dir_close(pages);
	g_free(docs);
	g_free(dir);
}

static void test_every_recipe_is_in_the_list(void **state)
{
	char *docs = flow_cases_folder("docs", "recipes"), *text = NULL;
	char *path = g_build_filename(docs, "README.md", NULL);
	GDir *pages = g_dir_open(docs, 0, NULL);
	const char *page;

	assert_true(g_file_get_contents(path, &text, NULL, NULL));
	while ((page = g_dir_read_name(pages))) {
		char *link = g_strdup_printf("](%s)", page);

		if (!str_eq(page, "README.md") && !strstr(text, link))
			fail_msg("%s is not in README.md", page);
		g_free(link);
	}
	g_dir_close(pages);
	g_free(text);
	g_free(path);
	g_free(docs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_recipe_runs_as_it_stands),
		cmocka_unit_test(test_every_recipe_is_in_the_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
