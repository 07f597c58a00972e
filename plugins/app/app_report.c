/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What readiness probes and Prometheus are told */
#include "app/app_internal.h"

#include <glib.h>
#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>
#include <sys/statvfs.h>

#include "app/app_webhooks.h"
#include "call/call.h"
#include "clip/clip.h"
#include "fetch/fetch.h"
#include "loop/loop.h"
#include "media/media.h"
#include "record/record.h"
#include "render/render.h"
#include "store/store.h"
#include "webrtc/wrtc.h"

bool app_ready(void *arg, json_t *checks)
{
	struct app *app = arg;
	const bool running = !atomic_load(&app->stopping);

	json_object_set_new(checks, "store", json_boolean(app->store != NULL));
	json_object_set_new(checks, "sip", json_boolean(app->sip != NULL));
	json_object_set_new(checks, "not_stopping", json_boolean(running));

	return running && app->store && app->sip;
}

static void gauge(GString *out, const char *name, const char *help,
		  double value)
{
	char num[G_ASCII_DTOSTR_BUF_SIZE];

	g_string_append_printf(
		out,
		"# HELP bifrons_%s %s\n"
		"# TYPE bifrons_%s gauge\nbifrons_%s %s\n",
		name, help, name, name,
		g_ascii_formatd(num, sizeof(num), "%.9g", value));
}

static void counter(GString *out, const char *name, const char *help,
		    uint64_t value)
{
	g_string_append_printf(out,
			       "# HELP bifrons_%s %s\n"
			       "# TYPE bifrons_%s counter\n"
			       "bifrons_%s %" PRIu64 "\n",
			       name, help, name, name, value);
}

static double seconds(int64_t us)
{
	return (double)us / 1e6;
}

/* Of the whole process: Janus and its other modules too */
static void put_heap(GString *out)
{
	const struct mallinfo2 heap = mallinfo2();

	gauge(out, "heap_used_bytes", "Allocated memory of the process",
	      (double)(heap.uordblks + heap.hblkhd));
	gauge(out, "heap_free_bytes", "Memory kept for later allocations",
	      (double)heap.fordblks);
}

/* Call figures belong to the loop: they are fetched there */
struct calls_read {
	const struct call_table *table;
	struct call_stats stats;
	const struct clips *clips;
	struct clips_stats clips_stats;
};

static void read_calls(void *arg)
{
	struct calls_read *read = arg;

	call_table_stats(read->table, &read->stats);
	clips_stats(read->clips, &read->clips_stats);
}

static void put_calls(GString *out, const struct call_stats *st)
{
	int reason;

	gauge(out, "calls_live", "Calls that are up now", (double)st->live);
	gauge(out, "calls_live_incoming", "Incoming calls that are up now",
	      (double)st->incoming);
	gauge(out, "calls_live_outgoing", "Outgoing calls that are up now",
	      (double)st->outgoing);
	counter(out, "calls_created_total", "Calls created", st->created);
	counter(out, "calls_answered_total", "Calls answered", st->answered);
	counter(out, "calls_refused_total", "Calls refused by limits",
		st->refused);

	g_string_append(out, "# HELP bifrons_calls_ended_total Calls ended, "
			     "by reason\n"
			     "# TYPE bifrons_calls_ended_total counter\n");
	for (reason = 0; reason < HANGUP_NREASONS; ++reason)
		g_string_append_printf(
			out,
			"bifrons_calls_ended_total{reason=\"%s\"} %" PRIu64
			"\n",
			hangup_reason_name((enum hangup_reason)reason),
			st->by_reason[reason]);
}

static void put_loop(GString *out, struct loop *loop)
{
	struct loop_stats st;

	loop_stats(loop, &st);
	gauge(out, "loop_lag_seconds", "How late the control loop runs",
	      seconds(st.lag_us));
	gauge(out, "loop_lag_max_seconds",
	      "Worst lateness since the last scrape", seconds(st.lag_max_us));
	gauge(out, "loop_depth", "Posts waiting for the control loop",
	      (double)st.depth);
	counter(out, "loop_slow_total", "Callbacks that took over 20 ms",
		st.slow);
}

