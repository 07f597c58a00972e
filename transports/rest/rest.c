/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rest/rest.h"

#include <errno.h>
#include <glib.h>
#include <time.h>

#include "common/clock.h"
#include "host/log.h"
#include "rest/rest_priv.h"

enum {
	/* counted in turns, not in time: a machine that stands still for a
	 * while takes nothing from the threads that send */
	TURN_MS = 10,
	IDLE_TURNS = 100, /* in which no answer was done */
};

static void destroy(struct rest *rest)
{
	rest->pending = rest_pending_free(rest->pending);
	rest->conns = rest_conns_free(rest->conns);
	rest->tls = rest_tls_free(rest->tls);
	rest->uploads = rest_uploads_free(rest->uploads);
	rest->sse = rest_sse_free(rest->sse);
	rest_cors_free(rest->cors);
	rest_keys_free(rest->keys);
	rest->store = rest_store_free(rest->store);
	rest_metrics_free(rest->metrics);
	g_free(atomic_load(&rest->openapi));
	pthread_cond_destroy(&rest->cond);
	pthread_mutex_destroy(&rest->mtx);
	g_free(rest);
}

static struct rest *prepare(const struct rest_config *cfg,
			    const struct rest_core *core)
{
	struct rest *rest = g_new0(struct rest, 1);
	struct rest_keys_params keys = {
		.failures_per_min = cfg->auth_failures_per_min,
		.clk = clock_system(),
	};
	pthread_condattr_t attr;

	rest->cfg = cfg;
	rest->core = *core;
	rest->listen_fd = -1;
	rest->metrics = rest_metrics_new();
	/* one more for the thread that looks after event streams */
	rest->store = rest_store_new(cfg->store, cfg->threads + 1);
	keys.store = rest->store;
	rest->keys = rest_keys_new(&keys);
	rest->cors = rest_cors_new(rest->store, keys.clk);
	pthread_mutex_init(&rest->mtx, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&rest->cond, &attr);
	pthread_condattr_destroy(&attr);

	return rest;
}

static int start_uploads(struct rest *rest)
{
	const struct rest_uploads_params prm = {
		.data_dir = rest->cfg->data_dir,
		.max_bytes = (int64_t)rest->cfg->upload_max_bytes,
		.limit = rest->cfg->upload_limit,
		.account_limit = rest->cfg->upload_account_limit,
	};

	return prm.data_dir ? rest_uploads_alloc(&rest->uploads, &prm) : 0;
}

static int start_events(struct rest *rest)
{
	const struct rest_sse_params prm = {
		.core = &rest->core,
		.keys = rest->keys,
		.store = rest->store,
		.max = rest->cfg->event_streams,
		.max_per_account = rest->cfg->event_streams_per_account,
		.heartbeat_s = rest->cfg->event_heartbeat_s,
	};

	return rest_sse_start(&rest->sse, &prm);
}

int rest_start(struct rest **restp, const struct rest_config *cfg,
	       const struct rest_core *core)
{
	struct rest *rest;
	char *why = NULL;
	int err = 0;

	if (!restp || !cfg || !core || !core->submit)
		return EINVAL;

	rest = prepare(cfg, core);
	if (cfg->tls_cert)
		err = rest_tls_alloc(&rest->tls, cfg->tls_cert, cfg->tls_key,
				     &why);
	if (err) {
		log_error("rest: no HTTPS: %s", why);
		goto out;
	}
	err = rest_pending_alloc(&rest->pending, cfg->in_flight,
				 cfg->deadline_ms, rest_exchange_answered);
	if (err)
		goto out;
	err = rest_conns_alloc(&rest->conns, cfg->connection_timeout_s,
			       cfg->request_timeout_s, cfg->file_timeout_s);
	if (!err)
		err = start_uploads(rest);
	if (err)
		goto out;
	err = start_events(rest);
	if (err)
		goto out;

	err = rest_server_start(rest);
out:
	g_free(why);
	if (err)
		destroy(rest);
	else
		*restp = rest;

	return err;
}

/* Under mtx. For a turn, or until all answers are done */
static void wait_a_turn(struct rest *rest)
{
	const int64_t until = clock_mono_ms(clock_system()) + TURN_MS;
	const struct timespec at = {
		.tv_sec = (time_t)(until / 1000),
		.tv_nsec = (long)(until % 1000) * 1000000L,
	};

	pthread_cond_timedwait(&rest->cond, &rest->mtx, &at);
}

/* Whoever was answered gets the answer, unless he does not read it */
static void wait_for_last_answers(struct rest *rest)
{
	unsigned idle = 0, before;

	pthread_mutex_lock(&rest->mtx);
	while (rest->answering && idle < IDLE_TURNS) {
		before = rest->answering;
		wait_a_turn(rest);
		idle = rest->answering < before ? 0 : idle + 1;
	}
	pthread_mutex_unlock(&rest->mtx);
}

/* In this order: MHD_stop_daemon() with one suspended connection aborts the
 * process, and after the close of both nothing is suspended any more */
struct rest *rest_stop(struct rest *rest)
{
	if (!rest)
		return NULL;

	rest_server_refuse(rest);
	rest_sse_close(rest->sse);
	rest_pending_close(rest->pending);
	wait_for_last_answers(rest);
	rest_server_stop(rest);
	destroy(rest);

	return NULL;
}

void rest_deliver(struct rest *rest, const char *transaction, enum api_err err,
		  const json_t *reply)
{
	uint64_t id = 0;

	if (rest && rest_sse_deliver(rest->sse, transaction, err, reply))
		return;
	if (!rest || rest_transaction_parse(transaction, &id) ||
	    !rest_pending_answer(rest->pending, id, err, reply))
		log_debug("rest: an answer that nobody waits for was dropped");
}

uint16_t rest_port(const struct rest *rest)
{
	return rest->port;
}
