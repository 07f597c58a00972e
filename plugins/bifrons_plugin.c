/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The adapter: all of Janus that the call plugin sees */
#include <errno.h>
#include <glib.h>
#include <jansson.h>
#include <stdbool.h>

#include <janus/plugins/plugin.h>

#include "api/api.h"
#include "app/app.h"
#include "common/gate.h"
#include "host/janus_abi.h"
#include "host/janus_log.h"

enum {
	VERSION_NUMBER = 1
};

extern int janus_version; /* of the running core; in no installed header */

janus_plugin *create(void);
static janus_plugin plugin;

/* Janus has one plugin of a kind per process and calls it without an
 * argument: what must be found again is here */
static struct app *app;
static janus_callbacks *core;
static struct gate gate = GATE_INIT;

/* Thread: store. A doorbell only: the events are in the store */
static void on_committed(int64_t last_event_row)
{
	json_t *bell;

	if (!core->events_is_enabled())
		return;

	bell = json_pack("{s:s, s:I}", "bifrons", "committed", "row",
			 (json_int_t)last_event_row);
	core->notify_event(&plugin, NULL, bell);
}

static int on_init(janus_callbacks *callbacks, const char *config_path)
{
	static const struct app_host host = {.doorbell = on_committed};
	char why[256];
	char *path;
	int err;

	log_set_sink(janus_log_sink);

	if (janus_abi_check(janus_version, JANUS_ABI_PLUGIN,
			    JANUS_PLUGIN_API_VERSION, why, sizeof(why))) {
		log_error("call plugin: %s", why);
		return -1;
	}

	core = callbacks;
	path = g_strdup_printf("%s/janus.plugin.bifrons.jcfg", config_path);
	err = app_start(&app, path, &host);
	g_free(path);
	if (err)
		return -1;

	gate_open(&gate);

	return 0;
}

static void on_destroy(void)
{
	gate_close_and_wait(&gate);
	app = app_stop(app);
}

/* Thread: core pool, several at once; the query stays the core's */
static json_t *on_admin_message(json_t *query)
{
	json_t *reply;

	if (!gate_enter(&gate))
		return api_error(API_ERR_unavailable, "shutting down");

	reply = api_dispatch(app_api(app), query);
	gate_leave(&gate);

	return reply;
}

/* Browsers come later; until then their handles are refused, and what the
 * core might still call does nothing */
static void on_create_session(janus_plugin_session *session, int *error)
{
	(void)session;
	*error = -1;
}

static struct janus_plugin_result *on_message(janus_plugin_session *session,
					      char *transaction,
					      json_t *message, json_t *jsep)
{
	(void)session;
	g_free(transaction);
	json_decref(message);
	json_decref(jsep);

	return janus_plugin_result_new(JANUS_PLUGIN_ERROR,
				       "browsers are not supported yet", NULL);
}

static void on_session_event(janus_plugin_session *session)
{
	(void)session;
}

static void on_destroy_session(janus_plugin_session *session, int *error)
{
	(void)session;
	(void)error;
}

static json_t *on_query_session(janus_plugin_session *session)
{
	(void)session;

	return json_object();
}

static int get_api(void)
{
	return JANUS_PLUGIN_API_VERSION;
}

static int get_version(void)
{
	return VERSION_NUMBER;
}

static const char *get_version_string(void)
{
	return PACKAGE_VERSION;
}

static const char *get_description(void)
{
	return "Programmable calls: SIP, flows, media, store";
}

static const char *get_name(void)
{
	return "Bifrons call plugin";
}

static const char *get_author(void)
{
	return "The Bifrons developers";
}

static const char *get_package(void)
{
	return "janus.plugin.bifrons";
}

static janus_plugin plugin =
	JANUS_PLUGIN_INIT(.init = on_init, .destroy = on_destroy,
			  .get_api_compatibility = get_api,
			  .get_version = get_version,
			  .get_version_string = get_version_string,
			  .get_description = get_description,
			  .get_name = get_name, .get_author = get_author,
			  .get_package = get_package,
			  .create_session = on_create_session,
			  .handle_message = on_message,
			  .handle_admin_message = on_admin_message,
			  .setup_media = on_session_event,
			  .hangup_media = on_session_event,
			  .destroy_session = on_destroy_session,
			  .query_session = on_query_session, );

__attribute__((visibility("default"))) janus_plugin *create(void)
{
	return &plugin;
}
