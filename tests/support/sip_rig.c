/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "support/sip_rig.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/json.h"
#include "common/obj.h"
#include "common/str.h"

#define ACCOUNT SRIG_ACCOUNT
#define TRUNK SRIG_TRUNK
#define NUMBER "01900000-0000-7000-8000-000000000003"
#define FLOW "01900000-0000-7000-8000-000000000004"

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);

	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* ---- the call ---- */

static void count(struct srig_leg *leg, unsigned *n)
{
	pthread_mutex_lock(&leg->rig->mtx);
	++*n;
	pthread_cond_broadcast(&leg->rig->cond);
	pthread_mutex_unlock(&leg->rig->mtx);
}

static void on_early(void *arg)
{
	struct srig_leg *leg = arg;

	count(leg, &leg->early);
}

static void on_heard(void *arg)
{
	struct srig_leg *leg = arg;

	count(leg, &leg->heard);
}

static void on_ringing(void *arg)
{
	struct srig_leg *leg = arg;

	count(leg, &leg->rang);
}

static void on_answered(void *arg)
{
	struct srig_leg *leg = arg;

	count(leg, &leg->answered);
}

static void on_failed(void *arg, int err, const char *why)
{
	struct srig_leg *leg = arg;

	count(leg, &leg->failed);
}

static void on_dtmf(void *arg, char digit, unsigned duration_ms, bool in_media)
{
	struct srig_leg *leg = arg;
	size_t n;

	(void)in_media;
	pthread_mutex_lock(&leg->rig->mtx);
	n = strlen(leg->digits);
	if (n + 1 < sizeof(leg->digits))
		leg->digits[n] = digit;
	pthread_cond_broadcast(&leg->rig->cond);
	pthread_mutex_unlock(&leg->rig->mtx);
}

static void on_played(void *arg, uint32_t play_id, int err)
{
}

static void on_silent(void *arg)
{
	struct srig_leg *leg = arg;

	count(leg, &leg->silent);
}

static void on_held(void *arg, bool held)
{
	struct srig_leg *leg = arg;

	count(leg, held ? &leg->holds : &leg->resumes);
}

static void on_ended(void *arg, const struct leg_end *end)
{
	struct srig_leg *leg = arg;

	pthread_mutex_lock(&leg->rig->mtx);
	leg->end = *end;
	str_copy(leg->end_text, sizeof(leg->end_text),
		 end->sip_reason ? end->sip_reason : "");
	pthread_mutex_unlock(&leg->rig->mtx);
	count(leg, &leg->ended);
}

static void on_closed(void *arg)
{
	struct srig_leg *leg = arg;
	struct leg *gone = leg->leg;

	assert(leg->closed == 0);
	leg->leg = NULL;
	gone->ops->unref(gone);
	count(leg, &leg->closed);
}

static void on_note(void *arg, const char *line)
{
	struct srig_leg *leg = arg;
	size_t n;

	pthread_mutex_lock(&leg->rig->mtx);
	n = strlen(leg->notes);
	snprintf(leg->notes + n, sizeof(leg->notes) - n, "%s\n", line);
	pthread_mutex_unlock(&leg->rig->mtx);
}

static const struct leg_handler handler = {
	.heard = on_heard,
	.early = on_early,
	.ringing = on_ringing,
	.answered = on_answered,
	.failed = on_failed,
	.dtmf = on_dtmf,
	.played = on_played,
	.silent = on_silent,
	.held = on_held,
	.ended = on_ended,
	.closed = on_closed,
	.note = on_note,
};

static void on_act(void *arg)
{
	struct srig_leg *leg = arg;
	const enum srig_act act = leg->rig->act;
	struct leg *sip = leg->leg;

	if (!sip)
		return;

	switch (act) {
	case SRIG_NOTHING:
		break;
	case SRIG_ANSWER:
		sip->ops->answer(sip);
		break;
	case SRIG_RING:
		sip->ops->ring(sip);
		break;
	case SRIG_PROGRESS:
		sip->ops->progress(sip);
		break;
	case SRIG_REJECT:
		sip->ops->hangup(sip, &leg->rig->end);
		break;
	}
}

