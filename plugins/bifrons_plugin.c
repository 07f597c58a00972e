/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The adapter: all of Janus that the call plugin sees */
#include <dlfcn.h>
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
#include "webrtc/wrtc.h"

enum {
	VERSION_NUMBER = 1,
	GATES = 16, /* a packet takes one of them: no lock for all */
};

extern int janus_version; /* of the running core; in no installed header */

janus_plugin *create(void);
static janus_plugin plugin;

/* Janus has one plugin of a kind per process and calls it without an
 * argument: what must be found again is here */
static struct app *app;
static janus_callbacks *core;
static struct gate gate = GATE_INIT; /* admin messages */
static struct gate gates[GATES] = {[0 ... GATES - 1] = GATE_INIT};
static struct wrtc *browsers; /* behind `gates` */

static struct gate *gate_of(const janus_plugin_session *session)
{
	const uintptr_t at = (uintptr_t)session;

	return &gates[(at >> 4 ^ at >> 10) % GATES];
}

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

/* ---- browsers: what we ask of the core ---- */

/* The core sets up its count after create_session(), with one for the plugin.
 * The macro is nested deep. NOLINTNEXTLINE(readability-function-size) */
static void core_unref(void *arg)
{
	janus_plugin_session *session = arg;

	janus_refcount_decrease(&session->ref);
}

/* The core takes references of its own to both */
static void core_push_event(void *arg, const char *transaction, json_t *event,
			    const char *answer)
{
	json_t *jsep = answer ? json_pack("{s:s, s:s}", "type", "answer", "sdp",
					  answer)
			      : NULL;

	core->push_event(arg, &plugin, transaction, event, jsep);
	json_decref(event);
	json_decref(jsep);
}

static void core_relay_rtp(void *arg, bool video, void *packet, size_t len)
{
	janus_plugin_rtp rtp = {
		.mindex = -1, /* the first of its kind */
		.video = video,
		.buffer = packet,
		.length = (uint16_t)len,
	};

	janus_plugin_rtp_extensions_reset(&rtp.extensions);
	core->relay_rtp(arg, &rtp);
}

static void core_relay_rtcp(void *arg, bool video, void *packet, size_t len)
{
	janus_plugin_rtcp rtcp = {
		.mindex = -1,
		.video = video,
		.buffer = packet,
		.length = (uint16_t)len,
	};

	core->relay_rtcp(arg, &rtcp);
}

static void core_send_pli(void *arg)
{
	core->send_pli(arg);
}

static void core_close_pc(void *arg)
{
	core->close_pc(arg);
}

static void core_end_session(void *arg)
{
	core->end_session(arg);
}

static const struct wrtc_host browser_host = {
	.unref = core_unref,
	.push_event = core_push_event,
	.relay_rtp = core_relay_rtp,
	.relay_rtcp = core_relay_rtcp,
	.send_pli = core_send_pli,
	.close_pc = core_close_pc,
	.end_session = core_end_session,
};

/* A plugin that refuses is closed by the core, and sofia-sip with it: its
 * destructor then deletes a thread key that it may never have made, which is
 * another library's. So nothing of us is ever unloaded. */
static void stay_loaded(void)
{
	Dl_info info;

	if (!dladdr(&plugin, &info) ||
	    !dlopen(info.dli_fname, RTLD_NOW | RTLD_NOLOAD | RTLD_NODELETE))
		log_warn("call plugin: cannot stay loaded: %s", dlerror());
}

static int on_init(janus_callbacks *callbacks, const char *config_path)
{
	static const struct app_host host = {.doorbell = on_committed,
					     .browsers = &browser_host};
	char why[256];
	char *path;
	int err, i;

	log_set_sink(janus_log_sink);
	stay_loaded();

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

	browsers = app_browsers(app);
	for (i = 0; i < GATES; ++i)
		gate_open(&gates[i]);
	gate_open(&gate);

	return 0;
}

