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
				"secret_file = \"/var/key\"\n"
				"ca_file = \"/var/ca.pem\"\n"
				"allow_private = true\n"
				"timeout_s = 3\n"
				"retry_s = (1, 20)\n"
				"max_connections = 10\n"
				"max_endpoint = 2\n"
				"log_level = \"debug\"\n");
	struct webhook_config *cfg = NULL;
	char *why = NULL;

	(void)state;
	assert_int_equal(webhook_config_load(&cfg, path, &why), 0);
	assert_string_equal(cfg->courier.store, "/var/x.sqlite");
	assert_string_equal(cfg->courier.secret_file, "/var/key");
	assert_string_equal(cfg->courier.ca_file, "/var/ca.pem");
	assert_true(cfg->courier.allow_private);
	assert_int_equal(cfg->courier.timeout_ms, 3000);
	assert_int_equal(cfg->courier.retries.n, 2);
	assert_int_equal(cfg->courier.retries.delay_ms[1], 20000);
	assert_int_equal(cfg->courier.max_connections, 10);
	assert_int_equal(cfg->courier.max_endpoint, 2);
	assert_int_equal(cfg->log_level, LOG_AT_DEBUG);
	assert_null(webhook_config_free(cfg));
	g_free(path);
}

static void test_what_is_left_out_has_a_default(void **state)
{
	char *path = write_file("store = \"x\"\n");
	struct webhook_config *cfg = NULL;
	char *why = NULL;

	(void)state;
	assert_int_equal(webhook_config_load(&cfg, path, &why), 0);
	assert_int_equal(cfg->log_level, LOG_AT_INFO);
	assert_null(cfg->courier.secret_file);
	assert_null(cfg->courier.ca_file);
	assert_false(cfg->courier.allow_private);
	assert_int_equal(cfg->courier.timeout_ms, 15000);
	/* 5 s, 5 min, 30 min, 2, 5, 10, 14, 20 and 24 h */
	assert_int_equal(cfg->courier.retries.n, 9);
	assert_int_equal(cfg->courier.retries.delay_ms[0], 5000);
	assert_int_equal(cfg->courier.retries.delay_ms[8], 86400000);
	assert_int_equal(cfg->courier.max_connections, 256);
	assert_int_equal(cfg->courier.max_endpoint, 8);
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
		"store = \"x\"\nretry_s = (0)\n",
		"store = \"x\"\nretry_s = (\"5\")\n",
		("store = \"x\"\nretry_s = (1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,"
		 " 1, 1, 1, 1, 1, 1)\n"),
		"store = \"x\"\ntimeout_s = 0\n",
		"store = \"x\"\nmax_endpoint = 0\n",
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
		cmocka_unit_test(test_what_is_left_out_has_a_default),
		cmocka_unit_test(test_refuses_what_it_does_not_know),
		cmocka_unit_test(test_no_file),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