static void copy(char *out, size_t size, const char *text)
{
	str_copy(out, size, text ? text : "");
}

static enum call_refusal on_incoming(void *arg, const struct leg_incoming *in)
{
	struct srig *rig = arg;
	struct srig_leg *leg;

	if (rig->refusal != CALL_TAKEN)
		return rig->refusal;

	pthread_mutex_lock(&rig->mtx);
	if (rig->nlegs == SRIG_LEGS_MAX) {
		pthread_mutex_unlock(&rig->mtx);
		return CALL_REFUSED_LIMIT;
	}
	leg = &rig->legs[rig->nlegs];
	leg->rig = rig;
	leg->leg = in->leg;
	copy(leg->source, sizeof(leg->source), in->source);
	copy(leg->name, sizeof(leg->name), in->source_name);
	copy(leg->source_type, sizeof(leg->source_type), in->source_type);
	copy(leg->destination, sizeof(leg->destination), in->destination);
	copy(leg->trunk_id, sizeof(leg->trunk_id), in->trunk_id);
	copy(leg->number_id, sizeof(leg->number_id), in->number_id);
	++rig->nlegs;
	pthread_cond_broadcast(&rig->cond);
	pthread_mutex_unlock(&rig->mtx);

	in->leg->handler = &handler;
	in->leg->arg = leg;
	timer_start(loop_timers(rig->loop), &leg->timer, 0, "srig", on_act,
		    leg);

	return CALL_TAKEN;
}

struct dial {
	struct srig *rig;
	const struct leg_dial *dial;
	const struct leg_route *route;
	struct leg_route *routes;
	unsigned *np;
	const char **codep;
	struct srig_leg *leg;
	int err;
};

static struct leg_dial of_rig(const struct leg_dial *dial)
{
	struct leg_dial mine = *dial;

	mine.account_id = ACCOUNT;
	mine.call_id = "01900000-0000-7000-8000-0000000000ff";

	return mine;
}

static void do_routes(void *arg)
{
	struct dial *job = arg;
	const struct leg_factory *factory = sipx_stack_factory(job->rig->stack);
	const struct leg_dial dial = of_rig(job->dial);

	job->err = factory->routes(factory->arg, &dial, job->routes, job->np,
				   job->codep);
}

int srig_routes(struct srig *rig, const struct leg_dial *dial,
		struct leg_route *routes, unsigned *np, const char **codep)
{
	struct dial job = {.rig = rig,
			   .dial = dial,
			   .routes = routes,
			   .np = np,
			   .codep = codep};

	loop_call(rig->loop, "srig routes", do_routes, &job);

	return job.err;
}

static void do_dial(void *arg)
{
	struct dial *job = arg;
	const struct leg_factory *factory = job->route->factory;
	const struct leg_dial dial = of_rig(job->dial);
	struct srig_leg *leg;

	pthread_mutex_lock(&job->rig->mtx);
	leg = &job->rig->legs[job->rig->nlegs];
	leg->rig = job->rig;
	pthread_mutex_unlock(&job->rig->mtx);

	job->err = factory->dial(factory->arg, &dial, job->route, &handler, leg,
				 &leg->leg);
	if (job->err)
		return;
	pthread_mutex_lock(&job->rig->mtx);
	++job->rig->nlegs;
	pthread_mutex_unlock(&job->rig->mtx);
	job->leg = leg;
}

int srig_dial_by(struct srig *rig, const struct leg_dial *dial,
		 const struct leg_route *route, struct srig_leg **legp)
{
	struct dial job = {.rig = rig, .dial = dial, .route = route};

	loop_call(rig->loop, "srig dial", do_dial, &job);
	*legp = job.leg;

	return job.err;
}

