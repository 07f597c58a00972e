/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <glib.h>
#include <string.h>
#include <time.h>

#include "common/id.h"
#include "common/json.h"
#include "common/str.h"
#include "support/wrtc_ear.h"

#define TARGET "1000@demo.local"

/* ---- what the leg tells ---- */

static void count(struct wrtc_ear *ear, unsigned *n)
{
	pthread_mutex_lock(&ear->mtx);
	++*n;
	pthread_cond_broadcast(&ear->cond);
	pthread_mutex_unlock(&ear->mtx);
}

static void on_heard(void *arg)
{
	struct wrtc_ear *ear = arg;

	count(ear, &ear->heard);
}

static void on_ringing(void *arg)
{
	struct wrtc_ear *ear = arg;

	count(ear, &ear->ringing);
}

static void on_answered(void *arg)
{
	struct wrtc_ear *ear = arg;

	count(ear, &ear->answered);
}

static void on_held(void *arg, bool held)
{
	struct wrtc_ear *ear = arg;

	count(ear, held ? &ear->held : &ear->resumed);
}

static void on_failed(void *arg, int err, const char *why)
{
	struct wrtc_ear *ear = arg;

	count(ear, &ear->failed);
}

static void on_ended(void *arg, const struct leg_end *end)
{
	struct wrtc_ear *ear = arg;

	pthread_mutex_lock(&ear->mtx);
	ear->end = *end;
	pthread_mutex_unlock(&ear->mtx);
	count(ear, &ear->ended);
}

static void on_closed(void *arg)
{
	struct wrtc_ear *ear = arg;

	count(ear, &ear->closed);
}

/* These tests send little: a slow one is silent for long */
static void on_silent(void *arg)
{
}

/* the rest is not told to a leg of these tests */
static const struct leg_handler handler = {
	.heard = on_heard,
	.ringing = on_ringing,
	.answered = on_answered,
	.held = on_held,
	.silent = on_silent,
	.failed = on_failed,
	.ended = on_ended,
	.closed = on_closed,
};

void wrtc_ear_wait(struct wrtc_ear *ear, const unsigned *n, unsigned want)
{
	struct timespec until;
	unsigned now;

	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += WRTC_RIG_WAIT_MS / 1000;
	pthread_mutex_lock(&ear->mtx);
	while (*n < want)
		if (pthread_cond_timedwait(&ear->cond, &ear->mtx, &until))
			break;
	now = *n;
	pthread_mutex_unlock(&ear->mtx);
	assert_int_equal(now, want);
}

unsigned wrtc_ear_count(struct wrtc_ear *ear, const unsigned *n)
{
	unsigned now;

	pthread_mutex_lock(&ear->mtx);
	now = *n;
	pthread_mutex_unlock(&ear->mtx);

	return now;
}

/* ---- on the loop ---- */

struct job {
	struct wrtc_rig *rig;
	struct wrtc_ear *ear, *peer;
	struct leg_dial dial;
	const struct leg_route *route;
	struct leg_route *routes;
	unsigned *np;
	const char **codep;
	const struct leg_end *end;
	bool on;
	int err;
};

static void run_routes(void *arg)
{
	struct job *job = arg;
	const struct leg_factory *factory = wrtc_factory(job->rig->gw);

	job->err = factory->routes(factory->arg, &job->dial, job->routes,
				   job->np, job->codep);
}

static void fill(struct job *job)
{
	job->dial.account_id = job->rig->api.account_id;
	if (!job->dial.type)
		job->dial.type = "extension";
	if (!job->dial.target)
		job->dial.target = TARGET;
	job->dial.source_type = "tel";
	job->dial.source = "+4520123456";
}

int wrtc_ear_routes(struct wrtc_rig *rig, const char *target,
		    struct leg_route *routes, unsigned *np, const char **codep)
{
	struct job job = {
		.rig = rig,
		.dial = {.target = target},
		.routes = routes,
		.np = np,
		.codep = codep,
	};

	*np = 0;
	fill(&job);
	api_rig_on_loop(&rig->api, run_routes, &job);

	return job.err;
}

static void run_dial(void *arg)
{
	struct job *job = arg;
	const struct leg_factory *factory = job->route->factory;

	job->err = factory->dial(factory->arg, &job->dial, job->route, &handler,
				 job->ear, &job->ear->leg);
}

void wrtc_ear_dial(struct wrtc_rig *rig, struct wrtc_ear *ear,
		   struct leg_dial dial, const struct leg_route *route)
{
	struct job job = {.rig = rig, .ear = ear, .dial = dial, .route = route};
	pthread_condattr_t attr;

