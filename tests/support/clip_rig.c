/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "support/clip_rig.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <sqlite3.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/obj.h"
#include "fetch/fetch.h"
#include "host/db.h"
#include "loop/loop.h"
#include "loop/worker.h"
#include "media/stream.h"
#include "support/clip_fake.h"
#include "support/flow_fake.h"

static void nap(void)
{
	const struct timespec ts = {.tv_nsec = 1000000};

	nanosleep(&ts, NULL);
}

/* Does something become true before the test's time is over? */
#define WAIT_FOR(what)                                                         \
	do {                                                                   \
		int left_ = CLIP_RIG_WAIT_MS;                                  \
		while (!(what) && left_-- > 0)                                 \
			nap();                                                 \
		assert_true(left_ > 0);                                        \
	} while (0)

/* ---- time ---- */

static int64_t mono_us(const struct clock *clk)
{
	const struct clip_rig *rig =
		(const void *)((const char *)clk -
			       offsetof(struct clip_rig, clock));

	return clock_mono_us(clock_system()) +
	       atomic_load(&rig->moved_ms) * 1000;
}

static int64_t wall_ms(const struct clock *clk)
{
	const struct clip_rig *rig =
		(const void *)((const char *)clk -
			       offsetof(struct clip_rig, clock));

	return clock_wall_ms(clock_system()) + atomic_load(&rig->moved_ms);
}

static void nothing(void *arg)
{
	(void)arg;
}

void clip_rig_flush(struct clip_rig *rig)
{
	/* the feeder answers to the loop, and the loop may ask it again */
	for (int i = 0; i < 4; ++i) {
		clip_fake_flush_feeder(rig);
		(void)loop_call(rig->loop, "test", nothing, NULL);
	}
}

void clip_rig_pass(struct clip_rig *rig, int64_t ms)
{
	clip_rig_flush(rig);
	atomic_fetch_add(&rig->moved_ms, ms);
	clip_rig_flush(rig); /* the loop looks at its timers */
}

void clip_rig_settle(struct clip_rig *rig)
{
	clip_rig_flush(rig);
	clip_fake_wait(rig);
	clip_rig_flush(rig);
}

/* ---- start and stop ---- */

static void start_clips(struct clip_rig *rig)
{
	const struct clips_params prm = {
		.loop = rig->loop,
		.workers = rig->workers,
		.fetcher = (struct fetcher *)rig,
		.render = (struct render *)rig,
		.db = rig->db,
		.data_dir = rig->dir,
		.cache_max_bytes = rig->cache_max,
		.tts_url = rig->tts_url,
		.tts_key = "sesame",
		.ops = &clip_fake_ops,
	};

	assert_int_equal(clips_start(&rig->clips, &prm), 0);
}

static void make_db(struct clip_rig *rig)
{
	char *path = g_build_filename(rig->dir, "store.sqlite", NULL);
	sqlite3 *sqlite = NULL;

	assert_int_equal(sqlite3_open(path, &sqlite), SQLITE_OK);
	assert_int_equal(sqlite3_exec(sqlite,
				      "PRAGMA journal_mode=WAL;"
				      "CREATE TABLE media (id TEXT, account_id"
				      " TEXT, name TEXT) STRICT;"
				      "CREATE TABLE recording (id TEXT,"
				      " account_id TEXT, format TEXT,"
				      " status TEXT) STRICT;",
				      NULL, NULL, NULL),
			 SQLITE_OK);
	(void)sqlite3_close(sqlite);
	assert_int_equal(db_open(&rig->db, path, 2), 0);
	g_free(path);
}

void clip_rig_open(struct clip_rig *rig)
{
	const int64_t cache_max = rig->cache_max;
	const char *tts_url = rig->tts_url;

	memset(rig, 0, sizeof(*rig));
	rig->cache_max = cache_max;
	rig->tts_url = tts_url;
	rig->clock = (struct clock){mono_us, wall_ms};
	pthread_mutex_init(&rig->mtx, NULL);
	pthread_cond_init(&rig->cond, NULL);
	rig->dir = g_dir_make_tmp("bifrons-clip-XXXXXX", NULL);
	make_db(rig);
	assert_int_equal(loop_start(&rig->loop, &rig->clock), 0);
	assert_int_equal(workers_start(&rig->workers, rig->loop, 1, 16), 0);
	start_clips(rig);
}

