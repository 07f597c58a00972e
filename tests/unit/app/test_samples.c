/* SPDX-License-Identifier: GPL-3.0-or-later */
/* conf/ holds what the option tables say. After a change in one of them:
 * BIFRONS_WRITE_SAMPLES=1 and run this program; then commit conf/.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <glib.h>

#include "app/app_config.h"
#include "host/config.h"
#include "rest/config.h"
#include "webhook/config.h"

static void check_sample(const char *name, const struct opt *opts,
			 const char *what)
{
	const char *srcdir = g_getenv("BIFRONS_SRCDIR");
	char *path =
		g_build_filename(srcdir ? srcdir : ".", "conf", name, NULL);
	char *title = g_strdup_printf("%s: every key with its default. A key "
				      "that is not here is refused.",
				      what);
	char *sample = config_sample(opts, title);
	char *wanted = g_strconcat("# SPDX-License-Identifier: "
				   "GPL-3.0-or-later\n",
				   sample, NULL);
	char *text = NULL;

	if (g_getenv("BIFRONS_WRITE_SAMPLES"))
		assert_true(g_file_set_contents(path, wanted, -1, NULL));
	assert_true(g_file_get_contents(path, &text, NULL, NULL));
	if (!g_str_equal(text, wanted))
		fail_msg("%s is not what the option table says: run this "
			 "program with BIFRONS_WRITE_SAMPLES=1",
			 path);

	g_free(text);
	g_free(sample);
	g_free(wanted);
	g_free(title);
	g_free(path);
}

static void test_call_plugin(void **state)
{
	(void)state;
	check_sample("janus.plugin.bifrons.jcfg", app_config_opts(),
		     "The call plugin");
}

static void test_rest_transport(void **state)
{
	(void)state;
	check_sample("janus.transport.bifrons.jcfg", rest_config_opts(),
		     "The REST transport");
}

static void test_webhook_module(void **state)
{
	(void)state;
	check_sample("janus.eventhandler.bifrons.jcfg", webhook_config_opts(),
		     "The webhook module");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_call_plugin),
		cmocka_unit_test(test_rest_transport),
		cmocka_unit_test(test_webhook_module),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
