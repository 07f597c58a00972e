/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From taps to files that others can play, whatever happens on the way */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/obj.h"
#include "common/str.h"
#include "loop/loop.h"
#include "media/tap.h"
#include "record/record.h"
#include "support/codec_signal.h"
#include "support/render_rig.h"

#define ID "01900000-0000-7000-8000-000000000001"

enum {
	LEFT_HZ = 440,
	RIGHT_HZ = 1000,
	LEVEL = 8000,
};

/* ---- a recorder in a folder ---- */

struct rig {
	char *dir;
	struct loop *loop;
	struct recorder *recorder;

	pthread_mutex_t mtx;
	pthread_cond_t cond;
	unsigned done; /* under mtx, with the next */
	struct recording_result res;

	struct recording *rec;
	int start_err;
};

static struct rig rig;

static void start_in(const char *dir, unsigned flush_ms)
{
	struct recorder_params prm = {.flush_ms = flush_ms, .patience_ms = 100};

	memset(&rig, 0, sizeof(rig));
	rig.dir = g_strdup(dir);
	pthread_mutex_init(&rig.mtx, NULL);
	pthread_cond_init(&rig.cond, NULL);
	assert_int_equal(loop_start(&rig.loop, clock_system()), 0);
	prm.loop = rig.loop;
	prm.data_dir = dir;
	assert_int_equal(recorder_start(&rig.recorder, &prm), 0);
}

static int setup(void **state)
{
	char *dir = g_dir_make_tmp("bifrons-record-XXXXXX", NULL);

	start_in(dir, 10);
	g_free(dir);

	return 0;
}

static void remove_folder(const char *path)
{
	GDir *dir = g_dir_open(path, 0, NULL);
	const char *name;

	while (dir && (name = g_dir_read_name(dir))) {
		char *file = g_build_filename(path, name, NULL);

		if (g_file_test(file, G_FILE_TEST_IS_DIR))
			remove_folder(file);
		else
			g_unlink(file);
		g_free(file);
	}
	if (dir)
		g_dir_close(dir);
	g_rmdir(path);
}

static int teardown(void **state)
{
	rig.recorder = recorder_stop(rig.recorder);
	rig.loop = loop_stop(rig.loop);
	remove_folder(rig.dir);
	g_free(rig.dir);
	pthread_cond_destroy(&rig.cond);
	pthread_mutex_destroy(&rig.mtx);

	return 0;
}

static void on_done(void *arg, const struct recording_result *res)
{
	pthread_mutex_lock(&rig.mtx);
	rig.res = *res;
	++rig.done;
	pthread_cond_broadcast(&rig.cond);
	pthread_mutex_unlock(&rig.mtx);
}

static void start_on_loop(void *arg)
{
	rig.start_err = recording_start(&rig.rec, rig.recorder, arg);
}

static void record(struct media_tap *tap, enum record_format format,
		   unsigned channels)
{
	struct recording_params prm = {
		.id = ID,
		.format = format,
		.channels = channels,
		.tap = tap,
		.done = on_done,
	};

	rig.done = 0;
	assert_int_equal(loop_call(rig.loop, "start", start_on_loop, &prm), 0);
	assert_int_equal(rig.start_err, 0);
}

static void wait_done(void)
{
	pthread_mutex_lock(&rig.mtx);
	while (!rig.done)
		pthread_cond_wait(&rig.cond, &rig.mtx);
	pthread_mutex_unlock(&rig.mtx);
}

static struct media_tap *new_tap(unsigned rate, unsigned channels)
{
	const struct media_tap_params prm = {.rate = rate,
					     .channels = channels};
	struct media_tap *tap = NULL;

	assert_int_equal(media_tap_alloc(&tap, &prm), 0);

	return tap;
}

/* A second of silence, then both sides begin in the same sample */
static void say(struct media_tap *tap, unsigned ms)
{
	const unsigned rate = media_tap_rate(tap), n = rate / 50;
	int16_t *said = g_new(int16_t, n), *heard = g_new(int16_t, n);

	for (unsigned at = 0; at < ms; at += 20) {
		signal_sine(said, n, rate, LEFT_HZ, LEVEL, rate / 1000 * at);
		signal_sine(heard, n, rate, RIGHT_HZ, LEVEL, rate / 1000 * at);
		media_tap_put(tap, at < 1000 ? NULL : said,
			      at < 1000 ? NULL : heard, NULL);
	}
	g_free(said);
	g_free(heard);
}

/* ---- what others read in it ---- */

struct sound {
	int16_t *left, *right; /* right NULL: mono */
	size_t n;
};

static char *path_of(enum record_format format)
{
	char name[RECORD_PATH_SIZE];

	record_path(name, ID, format);

	return g_build_filename(rig.dir, name, NULL);
}

