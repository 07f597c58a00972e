/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file app.h  The call plugin as a whole: built, wired, started, stopped
 *
 * Thread: app_start() and app_stop() on the core's main thread; app_api() on
 * any thread between the two. The only place that sees every folder; Janus it
 * sees through struct app_host alone.
 */
#ifndef BIFRONS_APP_APP_H
#define BIFRONS_APP_APP_H

#include <stdint.h>

struct api;
struct app;
struct wrtc;
struct wrtc_host; /* webrtc/wrtc.h */

/** What the app asks of its process */
struct app_host {
	/** Events were committed up to this row. Thread: store */
	void (*doorbell)(int64_t last_event_row);
	/** What browsers' handles ask of the core; NULL: no browsers */
	const struct wrtc_host *browsers;
};

/** Start everything; calls are taken when it returns.
 * @param path  The configuration file
 * @return 0 or errno; what was wrong has been logged
 */
int app_start(struct app **appp, const char *path, const struct app_host *host);

/** Say BYE to every call, store their end, stop everything; 5 s at most.
 * @return NULL
 */
struct app *app_stop(struct app *app);

/** Requests that take long, or wait for something to happen, end now, and later
 * ones at once: whoever is about to count out who is inside calls it first.
 * Thread: that of app_stop() */
void app_end_requests(struct app *app);

/** Where requests go */
struct api *app_api(struct app *app);

/** Where browsers' handles go; NULL without a host for them */
struct wrtc *app_browsers(struct app *app);

#endif
