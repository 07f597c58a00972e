/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The whole way, with the real parts: a web server, libcurl, bifrons-media, the
 * feeder, a leg of media, and what the far end hears
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>

#include "clip/clip.h"
#include "common/obj.h"
#include "fetch/fetch.h"
#include "host/log.h"
#include "media/stream.h"
#include "render/render.h"
#include "support/codec_signal.h"
#include "support/http_peer.h"
#include "support/media_ear.h"
#include "support/render_rig.h"

enum {
	RATE = 44100,
	HZ = 700,
	LEVEL = 12000,
};

struct env {
	struct rig rig;
	struct rig_far far;
	struct rig_leg leg;
	struct fetcher *fetcher;
	struct render *render;
	struct clips *clips;
	struct hpeer *peer;
	char *dir;

	GByteArray *wav;
	atomic_bool trickle; /**< the second half comes when it is heard */
	atomic_bool go;

	struct clip_play *play;
	struct media_stream *stream;
	char code[32];
};

static struct env env;
static struct media_ear ear;

static const struct clip_ops ops = {
	.fetch_start = fetch_start,
	.fetch_cancel = fetch_cancel,
	.render_start = render_job_start,
	.render_cancel = render_job_cancel,
};

static void put(GByteArray *out, uint32_t value, unsigned bytes)
{
	g_byte_array_append(out, (const guint8 *)&value, bytes);
}

/* A sine as a WAV file, stereo */
static GByteArray *make_wav(unsigned ms)
{
	GByteArray *out = g_byte_array_new();
	const uint32_t n = RATE / 1000 * ms, bytes = n * 4;
	int16_t *pcm = g_new(int16_t, n);
	uint32_t i;

	signal_sine(pcm, n, RATE, HZ, LEVEL, 0);
	g_byte_array_append(out, (const guint8 *)"RIFF", 4);
	put(out, 36 + bytes, 4);
	g_byte_array_append(out, (const guint8 *)"WAVEfmt ", 8);
	put(out, 16, 4);
	put(out, 1, 2);
	put(out, 2, 2);
	put(out, RATE, 4);
	put(out, RATE * 4, 4);
	put(out, 4, 2);
	put(out, 16, 2);
	g_byte_array_append(out, (const guint8 *)"data", 4);
	put(out, bytes, 4);
	for (i = 0; i < n; ++i) {
		put(out, (uint16_t)pcm[i], 2);
		put(out, (uint16_t)pcm[i], 2);
	}
	g_free(pcm);

	return out;
}

static void serve(struct hpeer_conn *conn, const struct hpeer_request *req,
		  void *arg)
{
	struct env *e = arg;
	const size_t half = e->wav->len / 2;

	if (strcmp(req->target, "/tone.wav") != 0) {
		hpeer_answer(conn, 404, NULL, "no");
		return;
	}
	if (!e->trickle) {
		hpeer_answer_data(conn, 200, "ETag: \"1\"\r\n", e->wav->data,
				  e->wav->len);
		return;
	}
	hpeer_say(conn, "HTTP/1.1 200 OK\r\nContent-Length: %u\r\n\r\n",
		  e->wav->len);
	hpeer_send(conn, e->wav->data, half);
	while (!e->go)
		if (!hpeer_pause(conn, 5))
			return;
	hpeer_send(conn, e->wav->data + half, e->wav->len - half);
}

static void open_env(enum codec_id id, unsigned ms)
{
	struct fetcher_params fetch = {.allow_private = true};
	struct render_params render = {0};
	struct clips_params prm = {.ops = &ops};
	const struct hpeer_params peer = {.handler = serve, .arg = &env};
	struct media_session sess;
	char *program = render_rig_program();

	memset(&env, 0, sizeof(env));
	rig_open(&env.rig, NULL);
	rig_far_open(&env.far, "127.0.0.1", codec_by_id(id));
	rig_session(&sess, codec_by_id(id), &env.far);
	rig_leg_open(&env.leg, &env.rig, &sess, &env.far);
	media_ear_open(&ear, &env.leg, &env.far);

	env.wav = make_wav(ms);
	env.dir = g_dir_make_tmp("bifrons-heard-XXXXXX", NULL);
	env.peer = hpeer_open(&peer);
	fetch.loop = render.loop = prm.loop = env.rig.loop;
	render.program = program;
	assert_int_equal(fetcher_start(&env.fetcher, &fetch), 0);
	assert_int_equal(render_start(&env.render, &render), 0);
	prm.fetcher = env.fetcher;
	prm.render = env.render;
	prm.data_dir = env.dir;
	assert_int_equal(clips_start(&env.clips, &prm), 0);
	g_free(program);
}