static void decode(struct sound *sound, enum record_format format,
		   unsigned rate, unsigned channels)
{
	struct render_rig shell = {.dir = rig.dir};
	char *path = path_of(format), *pcm = NULL;
	char *out = g_build_filename(rig.dir, "out.pcm", NULL);
	char *cmd = g_strdup_printf("ffmpeg -v error -xerror -y -i %s -f s16le "
				    "-ac %u -ar %u %s",
				    path, channels, rate, out);
	const int16_t *all;
	gsize len = 0;

	assert_true(render_rig_run(&shell, cmd));
	assert_true(g_file_get_contents(out, &pcm, &len, NULL));
	all = (const int16_t *)(const void *)pcm;
	sound->n = len / 2 / channels;
	sound->left = g_new0(int16_t, sound->n + 1);
	sound->right = channels == 2 ? g_new0(int16_t, sound->n + 1) : NULL;
	for (size_t i = 0; i < sound->n; ++i) {
		sound->left[i] = all[i * channels];
		if (sound->right)
			sound->right[i] = all[i * channels + 1];
	}
	g_free(pcm);
	g_free(cmd);
	g_free(out);
	g_free(path);
}

static void sound_clear(struct sound *sound)
{
	g_free(sound->left);
	g_free(sound->right);
}

/* Where it becomes loud */
static size_t onset(const int16_t *pcm, size_t n)
{
	size_t i;

	for (i = 0; i < n && abs(pcm[i]) < LEVEL / 4; ++i)
		;

	return i;
}

static void expect_near(int64_t got, int64_t want, int64_t off)
{
	assert_in_range(got, want - MIN(off, want), want + off);
}

static const struct {
	unsigned rate, channels;
} kinds[] = {{8000, 1}, {16000, 2}, {48000, 2}};

static void check_sides(const struct sound *sound, unsigned rate,
			size_t padding, size_t slack)
{
	const size_t from = rate * 3 / 2, n = rate / 2;

	expect_near((int64_t)onset(sound->left, sound->n),
		    (int64_t)(rate + padding), (int64_t)slack);
	assert_true(signal_level(sound->left + from, n, rate, LEFT_HZ) >
		    LEVEL / 2.);
	if (!sound->right) {
		assert_true(signal_level(sound->left + from, n, rate,
					 RIGHT_HZ) > LEVEL / 2.);
		return;
	}
	expect_near((int64_t)onset(sound->right, sound->n),
		    (int64_t)onset(sound->left, sound->n), rate / 500);
	assert_true(signal_level(sound->right + from, n, rate, RIGHT_HZ) >
		    LEVEL / 2.);
	/* and nothing of one in the other */
	assert_true(signal_level(sound->left + from, n, rate, RIGHT_HZ) <
		    LEVEL / 20.);
	assert_true(signal_level(sound->right + from, n, rate, LEFT_HZ) <
		    LEVEL / 20.);
}

static void try_format(enum record_format format, size_t kind, unsigned ms)
{
	const unsigned rate = kinds[kind].rate, chs = kinds[kind].channels;
	struct media_tap *tap = new_tap(rate, chs);
	const bool is_mp3 = format == RECORD_MP3;
	char *path = path_of(format);
	struct sound sound;
	GStatBuf st;

	record(tap, format, chs);
	say(tap, ms);
	media_tap_finish(tap);
	wait_done();
	assert_int_equal(rig.res.err, 0);
	assert_int_equal(rig.res.lost, 0);
	assert_int_equal(rig.res.duration_ms, ms);
	assert_int_equal(g_stat(path, &st), 0);
	assert_int_equal(rig.res.size_bytes, st.st_size);

	decode(&sound, format, rate, chs);
	/* an MP3 begins and ends with what its encoder held back */
	if (is_mp3)
		expect_near((int64_t)sound.n, rate / 1000 * ms, rate / 3);
	else
		assert_int_equal(sound.n, rate / 1000 * ms);
	check_sides(&sound, rate, is_mp3 ? 1105 : 0,
		    is_mp3 ? 1200 : rate / 100);
	sound_clear(&sound);
	assert_int_equal(record_remove(rig.dir, ID, format), 0);
	assert_int_equal(record_remove(rig.dir, ID, format), 0);
	obj_unref(tap);
	g_free(path);
}

static void test_formats(void **state)
{
	for (size_t kind = 0; kind < G_N_ELEMENTS(kinds); ++kind)
		for (int f = 0; f < RECORD_NFORMATS; ++f)
			try_format((enum record_format)f, kind, 2980);
}