	memset(ear, 0, sizeof(*ear));
	ear->rig = rig;
	pthread_mutex_init(&ear->mtx, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&ear->cond, &attr);
	pthread_condattr_destroy(&attr);
	fill(&job);
	api_rig_on_loop(&rig->api, run_dial, &job);
	assert_int_equal(job.err, 0);
}

void wrtc_ear_ring(struct wrtc_rig *rig, struct wrtc_ear *ear,
		   char call_id[ID_SIZE])
{
	struct leg_route routes[LEG_ROUTES_MAX];
	const char *code;
	unsigned n;

	id_new(call_id);
	assert_int_equal(wrtc_ear_routes(rig, TARGET, routes, &n, &code), 0);
	assert_int_equal(n, 1);
	wrtc_ear_dial(rig, ear, (struct leg_dial){.call_id = call_id},
		      &routes[0]);
	wrtc_ear_wait(ear, &ear->ringing, 1);
}

static void run_hang_up(void *arg)
{
	struct job *job = arg;

	job->ear->leg->ops->hangup(job->ear->leg, job->end);
}

void wrtc_ear_hang_up(struct wrtc_ear *ear, const struct leg_end *end)
{
	struct job job = {.ear = ear, .end = end};

	api_rig_on_loop(&ear->rig->api, run_hang_up, &job);
}

static void run_bridge(void *arg)
{
	struct job *job = arg;

	job->ear->leg->ops->bridge(job->ear->leg,
				   job->peer ? job->peer->leg : NULL);
}

void wrtc_ear_bridge(struct wrtc_ear *ear, struct wrtc_ear *peer)
{
	struct job job = {.ear = ear, .peer = peer};

	api_rig_on_loop(&ear->rig->api, run_bridge, &job);
}

static void run_echo(void *arg)
{
	struct job *job = arg;

	job->ear->leg->ops->echo(job->ear->leg, job->on);
}

void wrtc_ear_echo(struct wrtc_ear *ear, bool on)
{
	struct job job = {.ear = ear, .on = on};

	api_rig_on_loop(&ear->rig->api, run_echo, &job);
}

static void run_hold(void *arg)
{
	struct job *job = arg;

	job->err = job->ear->leg->ops->hold(job->ear->leg, job->on);
}

int wrtc_ear_hold(struct wrtc_ear *ear, bool on)
{
	struct job job = {.ear = ear, .on = on};

	api_rig_on_loop(&ear->rig->api, run_hold, &job);

	return job.err;
}

static void run_unref(void *arg)
{
	struct wrtc_ear *ear = arg;

	ear->leg->ops->unref(ear->leg);
	ear->leg = NULL;
}

void wrtc_ear_close(struct wrtc_ear *ear)
{
	static const struct leg_end end = {
		.by = HANGUP_BY_SYSTEM,
		.reason = HANGUP_NORMAL,
	};

	if (!ear->leg)
		return;

	wrtc_ear_hang_up(ear, &end); /* does nothing where it is over */
	wrtc_ear_wait(ear, &ear->closed, 1);
	api_rig_on_loop(&ear->rig->api, run_unref, ear);
	pthread_cond_destroy(&ear->cond);
	pthread_mutex_destroy(&ear->mtx);
}

void wrtc_core_accept(struct wrtc_rig *rig, struct wrtc_core *core,
		      const char *ticket, const char *call_id,
		      const char *offer)
{
	assert_int_equal(
		wrtc_core_send(
			rig, core,
			json_pack("{s:s, s:s, s:s}", "request", "accept",
				  "ticket", ticket, "call_id", call_id),
			json_pack("{s:s, s:s}", "type", "offer", "sdp", offer)),
		0);
}

char *wrtc_rig_stranger(struct wrtc_rig *rig, struct wrtc_core *core)
{
	json_t *domain = api_rig_make(&rig->api, "domains.create", NULL,
				      json_pack("{s:s}", "name", "b.test"));
	json_t *ext = api_rig_make(&rig->api, "extensions.create", NULL,
				   json_pack("{s:s, s:s, s:s}", "domain_id",
					     json_str(domain, "id", ""),
					     "extension", "1000", "name", "b"));
	const struct api_ask ask = {
		.verb = "extensions.device_token",
		.id = json_str(ext, "id", ""),
		.body = json_object(),
	};
	json_t *token = api_rig_ok(api_rig_ask(&rig->api, &ask)), *event;
	char *out;

	assert_int_equal(
		wrtc_core_send(rig, core,
			       json_pack("{s:s, s:s}", "request", "register",
					 "token", json_str(token, "token", "")),
			       NULL),
		0);
	event = wrtc_core_event(core, "registered");
	out = g_strdup(json_str(event, "ticket", ""));
	json_decref(event);
	json_decref(token);
	json_decref(ext);
	json_decref(domain);

	return out;
}