struct srig_leg *srig_dial(struct srig *rig, const struct leg_dial *dial)
{
	struct leg_route routes[LEG_ROUTES_MAX];
	struct srig_leg *leg = NULL;
	const char *code = NULL;
	unsigned n = 0;

	if (srig_routes(rig, dial, routes, &n, &code) || !n)
		return NULL;
	srig_dial_by(rig, dial, &routes[0], &leg);

	return leg;
}

/* ---- the rig ---- */

struct apply {
	struct srig *rig;
	enum dir_kind kind;
	json_t *doc;
};

static void do_apply(void *arg)
{
	struct apply *job = arg;

	directory_apply(job->rig->dir, job->kind, job->doc);
}

void srig_apply(struct srig *rig, enum dir_kind kind, const char *json)
{
	char text[2048], why[128], *p;
	struct apply job = {.rig = rig, .kind = kind};

	copy(text, sizeof(text), json);
	for (p = text; *p; ++p)
		if (*p == '\'')
			*p = '"';
	if (json_parse(&job.doc, text, strlen(text), why, sizeof(why))) {
		fprintf(stderr, "%s: %s\n", text, why);
		assert(!"bad JSON in a test");
	}
	loop_call(rig->loop, "srig apply", do_apply, &job);
	json_decref(job.doc);
}

struct start {
	struct srig *rig;
	const struct srig_params *prm;
	int err;
};

static void do_start(void *arg)
{
	struct start *job = arg;
	struct srig *rig = job->rig;
	const struct sipx_params prm = {
		.loop = rig->loop,
		.bind = "127.0.0.1",
		.public_address = job->prm->public_address,
		.dir = rig->dir,
		.media = rig->media,
		.incoming = on_incoming,
		.arg = rig,
		.user_agent = "Bifrons/test",
		.strangers_per_s = job->prm->strangers_per_s,
		.strangers_tcp = job->prm->strangers_tcp,
		.linger_ms = job->prm->linger_ms,
		.key = job->prm->key,
		.session_s = job->prm->session_s,
		.glare_ms = job->prm->glare_ms,
		.seed = job->prm->seed,
		.max_lag_ms =
			job->prm->max_lag_ms ? job->prm->max_lag_ms : 5000,
	};

	job->err = sipx_stack_start(&rig->stack, &prm);
	if (!job->err)
		rig->port = sipx_stack_port(rig->stack);
}

void srig_trunk(struct srig *rig, const char *more)
{
	char doc[2048];

	snprintf(doc, sizeof(doc),
		 "{'id':'" TRUNK "','account_id':'" ACCOUNT "','name':'t',"
		 "'allowed_ips':['127.0.0.1/32']%s%s}",
		 more ? "," : "", more ? more : "");
	srig_apply(rig, DIR_TRUNK, doc);
}

static void fill_directory(struct srig *rig, const char *trunk)
{
	srig_apply(rig, DIR_ACCOUNT,
		   "{'id':'" ACCOUNT "','name':'test','status':'active',"
		   "'country':'DK'}");
	srig_trunk(rig, trunk);
	srig_apply(rig, DIR_NUMBER,
		   "{'id':'" NUMBER "','account_id':'" ACCOUNT "',"
		   "'number':'+4520123456','flow_id':'" FLOW "'}");
}

