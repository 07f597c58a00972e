/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The module as Janus calls it. What it needs of the core is here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <glib.h>
#include <glib/gstdio.h>
#include <stdlib.h>

/* JANUS_EVENTHANDLER_INIT sets each member twice */
#pragma GCC diagnostic ignored "-Woverride-init"
#include "bifrons_webhook.c"

#include <janus/debug.h>

int janus_version = 1102;
int janus_log_level = LOG_NONE;
gboolean janus_log_timestamps, janus_log_colors;
char *janus_log_global_prefix;

void janus_vprintf(const char *format, ...)
{
	(void)format;
}

static int start(void **state)
{
	char *dir = g_dir_make_tmp("bifrons-XXXXXX", NULL);
	char *path =
		g_build_filename(dir, "janus.eventhandler.bifrons.jcfg", NULL);
	char *text = g_strdup_printf("store = \"%s/bifrons.db\"\n", dir);
	int err = !g_file_set_contents(path, text, -1, NULL) || on_init(dir);

	g_free(text);
	g_remove(path);
	g_free(path);
	*state = dir;

	return err;
}

static int stop(void **state)
{
	on_destroy();
	g_rmdir(*state);
	g_free(*state);

	return 0;
}

/* As janus_events_thread() does with one handler: it holds two references, and
 * drops both. A third would be somebody else's memory. */
static void tell(const char *plugin)
{
	json_t *event = json_pack("{s:i, s:{s:s, s:{s:s, s:i}}}", "type", 64,
				  "event", "plugin", plugin, "data", "bifrons",
				  "committed", "row", 1);

	json_incref(event);
	create()->incoming_event(event);
	assert_int_equal(event->refcount, 2);
	json_decref(event);
	json_decref(event);
}

static void test_an_event_stays_the_core_s(void **state)
{
	(void)state;
	tell("janus.plugin.bifrons");
	tell("janus.plugin.other");
}

static void test_so_does_one_that_comes_after_the_end(void **state)
{
	(void)state;
	tell("janus.plugin.bifrons");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_an_event_stays_the_core_s,
						start, stop),
		cmocka_unit_test(test_so_does_one_that_comes_after_the_end),
	};

	return cmocka_run_group_tests_name("webhook_adapter", tests, NULL,
					   NULL);
}
