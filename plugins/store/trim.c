/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "store/trim.h"

#include <errno.h>
#include <string.h>

#include "common/obj.h"
#include "host/log.h"
#include "loop/timers.h"
#include "loop/worker.h"
#include "store/trim_plan.h"

struct trim {
	struct trim_params prm; /* constant */

	/* thread: loop */
	struct timer timer;
	bool stopped;

	/* a worker's while it plans, else the loop's */
	struct trim_plan plan;
	struct store_tx *tx;
	int64_t now_ms;
	int err;
};

static void begin(void *arg);
static void step(struct trim *trim);

static void trim_destructor(void *arg)
{
	struct trim *trim = arg;

	store_tx_free(trim->tx);
}

static void start_timer(struct trim *trim, int64_t delay_ms)
{
	timer_start(trim->prm.timers, &trim->timer, delay_ms, "trim", begin,
		    trim);
}

/** The run is over; its reference goes */
static void finish(struct trim *trim, int err, const char *why)
{
	if (err && !trim->stopped)
		log_warn("trim: what is old could not be removed: %s; next "
			 "try in an hour",
			 why ? why : strerror(err));
	if (!trim->stopped) {
		start_timer(trim, TRIM_EVERY_MS);
		if (trim->prm.done)
			trim->prm.done(trim->prm.arg, err);
	}
	obj_unref(trim);
}

static void removed(void *arg, int err, const char *why) /* Thread: loop */
{
	struct trim *trim = arg;

	if (err || trim->stopped)
		finish(trim, err, why);
	else
		step(trim);
}

static void plan_work(void *arg) /* Thread: worker */
{
	struct trim *trim = arg;

	trim->err = trim_plan_next(&trim->plan, store_db(trim->prm.store),
				   trim->now_ms, &trim->tx);
}

static void planned(void *arg) /* Thread: loop */
{
	struct trim *trim = arg;
	struct store_tx *tx = trim->tx;

	if (trim->err || trim->stopped || !tx) {
		finish(trim, trim->err, NULL);
		return;
	}

	trim->tx = NULL;
	store_commit(trim->prm.store, tx, removed, trim);
}

static void step(struct trim *trim)
{
	const int err =
		worker_run(trim->prm.workers, "trim", plan_work, planned, trim);

	if (err)
		finish(trim, err, NULL);
}

static void begin(void *arg)
{
	struct trim *trim = obj_ref(arg);

	memset(&trim->plan, 0, sizeof(trim->plan));
	trim->now_ms = clock_wall_ms(trim->prm.clock);
	step(trim);
}

int trim_start(struct trim **trimp, const struct trim_params *prm)
{
	struct trim *trim;

	if (!trimp || !prm || !prm->timers || !prm->clock || !prm->workers ||
	    !prm->store)
		return EINVAL;

	trim = obj_zalloc(sizeof(*trim), trim_destructor);
	trim->prm = *prm;
	start_timer(trim, TRIM_FIRST_MS);
	*trimp = trim;

	return 0;
}

struct trim *trim_stop(struct trim *trim)
{
	if (!trim)
		return NULL;

	trim->stopped = true;
	timer_cancel(trim->prm.timers, &trim->timer);

	return obj_unref(trim);
}