void srig_open(struct srig *rig, const struct srig_params *prm)
{
	struct start job = {.rig = rig, .prm = prm};
	pthread_condattr_t attr;
	int err;

	memset(rig, 0, sizeof(*rig));
	pthread_mutex_init(&rig->mtx, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&rig->cond, &attr);
	pthread_condattr_destroy(&attr);

	err = loop_start(&rig->loop, clock_system());
	assert(!err);
	err = directory_alloc(&rig->dir);
	assert(!err);
	fill_directory(rig, prm->trunk);
	if (prm->media) {
		/* above those that the kernel gives to sockets of others */
		const unsigned few = 62000 + (unsigned)getpid() % 1000 * 2;
		const struct media_engine_params mp = {
			.loop = rig->loop,
			.threads = 1,
			.bind = "127.0.0.1",
			.port_min = prm->few_ports ? (uint16_t)few : 41000,
			.port_max = prm->few_ports ? (uint16_t)few + 1 : 41999,
			.silence_timeout_ms = 60000,
		};

		err = media_engine_start(&rig->media, &mp);
		assert(!err);
	}

	err = loop_call(rig->loop, "srig start", do_start, &job);
	assert(!err && !job.err);
	(void)err;
}

static void on_stopped(void *arg)
{
	struct srig *rig = arg;

	pthread_mutex_lock(&rig->mtx);
	rig->stopped = true;
	pthread_cond_broadcast(&rig->cond);
	pthread_mutex_unlock(&rig->mtx);
}

static void do_stop(void *arg)
{
	struct srig *rig = arg;

	sipx_stack_stop(rig->stack, on_stopped, rig);
	rig->stack = NULL;
}

int64_t srig_stop(struct srig *rig)
{
	const int64_t began = now_ms();

	if (!rig->stack)
		return 0;

	loop_call(rig->loop, "srig stop", do_stop, rig);
	pthread_mutex_lock(&rig->mtx);
	while (!rig->stopped)
		pthread_cond_wait(&rig->cond, &rig->mtx);
	pthread_mutex_unlock(&rig->mtx);

	return now_ms() - began;
}

static void do_unref_dir(void *arg)
{
	struct srig *rig = arg;

	obj_unref(rig->dir);
}

int64_t srig_close(struct srig *rig)
{
	const int64_t took = srig_stop(rig);
	unsigned i;

	for (i = 0; i < rig->nlegs; ++i)
		srig_wait(rig, &rig->legs[i].closed, 1);
	rig->media = media_engine_stop(rig->media);
	loop_call(rig->loop, "srig directory", do_unref_dir, rig);
	loop_stop(rig->loop);
	pthread_cond_destroy(&rig->cond);
	pthread_mutex_destroy(&rig->mtx);

	return took;
}

bool srig_wait(struct srig *rig, const unsigned *n, unsigned want)
{
	struct timespec until;
	bool there;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += SRIG_WAIT_MS / 1000;
	pthread_mutex_lock(&rig->mtx);
	while (*n < want)
		if (pthread_cond_timedwait(&rig->cond, &rig->mtx, &until))
			break;
	there = *n >= want;
	pthread_mutex_unlock(&rig->mtx);

	return there;
}

/* ---- a rig and a peer ---- */

struct srig_call *srig_call_open(const struct srig_params *prm, bool tcp)
{
	struct srig_call *call = calloc(1, sizeof(*call));

	assert(call);
	srig_open(&call->rig, prm);
	speer_open(&call->peer, "127.0.0.1", call->rig.port, tcp);

	return call;
}

void srig_call_close(struct srig_call *call)
{
	srig_close(&call->rig);
	speer_close(&call->peer);
	free(call);
}

struct srig_leg *srig_call_up(struct srig_call *call)
{
	struct srig_leg *leg = &call->rig.legs[call->rig.nlegs];

	call->rig.act = SRIG_ANSWER;
	speer_invite(&call->peer, "");
	if (speer_response(&call->peer, SPEER_WAIT_MS) != 200)
		return NULL;
	speer_ack(&call->peer);

	return srig_wait(&call->rig, &leg->answered, 1) ? leg : NULL;
}

bool srig_call_down(struct srig_call *call, struct srig_leg *leg)
{
	speer_request(&call->peer, "BYE", "", NULL, "");

	return speer_response(&call->peer, SPEER_WAIT_MS) == 200 &&
	       srig_wait(&call->rig, &leg->closed, 1);
}