static void put_store(GString *out, struct store *store)
{
	struct store_stats st;

	store_stats(store, &st);
	gauge(out, "store_depth", "Transactions waiting to be written",
	      (double)st.depth);
	gauge(out, "store_commit_max_seconds", "Longest commit",
	      seconds(st.commit_max_us));
	counter(out, "store_commits_total", "Database commits", st.commits);
	counter(out, "store_transactions_total", "Transactions written",
		st.txs);
	counter(out, "store_failures_total", "Transactions that failed",
		st.fails);
}

static void put_media(GString *out, struct media_engine *engine)
{
	struct media_engine_stats st;

	media_engine_stats(engine, &st);
	gauge(out, "media_legs", "Legs with media", (double)st.legs);
	gauge(out, "media_ports_free", "RTP port pairs left",
	      (double)st.ports_free);
	counter(out, "media_received_packets_total", "RTP packets received",
		st.rx_packets);
	counter(out, "media_sent_packets_total", "RTP packets sent",
		st.tx_packets);
	counter(out, "media_dropped_packets_total",
		"Packets refused (source, type, size)", st.dropped);
	counter(out, "media_underruns_total",
		"Plays whose sound came too late, each time", st.underruns);
	counter(out, "media_late_ticks_total", "Media ticks that ran late",
		st.late_ticks);
	gauge(out, "media_tick_late_max_seconds", "Worst lateness of a tick",
	      seconds((int64_t)st.tick_late_max_us));
}

static void put_fetches(GString *out, struct fetcher *fetcher)
{
	struct fetcher_stats st;

	fetcher_stats(fetcher, &st);
	gauge(out, "fetch_running", "HTTP requests under way",
	      (double)st.running);
	gauge(out, "fetch_queued", "HTTP requests that wait for their turn",
	      (double)st.queued);
	counter(out, "fetch_requests_total", "HTTP requests that ended",
		st.requests);
	counter(out, "fetch_failed_total", "HTTP requests without an answer",
		st.failed);
}

static void put_recordings(GString *out, struct recorder *recorder,
			   const struct call_stats *calls)
{
	struct recorder_stats st;

	recorder_stats(recorder, &st);
	gauge(out, "recordings_running", "Files that are recorded now",
	      (double)st.running);
	counter(out, "recordings_started_total", "Files begun", st.started);
	counter(out, "recordings_finished_total", "Recordings that are whole",
		calls->recorded);
	counter(out, "recordings_failed_total", "Recordings that broke off",
		calls->record_failed);
	counter(out, "recordings_bytes_total", "Size of those that ended",
		calls->record_bytes);
	counter(out, "recordings_lost_frames_total",
		"Frames that became silence", st.lost_frames);
	gauge(out, "recordings_round_max_seconds",
	      "Longest round of writing; above 3 sound is lost",
	      seconds(st.round_max_us));
}

static void put_webhooks(GString *out, const struct app_webhooks *st)
{
	gauge(out, "webhook_pending", "Deliveries that wait",
	      (double)st->pending);
	gauge(out, "webhook_oldest_due_seconds",
	      "For how long the first of them could have been sent",
	      (double)st->due_age_ms / 1e3);
	gauge(out, "webhook_oldest_unread_seconds",
	      "Age of the first event that the webhook module has not read",
	      (double)st->unread_age_ms / 1e3);
	gauge(out, "webhook_disabled", "Endpoints that are disabled",
	      (double)st->disabled);
	counter(out, "webhook_attempts_delivered_total",
		"Attempts that were answered with 2xx", st->totals.delivered);
	counter(out, "webhook_attempts_failed_total", "Attempts that were not",
		st->totals.retried + st->totals.failed);
	counter(out, "webhook_failed_total",
		"Deliveries that have no attempt left", st->totals.failed);
	counter(out, "webhook_canceled_total",
		"Deliveries of endpoints that were disabled or deleted",
		st->totals.canceled);
}