/* To the sample, and as it was */
static void test_wav_is_exact(void **state)
{
	struct media_tap *tap = new_tap(16000, 2);
	char *path = path_of(RECORD_WAV), *all = NULL;
	int16_t said[320], heard[320];
	const int16_t *pcm;
	gsize len = 0;

	record(tap, RECORD_WAV, 2);
	for (int i = 0; i < 100; ++i) {
		for (int k = 0; k < 320; ++k) {
			said[k] = (int16_t)(i * 320 + k);
			heard[k] = (int16_t)~said[k];
		}
		media_tap_put(tap, said, heard, NULL);
	}
	media_tap_finish(tap);
	wait_done();
	assert_true(g_file_get_contents(path, &all, &len, NULL));
	assert_int_equal(len, 44 + 32000 * 4);
	pcm = (const int16_t *)(const void *)(all + 44);
	for (int i = 0; i < 32000; ++i) {
		assert_int_equal(pcm[2 * i], i);
		assert_int_equal(pcm[2 * i + 1], (int16_t)~i);
	}
	g_free(all);
	g_free(path);
	obj_unref(tap);
}

static void test_nothing_at_all(void **state)
{
	for (int f = 0; f < RECORD_NFORMATS; ++f) {
		struct media_tap *tap = new_tap(8000, 1);
		struct recording_result res;

		record(tap, (enum record_format)f, 1);
		media_tap_finish(tap);
		wait_done();
		assert_int_equal(rig.res.err, 0);
		assert_int_equal(rig.res.duration_ms, 0);
		assert_int_equal(recorder_repair(rig.recorder, ID,
						 (enum record_format)f, &res),
				 0);
		obj_unref(tap);
	}
}

static void test_stopping_closes_what_runs(void **state)
{
	struct media_tap *tap = new_tap(8000, 1);

	record(tap, RECORD_WAV, 1);
	say(tap, 2000);
	rig.recorder = recorder_stop(rig.recorder);
	wait_done();
	assert_int_equal(rig.res.err, 0);
	assert_int_equal(rig.res.duration_ms, 2000);
	obj_unref(tap);
}

static void end_on_loop(void *arg)
{
	recording_end(rig.rec);
}

/* The media thread never says that it is over: it ends all the same */
static void test_a_tap_that_does_not_end(void **state)
{
	struct media_tap *tap = new_tap(8000, 1);

	record(tap, RECORD_WAV, 1);
	say(tap, 100);
	assert_int_equal(loop_call(rig.loop, "end", end_on_loop, NULL), 0);
	wait_done();
	assert_int_equal(rig.res.err, 0);
	assert_int_equal(rig.res.duration_ms, 100);
	obj_unref(tap);
}

static void test_a_file_that_cannot_be_made(void **state)
{
	struct media_tap *tap = new_tap(8000, 1);
	char *path = path_of(RECORD_OGG), *got = NULL;

	/* nobody's recording is written over */
	assert_true(g_file_set_contents(path, "x", 1, NULL));
	record(tap, RECORD_OGG, 1);
	wait_done();
	assert_int_equal(rig.res.err, EEXIST);
	assert_int_equal(rig.res.size_bytes, 0);
	assert_true(g_file_get_contents(path, &got, NULL, NULL));
	assert_string_equal(got, "x");
	g_free(got);
	g_free(path);
	obj_unref(tap);
}

/* A file may not grow beyond this: as good as a full disk */
static void test_a_full_disk(void **state)
{
	struct rlimit old, small;

	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	small = old;
	small.rlim_cur = 7001;
	for (int f = 0; f < RECORD_NFORMATS; ++f) {
		const enum record_format format = (enum record_format)f;
		struct media_tap *tap = new_tap(48000, 2);
		struct sound sound;

		assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
		record(tap, format, 2);
		say(tap, 3000);
		wait_done(); /* the tap has not ended */
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
		assert_int_equal(rig.res.err, EFBIG);
		assert_in_range(rig.res.size_bytes, 1000, 7001);
		assert_in_range(rig.res.duration_ms, 30, 2000);
		decode(&sound, format, 48000, 2);
		expect_near((int64_t)sound.n, rig.res.duration_ms * 48,
			    format == RECORD_MP3 ? 4000 : 960);
		sound_clear(&sound);
		obj_unref(tap);
	}
}

/* ---- kill -9 ---- */

/* The child: it says when a second and a half must be in the file, and goes on
 */
static int child(const char *dir, enum record_format format)
{
	struct media_tap *tap = new_tap(16000, 2);
	struct recorder_stats st;
	uint64_t rounds;

	start_in(dir, 10);
	record(tap, format, 2);
	say(tap, 3000);
	recorder_stats(rig.recorder, &st);
	rounds = st.rounds;
	while (st.rounds < rounds + 2) {
		g_usleep(1000);
		recorder_stats(rig.recorder, &st);
	}
	if (write(STDOUT_FILENO, "x", 1) != 1)
		return 1;
	for (;;) {
		say(tap, 100);
		g_usleep(1000);
	}
}