static void remove_dir(const char *path)
{
	char *cache = g_build_filename(path, "cache", NULL);
	GDir *dir = g_dir_open(cache, 0, NULL);
	const char *name;

	while (dir && (name = g_dir_read_name(dir))) {
		char *file = g_build_filename(cache, name, NULL);

		g_unlink(file);
		g_free(file);
	}
	if (dir)
		g_dir_close(dir);
	g_rmdir(cache);
	g_rmdir(path);
	g_free(cache);
}

static void on_stop(void *arg)
{
	env.play = clip_play_stop(env.play);
}

static void close_env(void)
{
	media_ear_close(&ear);
	(void)loop_call(env.rig.loop, "test", on_stop, NULL);
	obj_unref(env.stream);
	rig_leg_close(&env.leg);
	env.clips = clips_stop(env.clips);
	env.fetcher = fetcher_stop(env.fetcher);
	env.render = render_stop(env.render);
	hpeer_close(env.peer);
	rig_far_close(&env.far);
	rig_close(&env.rig);
	g_byte_array_free(env.wav, TRUE);
	remove_dir(env.dir);
	g_free(env.dir);
}

static void on_failed(void *arg, const struct clip_end *end)
{
	g_strlcpy(env.code, end->code, sizeof(env.code));
}

struct starting {
	json_t *urls;
	const struct clip_text *text;
	unsigned loops;
	int err;
};

static void on_start(void *arg)
{
	struct starting *job = arg;
	const struct clip_play_params prm = {
		.account_id = "01890000-0000-7000-8000-000000000001",
		.name = "test",
		.rate = media_leg_rate(env.leg.leg),
		.urls = job->urls,
		.text = job->text,
		.loops = job->loops,
		.failed = on_failed,
	};

	job->err = clip_play_start(&env.play, env.clips, &prm, &env.stream);
}

/* All of it, or as much as may lie there, or a second of what arrives: a
 * decoder that does not get the processor would be heard as a pause */
static void wait_read_ahead(void)
{
	const size_t enough =
		env.trickle ? media_stream_rate(env.stream) : SIZE_MAX;

	while (!media_stream_is_ended(env.stream) &&
	       media_stream_space(env.stream) &&
	       media_stream_fill(env.stream) < enough)
		g_usleep(1000);
}

static void play(const char *more, const struct clip_text *text, unsigned loops)
{
	char *url = hpeer_url(env.peer, "/tone.wav");
	char *other = hpeer_url(env.peer, "/none.wav");
	struct starting job = {.text = text, .loops = loops};

	(void)loop_call(env.rig.loop, "test", on_stop, NULL);
	obj_unref(env.stream);
	job.urls = json_pack("[s]", url);
	if (more && strcmp(more, "none") == 0)
		json_array_append_new(job.urls, json_string(other));
	else if (more)
		json_array_append_new(job.urls, json_string(more));
	assert_int_equal(loop_call(env.rig.loop, "test", on_start, &job), 0);
	assert_int_equal(job.err, 0);
	wait_read_ahead();
	rig_leg_stream(&env.leg, env.stream);
	json_decref(job.urls);
	g_free(url);
	g_free(other);
}

