/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file app_internal.h  What the files of app/ share
 *
 * Thread: as app.h; members are set in app_start() and read-only after it,
 * unless they say otherwise.
 */
#ifndef BIFRONS_APP_APP_INTERNAL_H
#define BIFRONS_APP_APP_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include <jansson.h>

#include "app/app.h"
#include "app/app_config.h"
#include "common/id.h"
#include "common/secret.h"
#include "event/event.h"

struct app {
	struct app_config *cfg;
	struct app_host host;
	uint8_t key[SECRET_KEY_LEN];
	char node_id[ID_SIZE];
	int64_t started_us;

	struct loop *loop;
	struct store *store;
	struct directory *dir;
	struct event_source events;
	struct media_engine *media;
	struct call_table *calls;
	struct sipx_stack *sip;
	struct workers *workers;
	struct fetcher *fetcher, *tts_fetcher;
	struct render *render;
	struct recorder *recorder;
	struct clips *clips;
	struct wrtc *browsers; /**< or NULL */
	struct trim *trim;
	struct api *api;

	atomic_bool stopping; /**< any thread */

	/* app_stop() waits for what the loop answers */
	pthread_mutex_t mtx;
	pthread_cond_t cond; /**< CLOCK_MONOTONIC */
	bool calls_idle;     /**< guarded by mtx */
	bool sip_closed;     /**< guarded by mtx */
};

/** The SQLite file. @return Newly allocated; g_free() it */
char *app_store_path(const struct app_config *cfg);

/** The data directory, the key and the node's id. Thread: main
 * @return 0 or errno; logged
 */
int app_data_prepare(struct app *app);

/** Media, workers, fetcher, render and clips: there before calls are, gone
 * after them. Thread: main. @return 0 or errno; logged */
int app_sound_start(struct app *app);
void app_sound_stop(struct app *app);

/** A new token for the demo's phone page, into data_dir. Thread: main */
void app_write_demo_token(struct app *app);

/** For api_env. Thread: any */
bool app_ready(void *arg, json_t *checks);
char *app_metrics(void *arg);

#endif
