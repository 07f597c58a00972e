/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The adapter: all of Janus that the REST transport sees */
#include <dlfcn.h>
#include <errno.h>
#include <glib.h>
#include <jansson.h>
#include <stdbool.h>

#include <janus/transports/transport.h>

#include "common/gate.h"
#include "common/str.h"
#include "host/janus_abi.h"
#include "host/janus_log.h"
#include "rest/bridge.h"
#include "rest/rest.h"

enum {
	VERSION_NUMBER = 1
};

extern int janus_version; /* of the running core; in no installed header */

janus_transport *create(void);
static janus_transport transport;

/* Janus has one transport of a kind per process and calls it without an
 * argument: what must be found again is here */
static janus_transport_callbacks *core;
static janus_transport_session *session;
static struct rest_config *cfg;
static struct rest *rest;
static struct gate gate = GATE_INIT;

/* Thread: the server's. Outside the gate there is nobody to bring the answer
 * to: the server has just started, or stops */
static int submit(void *arg, const char *transaction, json_t *message)
{
	json_error_t error = {0};
	json_t *env;

	(void)arg;
	if (!gate_enter(&gate)) {
		json_decref(message);
		return ESHUTDOWN;
	}

	env = rest_bridge_wrap(transaction, cfg->admin_secret, message);
	core->incoming_request(&transport, session, NULL, TRUE, env, &error);
	gate_leave(&gate);

	return 0;
}

/* Thread: core pool, several at once, in any order */
static int on_send_message(janus_transport_session *to, void *request_id,
			   gboolean admin, json_t *message)
{
	const char *transaction, *why;
	const json_t *reply;
	enum api_err err;

	(void)to;
	(void)request_id;
	(void)admin;

	if (gate_enter(&gate)) {
		err = rest_bridge_unwrap(message, &transaction, &reply, &why);
		if (err)
			log_error("rest: the core refused a request: %s", why);
		rest_deliver(rest, transaction, err, reply);
		gate_leave(&gate);
	}
	json_decref(message);

	return 0;
}

static void set_log_level(const char *name)
{
	static const char *const names[LOG_AT_NLEVELS] = {
		[LOG_AT_ERROR] = "error",
		[LOG_AT_WARN] = "warn",
		[LOG_AT_INFO] = "info",
		[LOG_AT_DEBUG] = "debug",
	};
	int level;

	for (level = 0; level < LOG_AT_NLEVELS; ++level)
		if (str_eq(names[level], name))
			log_set_level((enum log_level)level);
}

/* The core closes the library before its pool has finished: a thread that
 * still brings an answer must find the gate shut, and not nothing at all */
static void stay_loaded(void)
{
	Dl_info info;

	if (!dladdr(&transport, &info) ||
	    !dlopen(info.dli_fname, RTLD_NOW | RTLD_NOLOAD | RTLD_NODELETE))
		log_warn("REST transport: cannot stay loaded: %s", dlerror());
}

static int load(const char *config_path)
{
	char *path =
		g_strdup_printf("%s/janus.transport.bifrons.jcfg", config_path);
	char *why = NULL;
	int err;

	err = rest_config_load(&cfg, path, &why);
	if (err)
		log_error("REST transport: %s",
			  why ? why : "no configuration file");
	else
		set_log_level(cfg->log_level);
	g_free(why);
	g_free(path);

	return err;
}

static int on_init(janus_transport_callbacks *callbacks,
		   const char *config_path)
{
	const struct rest_core ours = {.submit = submit};
	char why[256];

	log_set_sink(janus_log_sink);
	if (janus_abi_check(janus_version, JANUS_ABI_TRANSPORT,
			    JANUS_TRANSPORT_API_VERSION, why, sizeof(why))) {
		log_error("REST transport: %s", why);
		return -1;
	}
	if (!callbacks || !config_path || load(config_path))
		return -1;

	stay_loaded();
	core = callbacks;
	session = janus_transport_session_create(NULL, NULL);
	if (rest_start(&rest, cfg, &ours)) {
		janus_transport_session_destroy(session);
		cfg = rest_config_free(cfg);
		return -1;
	}
	gate_open(&gate);

	return 0;
}

static void on_destroy(void)
{
	/* answers that come from now on are dropped at the gate */
	gate_close_and_wait(&gate);
	rest = rest_stop(rest);
	cfg = rest_config_free(cfg);
	janus_transport_session_destroy(session);
	session = NULL;
}

/* We offer the admin API to ourselves only, but it is what we send */
static gboolean is_janus_api_enabled(void)
{
	return FALSE;
}

static gboolean is_admin_api_enabled(void)
{
	return TRUE;
}

static void on_session_created(janus_transport_session *to, guint64 id)
{
	(void)to;
	(void)id;
}

static void on_session_over(janus_transport_session *to, guint64 id,
			    gboolean timeout, gboolean claimed)
{
	(void)to;
	(void)id;
	(void)timeout;
	(void)claimed;
}

static void on_session_claimed(janus_transport_session *to, guint64 id)
{
	(void)to;
	(void)id;
}

static json_t *on_query(json_t *request)
{
	(void)request;

	return json_object();
}

static int get_api(void)
{
	return JANUS_TRANSPORT_API_VERSION;
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
	return "REST API, metrics and documentation over HTTP";
}

static const char *get_name(void)
{
	return "Bifrons REST transport";
}

static const char *get_author(void)
{
	return "The Bifrons developers";
}

static const char *get_package(void)
{
	return "janus.transport.bifrons";
}

static janus_transport transport =
	JANUS_TRANSPORT_INIT(.init = on_init, .destroy = on_destroy,
			     .get_api_compatibility = get_api,
			     .get_version = get_version,
			     .get_version_string = get_version_string,
			     .get_description = get_description,
			     .get_name = get_name, .get_author = get_author,
			     .get_package = get_package,
			     .is_janus_api_enabled = is_janus_api_enabled,
			     .is_admin_api_enabled = is_admin_api_enabled,
			     .send_message = on_send_message,
			     .session_created = on_session_created,
			     .session_over = on_session_over,
			     .session_claimed = on_session_claimed,
			     .query_transport = on_query, );

__attribute__((visibility("default"))) janus_transport *create(void)
{
	return &transport;
}
