/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "flow/flow_action.h"
#include "flow/flow_doc.h"

/* docs/actions.md is what the tables say. BIFRONS_UPDATE_DOCS=1 writes it. */
static char *path_of(const char *name)
{
	const char *dir = getenv("BIFRONS_SRCDIR");

	return g_build_filename(dir ? dir : ".", "docs", name, NULL);
}

static void test_actions_md_is_true(void **state)
{
	char *path = path_of("actions.md");
	char *text = flow_actions_markdown(), *file = NULL;

	if (getenv("BIFRONS_UPDATE_DOCS"))
		assert_true(g_file_set_contents(path, text, -1, NULL));
	assert_true(g_file_get_contents(path, &file, NULL, NULL));
	if (strcmp(file, text) != 0)
		fail_msg("%s differs from the tables: run this test with "
			 "BIFRONS_UPDATE_DOCS=1",
			 path);
	g_free(file);
	g_free(text);
	g_free(path);
}

static void test_every_action_says_what_it_does(void **state)
{
	const struct action_type *const *type;
	const struct opt *opt;

	for (type = action_types; *type; ++type) {
		assert_non_null((*type)->doc);
		assert_non_null((*type)->example);
		assert_non_null((*type)->start);
		for (opt = (*type)->opts; opt->name; ++opt)
			assert_non_null(opt->doc);
	}
}

/* Ids that examples mention, so that they are whole flows here */
static const char *const ids[] = {"sales", "support", "menu", "again"};

static void test_examples_are_right(void **state)
{
	const struct action_type *const *type;

	for (type = action_types; *type; ++type) {
		struct opt_faults faults = {0};
		json_t *doc = json_object(), *list = json_array();
		json_t *example = json_loads((*type)->example, 0, NULL);
		size_t i;

		assert_string_equal(json_str(example, "type", ""),
				    (*type)->name);
		json_array_append_new(list, example);
		for (i = 0; i < G_N_ELEMENTS(ids); ++i)
			json_array_append_new(list, json_pack("{s:s,s:s}", "id",
							      ids[i], "type",
							      "answer"));
		json_object_set_new(doc, "actions", list);
		if (flow_doc_alloc(NULL, doc, &faults))
			fail_msg("%s: %s", (*type)->name,
				 json_dumps(faults.list, 0));
		json_decref(doc);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_actions_md_is_true),
		cmocka_unit_test(test_every_action_says_what_it_does),
		cmocka_unit_test(test_examples_are_right),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