static void remove_tree(const char *path)
{
	GDir *dir = g_dir_open(path, 0, NULL);
	const char *name;

	while (dir && (name = g_dir_read_name(dir))) {
		char *child = g_build_filename(path, name, NULL);

		if (g_file_test(child, G_FILE_TEST_IS_DIR))
			remove_tree(child);
		else
			g_unlink(child);
		g_free(child);
	}
	if (dir)
		g_dir_close(dir);
	g_rmdir(path);
}

void clip_rig_close(struct clip_rig *rig)
{
	rig->clips = clips_stop(rig->clips);
	clip_fake_wait(rig);
	rig->workers = workers_stop(rig->workers);
	rig->loop = loop_stop(rig->loop);
	obj_unref(rig->db);
	remove_tree(rig->dir);
	g_free(rig->dir);
	pthread_cond_destroy(&rig->cond);
	pthread_mutex_destroy(&rig->mtx);
}

void clip_rig_restart(struct clip_rig *rig)
{
	rig->clips = clips_stop(rig->clips);
	start_clips(rig);
}

unsigned clip_rig_files(struct clip_rig *rig)
{
	char *path = g_build_filename(rig->dir, "cache", NULL);
	GDir *dir = g_dir_open(path, 0, NULL);
	unsigned n = 0;

	clip_rig_flush(rig);
	while (dir && g_dir_read_name(dir))
		++n;
	if (dir)
		g_dir_close(dir);
	g_free(path);

	return n;
}

/* ---- plays ---- */

struct starting {
	struct clip_rig_play *play;
	struct clip_play_params prm;
	int err;
};

static void on_failed(void *arg, const struct clip_end *end)
{
	struct clip_rig_play *play = arg;

	pthread_mutex_lock(&play->rig->mtx);
	++play->nfailed;
	play->failed_err = end->err;
	g_strlcpy(play->code, end->code, sizeof(play->code));
	g_strlcpy(play->why, end->why, sizeof(play->why));
	pthread_mutex_unlock(&play->rig->mtx);
}

static void do_start(void *arg)
{
	struct starting *job = arg;
	struct clip_rig_play *play = job->play;

	job->err = clip_play_start(&play->play, play->rig->clips, &job->prm,
				   &play->stream);
}

void clip_rig_params(struct clip_play_params *prm)
{
	*prm = (struct clip_play_params){
		.account_id = CLIP_RIG_ACCOUNT,
		.name = "test",
		.rate = 8000,
		.loops = 1,
	};
}

int clip_rig_play(struct clip_rig_play *play, struct clip_rig *rig,
		  const struct clip_play_params *prm, const char *urls)
{
	struct starting job = {.play = play};
	json_t *list = urls ? flow_fake_json(urls) : NULL;

	memset(play, 0, sizeof(*play));
	play->rig = rig;
	play->heard = g_new(int16_t, CLIP_RIG_HEARD);
	if (prm)
		job.prm = *prm;
	else
		clip_rig_params(&job.prm);
	job.prm.urls = list;
	job.prm.failed = on_failed;
	job.prm.arg = play;
	assert_int_equal(loop_call(rig->loop, "test", do_start, &job), 0);
	json_decref(list);
	if (job.err)
		g_free(play->heard);

	return job.err;
}

void clip_rig_hear(struct clip_rig_play *play, size_t n)
{
	assert_true(n <= CLIP_RIG_HEARD);
	WAIT_FOR((play->n +=
		  media_stream_read(play->stream, play->heard + play->n,
				    n - play->n)) == n);
}

void clip_rig_hear_all(struct clip_rig_play *play)
{
	int left = CLIP_RIG_WAIT_MS;

	while (!media_stream_is_over(play->stream, &play->err)) {
		const size_t got =
			media_stream_read(play->stream, play->heard + play->n,
					  CLIP_RIG_HEARD - play->n);

		play->n += got;
		if (got)
			continue;
		assert_true(left-- > 0);
		nap();
	}
	/* why comes before the end does */
	(void)loop_call(play->rig->loop, "test", nothing, NULL);
}

static void do_stop(void *arg)
{
	struct clip_rig_play *play = arg;

	play->play = clip_play_stop(play->play);
}