static void on_destroy(void)
{
	int i;

	app_end_requests(app);
	gate_close_and_wait(&gate);
	for (i = 0; i < GATES; ++i)
		gate_close_and_wait(&gates[i]);
	browsers = NULL;
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

/* ---- browsers: what the core calls, on threads of its choice ---- */

static void on_create_session(janus_plugin_session *session, int *error)
{
	struct gate *in = gate_of(session);

	*error = -1;
	if (!gate_enter(in))
		return;
	if (!wrtc_create(browsers, session, &session->plugin_handle))
		*error = 0;
	gate_leave(in);
}

static void on_destroy_session(janus_plugin_session *session, int *error)
{
	struct gate *in = gate_of(session);

	if (!gate_enter(in))
		return; /* on_destroy() ends them all */
	wrtc_destroy(browsers, &session->plugin_handle);
	gate_leave(in);
}

/* All of it is ours: transaction, message, jsep */
static struct janus_plugin_result *on_message(janus_plugin_session *session,
					      char *transaction,
					      json_t *message, json_t *jsep)
{
	struct gate *in = gate_of(session);
	int err = ESHUTDOWN;

	if (gate_enter(in)) {
		err = wrtc_message(browsers, &session->plugin_handle,
				   transaction, message, jsep);
		gate_leave(in);
	} else {
		json_decref(message);
		json_decref(jsep);
	}
	g_free(transaction);

	if (err == EBUSY)
		return janus_plugin_result_new(
			JANUS_PLUGIN_ERROR,
			"too many requests at once on this handle", NULL);
	if (err)
		return janus_plugin_result_new(JANUS_PLUGIN_ERROR,
					       "no such handle", NULL);

	return janus_plugin_result_new(JANUS_PLUGIN_OK_WAIT, NULL, NULL);
}

static void on_setup_media(janus_plugin_session *session)
{
	struct gate *in = gate_of(session);

	if (!gate_enter(in))
		return;
	wrtc_media_up(browsers, &session->plugin_handle);
	gate_leave(in);
}

static void on_hangup_media(janus_plugin_session *session)
{
	struct gate *in = gate_of(session);

	if (!gate_enter(in))
		return;
	wrtc_media_down(browsers, &session->plugin_handle);
	gate_leave(in);
}

static void on_slow_link(janus_plugin_session *session, int mindex,
			 gboolean video, gboolean uplink)
{
	struct gate *in = gate_of(session);

	if (!gate_enter(in))
		return;
	wrtc_slow_link(browsers, &session->plugin_handle, video, uplink);
	gate_leave(in);
}

static void on_rtp(janus_plugin_session *session, janus_plugin_rtp *packet)
{
	struct gate *in = gate_of(session);

	if (!gate_enter(in))
		return;
	wrtc_rtp(browsers, &session->plugin_handle, packet->video,
		 packet->buffer, packet->length);
	gate_leave(in);
}

static void on_rtcp(janus_plugin_session *session, janus_plugin_rtcp *packet)
{
	struct gate *in = gate_of(session);

	if (!gate_enter(in))
		return;
	wrtc_rtcp(browsers, &session->plugin_handle, packet->video,
		  packet->buffer, packet->length);
	gate_leave(in);
}

static json_t *on_query_session(janus_plugin_session *session)
{
	struct gate *in = gate_of(session);
	json_t *reply;

	if (!gate_enter(in))
		return json_object();
	reply = wrtc_query(browsers, &session->plugin_handle);
	gate_leave(in);

	return reply;
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
			  .setup_media = on_setup_media, .incoming_rtp = on_rtp,
			  .incoming_rtcp = on_rtcp, .slow_link = on_slow_link,
			  .hangup_media = on_hangup_media,
			  .destroy_session = on_destroy_session,
			  .query_session = on_query_session, );

__attribute__((visibility("default"))) janus_plugin *create(void)
{
	return &plugin;
}