static void a_file_is_heard(enum codec_id id, int jump)
{
	open_env(id, 600);
	play("tone:1300/200", NULL, 2);
	media_ear_until_played(&ear, 1);
	assert_int_equal(env.leg.played_err, 0);
	assert_string_equal(env.code, "");
	assert_in_range(ear.packets, 79, 82); /* 2 × (600 + 200) ms */
	assert_true(media_ear_level(&ear, 50, 550, HZ) > 0.2);
	assert_true(media_ear_level(&ear, 640, 760, 1300) > 0.1);
	assert_true(media_ear_level(&ear, 640, 760, HZ) < 0.05);
	assert_true(media_ear_level(&ear, 850, 1350, HZ) > 0.2);
	assert_true(media_ear_jump(&ear, (size_t)ear.rate / 20,
				   (size_t)ear.rate / 2) < jump);
	assert_int_equal(hpeer_count(env.peer), 1);
	close_env();
}

static void a_file_in_pcmu(void **state)
{
	/* a sine of 12,000 and 700 Hz moves by 6,400 a sample at 8 kHz */
	a_file_is_heard(CODEC_PCMU, 8000);
}

static void a_file_in_opus(void **state)
{
	a_file_is_heard(CODEC_OPUS, 5000);
}

static void it_is_heard_before_it_has_arrived(void **state)
{
	open_env(CODEC_PCMU, 3000);
	env.trickle = true;
	play(NULL, NULL, 1);
	/* a second of it, while the server waits with the other half */
	media_ear_until(&ear, 8000);
	assert_true(media_ear_level(&ear, 100, 900, HZ) > 0.2);
	env.go = true;
	media_ear_until_played(&ear, 1);
	assert_int_equal(env.leg.played_err, 0);
	assert_string_equal(env.code, "");
	assert_true(ear.n > 8000 * 29 / 10);
	close_env();
}

static void a_dead_url_after_a_file(void **state)
{
	open_env(CODEC_PCMU, 400);
	play("none", NULL, 1);
	media_ear_until_played(&ear, 1);
	assert_true(media_ear_level(&ear, 50, 350, HZ) > 0.2);
	assert_int_not_equal(env.leg.played_err, 0);
	assert_string_equal(env.code, "http_status");
	close_env();
}

static void what_is_no_sound(void **state)
{
	open_env(CODEC_PCMU, 400);
	memset(env.wav->data, 0x55, env.wav->len);
	play(NULL, NULL, 1);
	assert_true(rig_wait(&env.leg, &env.leg.nplayed, 1));
	assert_string_equal(env.code, "undecodable");
	close_env();
}

static void speech_is_heard(void **state)
{
	const struct clip_text text = {.text = "Hello, how are you?"};
	size_t first;

	open_env(CODEC_PCMU, 100);
	play(NULL, &text, 1);
	media_ear_until_played(&ear, 1);
	assert_int_equal(env.leg.played_err, 0);
	assert_string_equal(env.code, "");
	assert_true(ear.n > 8000 / 2);
	assert_true(signal_rms(ear.pcm, ear.n) > 500);

	/* and again, out of the cache */
	first = ear.n;
	media_ear_open(&ear, &env.leg, &env.far);
	play(NULL, &text, 1);
	media_ear_until_played(&ear, 2);
	assert_int_equal(ear.n, first);
	close_env();
}

static void nobody_speaks_it(void **state)
{
	const struct clip_text text = {.text = "Hello", .language = "xx-XX"};

	open_env(CODEC_PCMU, 100);
	play(NULL, &text, 1);
	assert_true(rig_wait(&env.leg, &env.leg.nplayed, 1));
	assert_string_equal(env.code, "no_voice");
	close_env();
}

static void quiet(enum log_level level, const char *line)
{
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_in_pcmu),
		cmocka_unit_test(a_file_in_opus),
		cmocka_unit_test(it_is_heard_before_it_has_arrived),
		cmocka_unit_test(a_dead_url_after_a_file),
		cmocka_unit_test(what_is_no_sound),
		cmocka_unit_test(speech_is_heard),
		cmocka_unit_test(nobody_speaks_it),
	};

	log_set_sink(quiet);

	return cmocka_run_group_tests(tests, NULL, NULL);
}