/* Recordings, files and the store lie there */
static void put_disk(GString *out, const char *data_dir)
{
	struct statvfs disk;

	if (statvfs(data_dir, &disk))
		return;
	gauge(out, "data_free_bytes", "Room on the data directory's disk",
	      (double)disk.f_bavail * (double)disk.f_frsize);
	gauge(out, "data_size_bytes", "Size of that disk",
	      (double)disk.f_blocks * (double)disk.f_frsize);
}

static void put_renders(GString *out, struct render *render)
{
	struct render_stats st;

	render_stats(render, &st);
	gauge(out, "render_supervisors", "bifrons-media processes that are up",
	      (double)st.supervisors);
	gauge(out, "render_running", "Files and texts in work",
	      (double)st.running);
	gauge(out, "render_queued", "Files and texts that wait for their turn",
	      (double)st.queued);
	counter(out, "render_jobs_total", "Files and texts", st.jobs);
	counter(out, "render_failed_total", "Files and texts that failed",
		st.failed);
	counter(out, "render_restarts_total",
		"bifrons-media processes that were started again", st.restarts);
}

static void put_clips(GString *out, const struct clips_stats *st)
{
	gauge(out, "clip_plays", "Files and speech that play now",
	      (double)st->plays);
	gauge(out, "clip_cache_bytes", "Sound that is kept",
	      (double)st->kept_bytes);
	counter(out, "clip_hits_total",
		"Files and speech that were there or on their way", st->hits);
	counter(out, "clip_misses_total", "Those that had to be brought",
		st->misses);
}

static void put_browsers(GString *out, struct wrtc *browsers)
{
	struct wrtc_stats st;

	wrtc_stats(browsers, &st);
	gauge(out, "browser_handles", "Browsers' handles", (double)st.handles);
	gauge(out, "browser_devices", "Registered browsers",
	      (double)st.devices);
	gauge(out, "browser_legs", "Browsers' calls", (double)st.legs);
	counter(out, "browser_messages_total", "Requests of browsers",
		st.messages);
	counter(out, "browser_errors_total", "Errors that they were told",
		st.errors);
	counter(out, "browser_refused_packets_total",
		"Packets under 12 or over 1500 bytes", st.refused_packets);
	counter(out, "browser_dropped_packets_total",
		"Packets that nobody wanted", st.dropped_packets);
	counter(out, "browser_video_echoed_packets_total",
		"Video packets sent back", st.video_echoed);
	counter(out, "browser_video_bridged_packets_total",
		"Video packets sent to another browser", st.video_bridged);
	counter(out, "browser_lost_total", "Browsers that went without a word",
		st.lost);
}

char *app_metrics(void *arg)
{
	struct app *app = arg;
	struct calls_read read = {.table = app->calls, .clips = app->clips};
	struct app_webhooks webhooks;
	GString *out = g_string_sized_new(8192);

	g_string_append_printf(out,
			       "# HELP bifrons_info Version and node\n"
			       "# TYPE bifrons_info gauge\n"
			       "bifrons_info{version=\"%s\",node=\"%s\"} 1\n",
			       PACKAGE_VERSION, app->node_id);
	gauge(out, "uptime_seconds", "Time since the start",
	      seconds(clock_mono_us(app->events.clock) - app->started_us));

	if (!loop_call(app->loop, "metrics", read_calls, &read)) {
		put_calls(out, &read.stats);
		put_recordings(out, app->recorder, &read.stats);
		put_clips(out, &read.clips_stats);
	}
	put_loop(out, app->loop);
	put_store(out, app->store);
	if (!app_webhooks_read(&webhooks, store_db(app->store),
			       clock_wall_ms(app->events.clock)))
		put_webhooks(out, &webhooks);
	put_disk(out, app->cfg->data_dir);
	put_media(out, app->media);
	put_fetches(out, app->fetcher);
	put_renders(out, app->render);
	if (app->browsers)
		put_browsers(out, app->browsers);
	put_heap(out);

	return g_string_free(out, FALSE);
}
