/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "record/record.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <glib.h>

#include "common/clock.h"
#include "common/obj.h"
#include "common/str.h"
#include "host/log.h"
#include "loop/loop.h"
#include "media/tap.h"
#include "record/record_priv.h"

enum {
	FLUSH_MS = 500,
	PATIENCE_MS = 2000, /* for a tap that should have ended */
	ENDING_MS = 20,     /* between looks at it */
	STEP = 4800,        /* frames taken at once */
};

struct recording {
	/* set at the start, then read-only */
	struct recorder *recorder; /* a reference */
	char id[ID_SIZE];
	enum record_format format;
	unsigned channels;
	struct media_tap *tap;
	void (*done)(void *arg, const struct recording_result *res);
	void *arg;

	atomic_bool ending; /* the loop's word */

	/* thread: bif-record */
	struct recording *next;
	struct record_writer writer;
	bool open;
	int64_t give_up_ms; /* 0 = not ending */

	/* bif-record, then the loop */
	struct recording_result res;
};

struct recorder {
	/* constant once started */
	struct loop *loop;
	char *dir; /* the data directory */
	unsigned flush_ms, patience_ms;
	pthread_t thread;

	/* guarded by mtx */
	pthread_mutex_t mtx;
	pthread_cond_t cond; /* CLOCK_MONOTONIC */
	struct recording *fresh;
	bool kicked, stopping;

	/* thread: bif-record */
	struct recording *running;
	int16_t *pcm; /* STEP frames of two sides */

	/* any thread */
	atomic_uint nrunning;
	atomic_uint_fast64_t started, failed, lost, rounds;
	atomic_int_fast64_t round_max_us;
};

/* ---- one of them ---- */

static void recording_free(struct recording *rec)
{
	obj_unref(rec->tap);
	obj_unref(rec->recorder);
	g_free(rec);
}

static void tell(void *arg) /* Thread: loop */
{
	struct recording *rec = arg;

	rec->done(rec->arg, &rec->res);
	recording_free(rec);
}

static char *path_of(const struct recorder *recorder, const char *id,
		     enum record_format format)
{
	char name[RECORD_PATH_SIZE];

	record_path(name, id, format);

	return g_build_filename(recorder->dir, name, NULL);
}

static int open_file(struct recording *rec)
{
	char *path = path_of(rec->recorder, rec->id, rec->format);
	const int err =
		record_writer_open(&rec->writer, rec->format, path,
				   media_tap_rate(rec->tap), rec->channels);

	rec->open = true;
	g_free(path);

	return err;
}

/* Take what is there. A round ends even if the tap fills faster than we write.
 */
static int drain(struct recording *rec, int16_t *pcm)
{
	size_t left = (size_t)media_tap_rate(rec->tap) * 10, n;
	int err = 0;

	do {
		n = media_tap_read(rec->tap, pcm, MIN(left, STEP));
		left -= n;
		if (n)
			err = record_writer_write(&rec->writer, pcm, n);
	} while (n && left && !err);

	return err ? err : rec->writer.ops->flush(&rec->writer);
}

static bool is_over(struct recording *rec, bool stopping)
{
	const int64_t now_ms = clock_mono_ms(clock_system());

	if (stopping || media_tap_is_over(rec->tap))
		return true;
	if (!atomic_load(&rec->ending))
		return false;
	if (!rec->give_up_ms)
		rec->give_up_ms = now_ms + rec->recorder->patience_ms;

	return now_ms >= rec->give_up_ms;
}

static void finish(struct recording *rec, int err)
{
	struct recorder *recorder = rec->recorder;

	rec->res.err = record_writer_close(&rec->writer, err, &rec->res);
	rec->res.lost = media_tap_lost(rec->tap);
	atomic_fetch_add(&recorder->lost, rec->res.lost);
	atomic_fetch_sub(&recorder->nrunning, 1);
	if (rec->res.err) {
		atomic_fetch_add(&recorder->failed, 1);
		log_error("recording %s: broke off after %lld ms: %s", rec->id,
			  (long long)rec->res.duration_ms,
			  strerror(rec->res.err));
	}
	if (rec->res.lost)
		log_warn("recording %s: %llu frames came too fast for the disk "
			 "and are silence",
			 rec->id, (unsigned long long)rec->res.lost);
	if (loop_post(recorder->loop, "recording_done", tell, rec))
		recording_free(rec);
}

