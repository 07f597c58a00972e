/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Flow tests as data: tests/flows/ACTION.json, see its README.md. The engine
 * is that of POST /v1/flows/test. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <glib.h>

#include "flow/flow_action.h"
#include "support/flow_cases.h"

static void run_file(const char *dir, const char *name)
{
	json_t *cases = flow_cases_load(dir, name), *one;
	size_t i;

	json_array_foreach(cases, i, one)
	{
		flow_cases_run(name, one, json_object_get(one, "flow"));
	}
	assert_true(i > 0);
	json_decref(cases);
}

static void test_every_file(void **state)
{
	char *dir = flow_cases_folder("tests", "flows");
	GDir *files = g_dir_open(dir, 0, NULL);
	const char *name;

	assert_non_null(files);
	while ((name = g_dir_read_name(files)))
		if (g_str_has_suffix(name, ".json"))
			run_file(dir, name);
	g_dir_close(files);
	g_free(dir);
}

static void test_every_action_has_a_file(void **state)
{
	const struct action_type *const *type;
	char *dir = flow_cases_folder("tests", "flows");

	for (type = action_types; *type; ++type) {
		char *name = g_strconcat((*type)->name, ".json", NULL);
		char *path = g_build_filename(dir, name, NULL);

		if (!g_file_test(path, G_FILE_TEST_EXISTS))
			fail_msg("tests/flows/%s is missing", name);
		g_free(path);
		g_free(name);
	}
	g_free(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_file),
		cmocka_unit_test(test_every_action_has_a_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