static void kill_one(enum record_format format)
{
	char name[2] = {(char)('0' + format), '\0'}, ready;
	char *argv[] = {(char *)"test_recorder", rig.dir, name, NULL};
	posix_spawn_file_actions_t acts;
	struct recording_result res;
	struct sound sound;
	int fds[2], status;
	pid_t pid;

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	posix_spawn_file_actions_init(&acts);
	posix_spawn_file_actions_adddup2(&acts, fds[1], STDOUT_FILENO);
	assert_int_equal(
		posix_spawn(&pid, "/proc/self/exe", &acts, NULL, argv, environ),
		0);
	posix_spawn_file_actions_destroy(&acts);
	close(fds[1]);
	assert_int_equal(read(fds[0], &ready, 1), 1);
	close(fds[0]);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);

	if (format == RECORD_WAV) { /* as it was left: playable already */
		decode(&sound, format, 16000, 2);
		assert_true(sound.n >= 2 * 16000);
		sound_clear(&sound);
	}
	assert_int_equal(recorder_repair(rig.recorder, ID, format, &res), 0);
	assert_true(res.duration_ms >= 2000);
	decode(&sound, format, 16000, 2);
	expect_near((int64_t)sound.n, res.duration_ms * 16, 2000);
	check_sides(&sound, 16000, format == RECORD_MP3 ? 1105 : 0,
		    format == RECORD_MP3 ? 1200 : 160);
	sound_clear(&sound);
}

static void test_kill(void **state)
{
	for (int f = 0; f < RECORD_NFORMATS; ++f)
		kill_one((enum record_format)f);
}

/* Cut anywhere, or with garbage in it: what is whole before it stays, and a
 * second repair changes nothing */
static void test_repair_of_anything(void **state)
{
	for (int f = 0; f < RECORD_NFORMATS; ++f) {
		const enum record_format format = (enum record_format)f;
		struct media_tap *tap = new_tap(8000, 1);
		char *path = path_of(format), *all = NULL;
		struct recording_result one, two;
		gsize len = 0, cut;

		record(tap, format, 1);
		say(tap, 2000);
		media_tap_finish(tap);
		wait_done();
		assert_true(g_file_get_contents(path, &all, &len, NULL));
		for (cut = 0; cut < len; cut += 1 + len / 50) {
			int err;

			g_file_set_contents(path, all, (gssize)cut, NULL);
			err = recorder_repair(rig.recorder, ID, format, &one);
			assert_true(err == 0 || err == EBADMSG);
			if (err)
				continue;
			assert_true((gsize)one.size_bytes <= MAX(cut, 44));
			assert_int_equal(
				recorder_repair(rig.recorder, ID, format, &two),
				0);
			assert_memory_equal(&one, &two, sizeof(one));
		}
		for (cut = 0; cut < len; cut += 1 + len / 50) {
			const char was = all[cut];

			all[cut] = (char)~was;
			g_file_set_contents(path, all, (gssize)len, NULL);
			all[cut] = was;
			(void)recorder_repair(rig.recorder, ID, format, &one);
		}
		g_free(all);
		g_free(path);
		obj_unref(tap);
	}
}

static void test_names(void **state)
{
	enum record_format format = RECORD_WAV;
	char path[RECORD_PATH_SIZE];

	assert_int_equal(record_format_by_name("mp3", &format), 0);
	assert_int_equal(format, RECORD_MP3);
	assert_int_equal(record_format_by_name("webm", &format), EINVAL);
	assert_int_equal(record_format_by_name(NULL, &format), EINVAL);
	assert_string_equal(record_content_type(RECORD_OGG), "audio/ogg");
	record_path(path, ID, RECORD_OGG);
	assert_string_equal(path, "recordings/" ID ".ogg");
}

#define WITH_RIG(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		WITH_RIG(test_formats),
		WITH_RIG(test_wav_is_exact),
		WITH_RIG(test_nothing_at_all),
		WITH_RIG(test_stopping_closes_what_runs),
		WITH_RIG(test_a_tap_that_does_not_end),
		WITH_RIG(test_a_file_that_cannot_be_made),
		WITH_RIG(test_a_full_disk),
		WITH_RIG(test_kill),
		WITH_RIG(test_repair_of_anything),
	};

	if (argc == 3)
		return child(argv[1], (enum record_format)(argv[2][0] - '0'));

	return cmocka_run_group_tests(tests, NULL, NULL);
}
