/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/app_internal.h"

#include <errno.h>
#include <glib.h>
#include <string.h>
#include <time.h>

#include "api/api.h"
#include "call/call.h"
#include "common/obj.h"
#include "directory/directory.h"
#include "host/log.h"
#include "loop/loop.h"
#include "render/render.h"
#include "sip/sipx.h"
#include "store/store.h"
#include "store/trim.h"
#include "webrtc/wrtc.h"

enum {
	RING_TIMEOUT_S = 60,
	MAX_DURATION_S = 4 * 3600,
	JOB_DEADLINE_MS = 2000,
	IDLE_WAIT_MS = 1000, /* for the answers to our BYEs */
	/* these end by themselves (the stack waits 2 s at most); who goes on
	 * without them leaves them with what is freed */
	SIP_WAIT_MS = 8000,
	LAST_WAIT_MS = 5000,
};

/* ---- what modules ask of each other, wired ---- */

static void on_committed(void *arg, int64_t row) /* Thread: store */
{
	struct app *app = arg;

	if (app->host.doorbell)
		app->host.doorbell(row);
}

static void on_commit(void *arg, struct store_tx *tx)
{
	struct app *app = arg;

	store_commit(app->store, tx, NULL, NULL);
}

static enum call_refusal on_incoming(void *arg, const struct leg_incoming *in)
{
	struct app *app = arg;

	return call_incoming(app->calls, in);
}

static void raise_flag(struct app *app, bool *flag)
{
	pthread_mutex_lock(&app->mtx);
	*flag = true;
	pthread_cond_broadcast(&app->cond);
	pthread_mutex_unlock(&app->mtx);
}

static void on_calls_idle(void *arg)
{
	struct app *app = arg;

	raise_flag(app, &app->calls_idle);
}

static void on_sip_stopped(void *arg)
{
	struct app *app = arg;

	raise_flag(app, &app->sip_closed);
}

static bool wait_flag(struct app *app, const bool *flag, int64_t wait_ms)
{
	struct timespec until;
	bool up;

	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += wait_ms / 1000;
	until.tv_nsec += wait_ms % 1000 * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_nsec -= 1000000000;
		++until.tv_sec;
	}

	pthread_mutex_lock(&app->mtx);
	while (!*flag)
		if (pthread_cond_timedwait(&app->cond, &app->mtx, &until))
			break;
	up = *flag;
	pthread_mutex_unlock(&app->mtx);

	return up;
}

/* ---- start ---- */

static struct call_env call_env(struct app *app)
{
	return (struct call_env){
		.timers = loop_timers(app->loop),
		.clock = app->events.clock,
		.store = app->store,
		.commit = on_commit,
		.commit_arg = app,
		.dir = app->dir,
		.events = &app->events,
		.max_calls = app->cfg->max_calls,
		.ring_timeout_s = RING_TIMEOUT_S,
		.max_duration_s = MAX_DURATION_S,
		.idle = on_calls_idle,
		.idle_arg = app,
		.clips = app->clips,
		.fetcher = app->fetcher,
		.key = app->key,
		.recorder = app->recorder,
	};
}

static int open_store(struct app *app)
{
	const struct app_config *cfg = app->cfg;
	char *path = app_store_path(cfg);
	char *backups = g_build_filename(cfg->data_dir, "backups", NULL);
	const struct store_params prm = {.path = path,
					 .backup_dir = backups,
					 .committed = on_committed,
					 .arg = app};
	char *why = NULL;
	int err = store_open(&app->store, app->loop, &prm, &why);

	if (err)
		log_error("store: %s", why ? why : strerror(err));

	g_free(why);
	g_free(backups);
	g_free(path);

	return err;
}

struct on_loop {
	struct app *app;
	int err;
};

/* The directory and the calls belong to the loop from their first moment */
static void build_calls(void *arg)
{
	struct on_loop *job = arg;
	struct app *app = job->app;
	const struct call_env env = call_env(app);

	job->err = directory_load(app->dir, store_db(app->store));
	if (job->err) {
		log_error("directory: cannot read the store: %s",
			  strerror(job->err));
		return;
	}

	job->err = call_table_alloc(&app->calls, &env);
}

static int recover_calls(struct app *app)
{
	const struct call_env env = call_env(app);
	const int lost = call_recover(&env, store_db(app->store));

	if (lost < 0) {
		log_error("calls: cannot read the store");
		return EIO;
	}
	if (lost > 0)
		log_warn("calls: %d were up when the process died; they are "
			 "ended as node_lost",
			 lost);

	return 0;
}

