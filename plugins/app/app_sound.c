/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sound: its threads, who fetches, who decodes and speaks, who keeps it */
#include "app/app_internal.h"

#include <string.h>

#include "clip/clip.h"
#include "common/obj.h"
#include "fetch/fetch.h"
#include "host/log.h"
#include "loop/worker.h"
#include "media/media.h"
#include "record/record.h"
#include "render/render.h"
#include "store/store.h"

enum {
	WORKERS = 2,
	WORK_MAX = 256,   /* queued; more is refused */
	TTS_RUNNING = 16, /* requests to the provider of speech at once */
};

static const int64_t mib = 1024 * 1024;

static const struct clip_ops ops = {
	.fetch_start = fetch_start,
	.fetch_cancel = fetch_cancel,
	.render_start = render_job_start,
	.render_cancel = render_job_cancel,
};

static int start_media(struct app *app)
{
	const struct media_engine_params prm = {
		.loop = app->loop,
		.threads = app->cfg->media_threads,
		.bind = app->cfg->bind,
		.port_min = app->cfg->rtp_min,
		.port_max = app->cfg->rtp_max,
		.silence_timeout_ms = app->cfg->media_timeout_s * 1000,
	};
	int err = media_engine_start(&app->media, &prm);

	if (err)
		log_error("media: cannot start on %s ports %u-%u: %s", prm.bind,
			  prm.port_min, prm.port_max, strerror(err));

	return err;
}

static int start_fetcher(struct app *app)
{
	const struct fetcher_params prm = {
		.loop = app->loop,
		.allow_private = app->cfg->allow_private,
		.user_agent = "Bifrons/" PACKAGE_VERSION,
	};
	int err = fetcher_start(&app->fetcher, &prm);

	if (err)
		log_error("fetch: cannot start: %s", strerror(err));
	else if (prm.allow_private)
		log_info("fetch: URLs may lead to private addresses");

	return err;
}

static int start_render(struct app *app)
{
	const struct render_params prm = {
		.loop = app->loop,
		.program = app->cfg->media_program,
	};
	int err = render_start(&app->render, &prm);

	if (err)
		log_error("render: cannot start %s: %s (media_program says "
			  "where it is)",
			  prm.program, strerror(err));

	return err;
}

/* The operator's own URL may lead to this machine, customers' may not: it has
 * connections of its own, which theirs cannot share. */
static int start_tts(struct app *app)
{
	const struct fetcher_params prm = {
		.loop = app->loop,
		.allow_private = true,
		.max_running = TTS_RUNNING,
		.max_per_host = TTS_RUNNING,
		.user_agent = "Bifrons/" PACKAGE_VERSION,
	};

	return app->cfg->tts_url ? fetcher_start(&app->tts_fetcher, &prm) : 0;
}

static int start_clips(struct app *app)
{
	const struct app_config *cfg = app->cfg;
	struct clips_params prm = {
		.loop = app->loop,
		.workers = app->workers,
		.fetcher = app->fetcher,
		.render = app->render,
		.db = store_db(app->store),
		.data_dir = cfg->data_dir,
		.cache_max_bytes = cfg->cache_max_mib * mib,
		.fetch_max_bytes = cfg->fetch_max_mib * mib,
		.tts_provider = cfg->tts_provider,
		.tts_url = cfg->tts_url,
		.tts_key = cfg->tts_key,
		.tts_model = cfg->tts_model,
		.ops = &ops,
	};
	int err = start_tts(app);

	prm.tts_fetcher = app->tts_fetcher;
	if (!err)
		err = clips_start(&app->clips, &prm);
	if (err)
		log_error("clips: cannot start: %s", strerror(err));

	return err;
}

static int start_recorder(struct app *app)
{
	const struct recorder_params prm = {
		.loop = app->loop,
		.data_dir = app->cfg->data_dir,
	};
	int err = recorder_start(&app->recorder, &prm);

	if (err)
		log_error("recorder: cannot start: %s", strerror(err));

	return err;
}

int app_sound_start(struct app *app)
{
	int err = start_media(app);

	if (!err)
		err = workers_start(&app->workers, app->loop, WORKERS,
				    WORK_MAX);
	if (!err)
		err = start_fetcher(app);
	if (!err)
		err = start_render(app);
	if (!err)
		err = start_clips(app);
	if (!err)
		err = start_recorder(app);

	return err;
}

void app_sound_stop(struct app *app)
{
	app->clips = clips_stop(app->clips);
	app->tts_fetcher = fetcher_stop(app->tts_fetcher);
	app->fetcher = fetcher_stop(app->fetcher);
	/* whoever converts must have stopped by here; who asks still is told */
	if (app->render)
		(void)render_stop(obj_ref(app->render));
	app_end_requests(app);
	(void)workers_stop(obj_ref(app->workers));
	app->media = media_engine_stop(app->media);
	/* what their legs left is in the taps by now */
	app->recorder = recorder_stop(app->recorder);
}
