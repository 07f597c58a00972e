/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The configuration file: defaults, and what does not start */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>

#include "rest/config.h"

static int load(struct rest_config **cfgp, const char *text, const char *want)
{
	char *path = NULL, *why = NULL;
	const int fd = g_file_open_tmp("bifrons-rest-XXXXXX", &path, NULL);
	int err;

	assert_true(fd >= 0);
	g_close(fd, NULL);
	assert_true(g_file_set_contents(path, text, -1, NULL));
	err = rest_config_load(cfgp, path, &why);
	if (want)
		assert_non_null(why);
	if (want && !strstr(why, want))
		fail_msg("%s is not in %s", want, why);
	g_unlink(path);
	g_free(path);
	g_free(why);

	return err;
}

static void test_defaults(void **state)
{
	struct rest_config *cfg = NULL;

	assert_int_equal(load(&cfg, "store = \"/x\"\n", NULL), 0);
	assert_string_equal(cfg->bind, "127.0.0.1");
	assert_int_equal(cfg->port, 8080);
	assert_string_equal(cfg->store, "/x");
	assert_null(cfg->tls_cert);
	assert_null(cfg->tls_key);
	assert_null(cfg->admin_secret);
	assert_int_equal(cfg->max_body_bytes, 1 << 20);
	assert_int_equal(cfg->connection_limit, 4096);
	assert_int_equal(cfg->per_ip_limit, 2048);
	assert_int_equal(cfg->connection_timeout_s, 15);
	assert_int_equal(cfg->request_timeout_s, 30);
	assert_int_equal(cfg->threads, 2);
	assert_int_equal(cfg->in_flight, 256);
	assert_int_equal(cfg->deadline_ms, 2500);
	assert_int_equal(cfg->auth_failures_per_min, 30);
	assert_int_equal(cfg->event_streams, 2000);
	assert_int_equal(cfg->event_streams_per_account, 1000);
	assert_int_equal(cfg->event_heartbeat_s, 15);
	assert_string_equal(cfg->log_level, "info");
	rest_config_free(cfg);
}

static void test_faults(void **state)
{
	struct rest_config *cfg = NULL;

	assert_int_equal(load(&cfg, "", "store"), EINVAL);
	assert_int_equal(load(&cfg, "store = \"/x\"\nprot = 1\n", ":2: prot"),
			 EINVAL);
	assert_int_equal(load(&cfg, "store = \"/x\"\nport = 0\n", "port"),
			 EINVAL);
	assert_int_equal(
		load(&cfg, "store = \"/x\"\nport = \"8080\"\n", "port"),
		EINVAL);
	assert_int_equal(
		load(&cfg, "store = \"/x\"\nbind = \"localhost\"\n", "bind"),
		EINVAL);
	assert_int_equal(
		load(&cfg, "store = \"/x\"\ntls_cert = \"/c\"\n", "tls_key"),
		EINVAL);
	assert_int_equal(
		load(&cfg, "store = \"/x\"\ntls_key = \"/c\"\n", "tls_cert"),
		EINVAL);
	assert_null(cfg);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_faults),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