static int start_api(struct app *app)
{
	const struct api_env env = {
		.loop = app->loop,
		.store = app->store,
		.dir = app->dir,
		.calls = app->calls,
		.key = app->key,
		.node_id = app->node_id,
		.ws_url = app->cfg->ws_url,
		.stun = app->cfg->stun,
		.turn = app->cfg->turn,
		.turn_secret = app->cfg->turn_secret,
		.deadline_ms = JOB_DEADLINE_MS,
		.data_dir = app->cfg->data_dir,
		.workers = app->workers,
		.media_quota_bytes = app->cfg->media_quota_bytes,
		.flow_quota_bytes = app->cfg->flow_quota_bytes,
		.render_start = render_job_start,
		.render_cancel = render_job_cancel,
		.render = app->render,
		.ready = app_ready,
		.metrics = app_metrics,
		.arg = app,
	};
	int err = api_alloc(&app->api, &env);

	if (err)
		return err;

	err = api_media_recover(app->api);
	if (!err)
		err = api_recordings_recover(app->api);
	if (err) {
		log_error("media: cannot look after what is stored: %s",
			  strerror(err));
		return err;
	}
	err = api_bootstrap(app->api, app->cfg->first_key, app->cfg->demo);
	if (err)
		log_error("bootstrap: the first account could not be stored: "
			  "%s",
			  strerror(err));
	else if (app->cfg->demo)
		app_write_demo_token(app);

	return err;
}

static void start_sip(void *arg)
{
	struct on_loop *job = arg;
	struct app *app = job->app;
	const struct sipx_params prm = {
		.loop = app->loop,
		.bind = app->cfg->bind,
		.public_address = app->cfg->public_address,
		.port = app->cfg->sip_port,
		.dir = app->dir,
		.media = app->media,
		.incoming = on_incoming,
		.arg = app,
		.user_agent = "Bifrons/" PACKAGE_VERSION,
		.max_lag_ms = app->cfg->shed_lag_ms,
		.strangers_per_s = app->cfg->stranger_rate,
		.key = app->key,
	};

	job->err = sipx_stack_start(&app->sip, &prm);
	if (job->err)
		log_error("sip: cannot listen on %s port %u: %s", prm.bind,
			  prm.port, strerror(job->err));
	else
		call_table_add_factory(app->calls,
				       sipx_stack_factory(app->sip));
}

static void start_browsers(void *arg)
{
	struct on_loop *job = arg;
	struct app *app = job->app;
	const struct wrtc_params prm = {
		.loop = app->loop,
		.workers = app->workers,
		.db = store_db(app->store),
		.dir = app->dir,
		.media = app->media,
		.host = app->host.browsers,
		.incoming = on_incoming,
		.arg = app,
	};

	job->err = wrtc_start(&app->browsers, &prm);
	if (job->err)
		log_error("browsers: %s", strerror(job->err));
	else
		call_table_add_factory(app->calls, wrtc_factory(app->browsers));
}

static void start_trim(void *arg)
{
	struct on_loop *job = arg;
	struct app *app = job->app;
	const struct trim_params prm = {
		.timers = loop_timers(app->loop),
		.clock = app->events.clock,
		.workers = app->workers,
		.store = app->store,
	};

	job->err = trim_start(&app->trim, &prm);
}

static int call_on_loop(struct app *app, const char *name, loop_h *fn)
{
	struct on_loop job = {.app = app};
	const int err = loop_call(app->loop, name, fn, &job);

	return err ? err : job.err;
}

static int start_parts(struct app *app)
{
	int err = app_data_prepare(app);

	if (!err)
		err = loop_start(&app->loop, app->events.clock);
	if (!err)
		err = open_store(app);
	if (!err)
		err = app_sound_start(app);
	if (!err)
		err = directory_alloc(&app->dir);
	if (!err)
		err = recover_calls(app);
	if (!err)
		err = call_on_loop(app, "build_calls", build_calls);
	if (!err)
		err = start_api(app);
	if (!err)
		err = call_on_loop(app, "start_trim", start_trim);
	if (!err && app->host.browsers)
		err = call_on_loop(app, "start_browsers", start_browsers);
	if (!err)
		err = call_on_loop(app, "start_sip", start_sip);

	return err;
}

static enum log_level level_of(const char *name)
{
	static const char *const names[LOG_AT_NLEVELS] = {"error", "warn",
							  "info", "debug"};
	int i;

	for (i = 0; i < LOG_AT_NLEVELS; ++i)
		if (name && strcmp(names[i], name) == 0)
			return (enum log_level)i;

	return LOG_AT_INFO;
}

static struct app *app_alloc(const struct app_host *host)
{
	struct app *app = g_new0(struct app, 1);
	pthread_condattr_t attr;

	app->host = *host;
	app->events.clock = clock_system();
	app->events.node_id = app->node_id;
	app->started_us = clock_mono_us(app->events.clock);
	pthread_mutex_init(&app->mtx, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&app->cond, &attr);
	pthread_condattr_destroy(&attr);

