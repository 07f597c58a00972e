/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <glib.h>
#include <glib/gstdio.h>

#include "webhook/config.h"

static char *dir;

static char *write_file(const char *text)
{
	char *path = g_build_filename(dir, "x.jcfg", NULL);

	assert_true(g_file_set_contents(path, text, -1, NULL));

	return path;
}

static int setup(void **state)
{
	(void)state;
	dir = g_dir_make_tmp("bifrons-webhook-XXXXXX", NULL);

	return dir ? 0 : -1;
}

static int teardown(void **state)
{
	char *path = g_build_filename(dir, "x.jcfg", NULL);

	(void)state;
	(void)g_unlink(path);
	(void)g_rmdir(dir);
	g_free(path);
	g_free(dir);

	return 0;
}

static void test_reads_its_keys(void **state)
{
	char *path = write_file("store = \"/var/x.sqlite\"\n"
				"allow_private = true\n"
				"log_level = \"debug\"\n");
	struct webhook_config *cfg = NULL;
	char *why = NULL;

	(void)state;
	assert_int_equal(webhook_config_load(&cfg, path, &why), 0);
	assert_string_equal(cfg->store, "/var/x.sqlite");
	assert_int_equal(cfg->log_level, LOG_AT_DEBUG);
	assert_true(cfg->allow_private);
	assert_null(webhook_config_free(cfg));
	g_free(path);
}

static void test_level_has_a_default(void **state)
{
	char *path = write_file("store = \"x\"\n");
	struct webhook_config *cfg = NULL;
	char *why = NULL;

	(void)state;
	assert_int_equal(webhook_config_load(&cfg, path, &why), 0);
	assert_int_equal(cfg->log_level, LOG_AT_INFO);
	assert_false(cfg->allow_private);
	webhook_config_free(cfg);
	g_free(path);
}

static void test_refuses_what_it_does_not_know(void **state)
{
	static const char *const wrong[] = {
		"",
		"store = 1\n",
		"store = \"x\"\nurl = \"y\"\n",
		"store = \"x\"\nlog_level = \"loud\"\n",
		"store = \"x\"\nallow_private = \"yes\"\n",
		"store = ",
	};
	size_t i;

	(void)state;
	for (i = 0; i < G_N_ELEMENTS(wrong); ++i) {
		struct webhook_config *cfg = NULL;
		char *path = write_file(wrong[i]);
		char *why = NULL;

		assert_int_equal(webhook_config_load(&cfg, path, &why), EINVAL);
		assert_null(cfg);
		assert_non_null(why);
		assert_non_null(g_strstr_len(why, -1, path));
		g_free(why);
		g_free(path);
	}
}

static void test_no_file(void **state)
{
	struct webhook_config *cfg = NULL;
	char *why = NULL;

	(void)state;
	assert_int_equal(webhook_config_load(&cfg, "/nonexistent/x", &why),
			 ENOENT);
	g_free(why);
	assert_null(webhook_config_free(NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reads_its_keys),
		cmocka_unit_test(test_level_has_a_default),
		cmocka_unit_test(test_refuses_what_it_does_not_know),
		cmocka_unit_test(test_no_file),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