/** @return whether it is over */
static bool step(struct recording *rec, int16_t *pcm, bool stopping)
{
	/* first the question: what was put before its end is read then */
	const bool over = is_over(rec, stopping);
	int err = rec->open ? 0 : open_file(rec);

	if (!err)
		err = drain(rec, pcm);
	if (!err && !over && !is_over(rec, stopping))
		return false;
	finish(rec, err);

	return true;
}

/* ---- the thread ---- */

/* Between two flushes a round is for those that begin or end: else each end
 * of one would be a page and a write for all */
static bool is_wanted(const struct recording *rec, bool due)
{
	return due || !rec->open || atomic_load(&rec->ending);
}

/** @return when to come again, ms */
static unsigned round_of(struct recorder *recorder, bool stopping, bool due)
{
	const int64_t begin_us = clock_mono_us(clock_system());
	struct recording **at = &recorder->running, *rec;
	unsigned wait_ms = recorder->flush_ms;
	int64_t took_us;

	while ((rec = *at)) {
		struct recording *next = rec->next;

		if (is_wanted(rec, due) && step(rec, recorder->pcm, stopping)) {
			*at = next;
			continue;
		}
		if (rec->give_up_ms)
			wait_ms = ENDING_MS;
		at = &rec->next;
	}
	took_us = clock_mono_us(clock_system()) - begin_us;
	if (took_us > atomic_load(&recorder->round_max_us))
		atomic_store(&recorder->round_max_us, took_us);
	atomic_fetch_add(&recorder->rounds, 1);

	return wait_ms;
}

static void add_fresh(struct recorder *recorder, struct recording *fresh)
{
	struct recording *next;

	for (; fresh; fresh = next) {
		next = fresh->next;
		fresh->next = recorder->running;
		recorder->running = fresh;
	}
}

static void deadline(struct timespec *ts, unsigned ms)
{
	(void)clock_gettime(CLOCK_MONOTONIC, ts);
	ts->tv_sec += ms / 1000;
	ts->tv_nsec += (long)(ms % 1000) * 1000000;
	if (ts->tv_nsec >= 1000000000) {
		ts->tv_nsec -= 1000000000;
		++ts->tv_sec;
	}
}

static void *record_thread(void *arg)
{
	struct recorder *recorder = arg;
	struct recording *fresh;
	unsigned wait_ms = recorder->flush_ms;
	bool stopping = false, due;
	int64_t flush_at_ms = 0, now_ms;
	struct timespec until;

	(void)pthread_setname_np(pthread_self(), "bif-record");
	while (!stopping) {
		deadline(&until, wait_ms);
		pthread_mutex_lock(&recorder->mtx);
		while (!recorder->kicked && !recorder->stopping)
			if (pthread_cond_timedwait(&recorder->cond,
						   &recorder->mtx, &until))
				break;
		recorder->kicked = false;
		stopping = recorder->stopping;
		fresh = recorder->fresh;
		recorder->fresh = NULL;
		pthread_mutex_unlock(&recorder->mtx);

		add_fresh(recorder, fresh);
		due = stopping || clock_mono_ms(clock_system()) >= flush_at_ms;
		wait_ms = round_of(recorder, stopping, due);
		now_ms = clock_mono_ms(clock_system());
		if (due)
			flush_at_ms = now_ms + recorder->flush_ms;
		wait_ms = MIN(wait_ms, (unsigned)MAX(flush_at_ms - now_ms, 0));
	}

	return NULL;
}

static void recorder_destructor(void *arg)
{
	struct recorder *recorder = arg;

	pthread_cond_destroy(&recorder->cond);
	pthread_mutex_destroy(&recorder->mtx);
	g_free(recorder->pcm);
	g_free(recorder->dir);
}

static int make_folder(const char *data_dir)
{
	char *dir = g_build_filename(data_dir, "recordings", NULL);
	const int err = g_mkdir_with_parents(dir, 0700) ? errno : 0;

	g_free(dir);

	return err;
}