void clip_rig_end(struct clip_rig_play *play)
{
	assert_int_equal(loop_call(play->rig->loop, "test", do_stop, play), 0);
	media_stream_drop(play->stream);
	obj_unref(play->stream);
	g_free(play->heard);
	play->stream = NULL;
}

void clip_rig_assert_count(const struct clip_rig_play *play, size_t at,
			   size_t n, int from)
{
	size_t i;

	assert_true(at + n <= play->n);
	for (i = 0; i < n; ++i)
		if (play->heard[at + i] != (int16_t)(from + (int)i))
			fail_msg("sample %zu is %d, not %d", at + i,
				 play->heard[at + i], from + (int)i);
}

/* ---- uploads ---- */

void clip_rig_upload(struct clip_rig *rig, const char *account_id,
		     const char *id, const char *name, int from, size_t n)
{
	static const char *const rates[] = {"8000.pcm", "16000.pcm"};
	char *db = g_build_filename(rig->dir, "store.sqlite", NULL);
	char *dir = g_build_filename(rig->dir, "media", id, NULL);
	char *sql = sqlite3_mprintf("INSERT INTO media VALUES (%Q, %Q, %Q)", id,
				    account_id, name);
	int16_t *pcm = g_new(int16_t, n);
	sqlite3 *sqlite = NULL;
	size_t i;

	for (i = 0; i < n; ++i)
		pcm[i] = (int16_t)(from + (int)i);
	assert_int_equal(g_mkdir_with_parents(dir, 0700), 0);
	for (i = 0; i < G_N_ELEMENTS(rates); ++i) {
		char *path = g_build_filename(dir, rates[i], NULL);

		assert_true(g_file_set_contents(path, (const char *)pcm,
						(gssize)(n * sizeof(*pcm)),
						NULL));
		g_free(path);
	}
	assert_int_equal(sqlite3_open(db, &sqlite), SQLITE_OK);
	assert_int_equal(sqlite3_exec(sqlite, sql, NULL, NULL, NULL),
			 SQLITE_OK);
	(void)sqlite3_close(sqlite);
	sqlite3_free(sql);
	g_free(pcm);
	g_free(dir);
	g_free(db);
}

void clip_rig_record(struct clip_rig *rig, const char *account_id,
		     const char *id, const char *status, int from, size_t n)
{
	char *db = g_build_filename(rig->dir, "store.sqlite", NULL);
	char *dir = g_build_filename(rig->dir, "recordings", NULL);
	char *name = g_strconcat(id, ".ogg", NULL);
	char *path = g_build_filename(dir, name, NULL);
	char *sql = sqlite3_mprintf("INSERT INTO recording VALUES (%Q, %Q,"
				    " 'ogg', %Q)",
				    id, account_id, status);
	int16_t *pcm = g_new(int16_t, n);
	sqlite3 *sqlite = NULL;
	size_t i;

	for (i = 0; i < n; ++i)
		pcm[i] = (int16_t)(from + (int)i);
	assert_int_equal(g_mkdir_with_parents(dir, 0700), 0);
	assert_true(g_file_set_contents(path, (const char *)pcm,
					(gssize)(n * sizeof(*pcm)), NULL));
	assert_int_equal(sqlite3_open(db, &sqlite), SQLITE_OK);
	assert_int_equal(sqlite3_exec(sqlite, sql, NULL, NULL, NULL),
			 SQLITE_OK);
	(void)sqlite3_close(sqlite);
	sqlite3_free(sql);
	g_free(pcm);
	g_free(path);
	g_free(name);
	g_free(dir);
	g_free(db);
}

void clip_rig_record_is(struct clip_rig *rig, const char *id,
			const char *status)
{
	char *db = g_build_filename(rig->dir, "store.sqlite", NULL);
	char *sql = sqlite3_mprintf("UPDATE recording SET status = %Q"
				    " WHERE id = %Q",
				    status, id);
	sqlite3 *sqlite = NULL;

	assert_int_equal(sqlite3_open(db, &sqlite), SQLITE_OK);
	assert_int_equal(sqlite3_exec(sqlite, sql, NULL, NULL, NULL),
			 SQLITE_OK);
	(void)sqlite3_close(sqlite);
	sqlite3_free(sql);
	g_free(db);
}