	return app;
}

int app_start(struct app **appp, const char *path, const struct app_host *host)
{
	struct app *app;
	char *why = NULL;
	int err;

	if (!appp || !path || !host)
		return EINVAL;

	app = app_alloc(host);
	err = app_config_load(&app->cfg, path, &why);
	if (err) {
		log_error("configuration: %s", why ? why : strerror(err));
		goto out;
	}

	log_set_level(level_of(app->cfg->log_level));
	err = start_parts(app);
	if (!err)
		log_info("ready: SIP on %s port %u (UDP, TCP), node %s",
			 app->cfg->bind, sipx_stack_port(app->sip),
			 app->node_id);
out:
	g_free(why);
	if (err)
		app_stop(app);
	else
		*appp = app;

	return err;
}

/* ---- stop ---- */

static void hang_up_all(void *arg)
{
	static const struct leg_end end = {
		.by = HANGUP_BY_SYSTEM,
		.reason = HANGUP_NORMAL,
		.code = "node_stopped",
	};
	struct app *app = arg;

	if (app->sip)
		sipx_stack_drain(app->sip, true);
	if (!app->calls)
		return;

	call_table_close(app->calls);

	/* it was raised each time that the last call of the day went */
	pthread_mutex_lock(&app->mtx);
	app->calls_idle = !call_table_count(app->calls);
	pthread_mutex_unlock(&app->mtx);
	call_table_hangup_all(app->calls, NULL, &end);
}

static void stop_sip(void *arg)
{
	struct app *app = arg;

	if (app->sip)
		sipx_stack_stop(app->sip, on_sip_stopped, app);
	else
		raise_flag(app, &app->sip_closed);
}

static void emit_stopped(void *arg)
{
	struct app *app = arg;
	const struct dir_account *platform =
		app->dir ? directory_first_account(app->dir) : NULL;
	struct event ev = {
		.type = EVENT_NODE_STOPPED,
		.resource_id = app->node_id,
		.sequence = clock_wall_ms(app->events.clock),
	};
	struct store_tx *tx;

	/* before the first account there is nobody to tell */
	if (!platform)
		return;

	tx = store_tx_new();
	ev.account_id = platform->id;
	ev.data = json_pack("{s:s}", "id", app->node_id);
	event_emit(&app->events, tx, &ev, NULL);
	store_commit(app->store, tx, NULL, NULL);
}

static void stop_trim(void *arg)
{
	struct app *app = arg;

	app->trim = trim_stop(app->trim);
}

static void free_loop_parts(void *arg)
{
	struct app *app = arg;

	app->calls = obj_unref(app->calls);
	app->dir = obj_unref(app->dir);
}

static void end_calls(struct app *app)
{
	if (loop_call(app->loop, "hang_up_all", hang_up_all, app))
		return;
	if (app->calls && !wait_flag(app, &app->calls_idle, IDLE_WAIT_MS))
		log_warn("stop: some calls did not end at once");

	if (!loop_call(app->loop, "stop_sip", stop_sip, app) &&
	    !wait_flag(app, &app->sip_closed, SIP_WAIT_MS))
		log_error("stop: the SIP stack did not close in time");
	app->sip = NULL;

	if (app->calls && !wait_flag(app, &app->calls_idle, LAST_WAIT_MS))
		log_error("stop: calls are left over");
}

void app_end_requests(struct app *app)
{
	if (!app)
		return;
	if (app->api)
		api_close(app->api);
	if (app->store)
		store_stop_waiting(app->store);
}

struct app *app_stop(struct app *app)
{
	if (!app)
		return NULL;

	atomic_store(&app->stopping, true);
	if (app->loop)
		end_calls(app);

	if (app->loop)
		(void)loop_call(app->loop, "stop_trim", stop_trim, app);
	app->browsers = wrtc_stop(app->browsers);
	app_sound_stop(app);
	if (app->api)
		app->api = obj_unref(app->api);
	app->render = obj_unref(app->render);
	if (app->store)
		(void)loop_call(app->loop, "emit_stopped", emit_stopped, app);

	/* what the loop runs until its end finds them stopped, not gone */
	(void)store_close(obj_ref(app->store));
	if (app->loop)
		(void)loop_call(app->loop, "free", free_loop_parts, app);
	app->loop = loop_stop(app->loop);
	app->store = obj_unref(app->store);
	app->workers = obj_unref(app->workers);

	app_config_free(app->cfg);
	pthread_cond_destroy(&app->cond);
	pthread_mutex_destroy(&app->mtx);
	g_free(app);

	return NULL;
}

struct api *app_api(struct app *app)
{
	return app->api;
}

struct wrtc *app_browsers(struct app *app)
{
	return app->browsers;
}