static int start_thread(struct recorder *recorder)
{
	sigset_t all, old;
	int err;

	/* signals are the host's */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	err = pthread_create(&recorder->thread, NULL, record_thread, recorder);
	pthread_sigmask(SIG_SETMASK, &old, NULL);

	return err;
}

int recorder_start(struct recorder **recorderp,
		   const struct recorder_params *prm)
{
	struct recorder *recorder;
	pthread_condattr_t attr;
	int err;

	if (!recorderp || !prm || !prm->loop || !prm->data_dir)
		return EINVAL;
	err = make_folder(prm->data_dir);
	if (err)
		return err;

	recorder = obj_zalloc(sizeof(*recorder), recorder_destructor);
	recorder->loop = prm->loop;
	recorder->dir = g_strdup(prm->data_dir);
	recorder->flush_ms = prm->flush_ms ? prm->flush_ms : FLUSH_MS;
	recorder->patience_ms =
		prm->patience_ms ? prm->patience_ms : PATIENCE_MS;
	recorder->pcm = g_new(int16_t, (size_t)STEP * 2);
	pthread_mutex_init(&recorder->mtx, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&recorder->cond, &attr);
	pthread_condattr_destroy(&attr);

	err = start_thread(recorder);
	if (err)
		obj_unref(recorder);
	else
		*recorderp = recorder;

	return err;
}

struct recorder *recorder_stop(struct recorder *recorder)
{
	if (!recorder)
		return NULL;

	pthread_mutex_lock(&recorder->mtx);
	recorder->stopping = true;
	pthread_cond_signal(&recorder->cond);
	pthread_mutex_unlock(&recorder->mtx);
	(void)pthread_join(recorder->thread, NULL);

	return obj_unref(recorder);
}

/* ---- what the loop asks ---- */

int recording_start(struct recording **recp, struct recorder *recorder,
		    const struct recording_params *prm)
{
	struct recording *rec;
	bool stopping;

	if (!recp || !recorder || !prm->id || !prm->tap || !prm->done ||
	    (unsigned)prm->format >= RECORD_NFORMATS)
		return EINVAL;

	rec = g_new0(struct recording, 1);
	rec->recorder = obj_ref(recorder);
	(void)str_copy(rec->id, sizeof(rec->id), prm->id);
	rec->format = prm->format;
	rec->channels = prm->channels;
	rec->tap = obj_ref(prm->tap);
	rec->done = prm->done;
	rec->arg = prm->arg;
	rec->writer.fd = -1;

	pthread_mutex_lock(&recorder->mtx);
	stopping = recorder->stopping;
	if (!stopping) {
		rec->next = recorder->fresh;
		recorder->fresh = rec;
		recorder->kicked = true;
		atomic_fetch_add(&recorder->nrunning, 1);
		atomic_fetch_add(&recorder->started, 1);
		pthread_cond_signal(&recorder->cond);
	}
	pthread_mutex_unlock(&recorder->mtx);
	if (stopping)
		recording_free(rec);
	else
		*recp = rec;

	return stopping ? ESHUTDOWN : 0;
}

void recording_end(struct recording *rec)
{
	struct recorder *recorder = rec->recorder;

	atomic_store(&rec->ending, true);
	pthread_mutex_lock(&recorder->mtx);
	recorder->kicked = true;
	pthread_cond_signal(&recorder->cond);
	pthread_mutex_unlock(&recorder->mtx);
}

int recorder_repair(struct recorder *recorder, const char *id,
		    enum record_format format, struct recording_result *res)
{
	char *path = path_of(recorder, id, format);
	const int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	int err;

	memset(res, 0, sizeof(*res));
	g_free(path);
	if (fd < 0)
		return errno;
	err = record_writer_ops_of(format)->repair(fd, res);
	if (close(fd) && !err)
		err = errno;

	return err;
}

void recorder_stats(struct recorder *recorder, struct recorder_stats *stats)
{
	stats->running = atomic_load(&recorder->nrunning);
	stats->started = atomic_load(&recorder->started);
	stats->failed = atomic_load(&recorder->failed);
	stats->rounds = atomic_load(&recorder->rounds);
	stats->lost_frames = atomic_load(&recorder->lost);
	stats->round_max_us = atomic_load(&recorder->round_max_us);
}
