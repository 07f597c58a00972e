/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Files that mean harm, or are broken: each ends its own job */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <glib.h>
#include <math.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "support/render_rig.h"

enum {
	RATE = 16000,
	MUTANTS = 24, /* of each file */
	AT_ONCE = 8,
	MAX_SECONDS = 60,
};

static struct render_rig rig;

static int setup(void **state)
{
	render_rig_open(&rig, NULL);
	render_rig_wait_up(&rig, 2, 0);

	return 0;
}

static int teardown(void **state)
{
	render_rig_close(&rig);

	return 0;
}

/* No supervisor died, and none has a process left */
static void check_supervisors(void)
{
	struct render_stats st;
	pid_t pids[8];
	unsigned n, i;

	render_stats(rig.render, &st);
	assert_int_equal(st.restarts, 0);
	assert_int_equal(st.supervisors, 2);
	assert_int_equal(st.running + st.queued, 0);
	n = render_rig_children(getpid(), pids, 8);
	assert_int_equal(n, 2);
	for (i = 0; i < n; ++i)
		while (render_rig_children(pids[i], NULL, 0))
			sched_yield();
}

/* ---- bytes ---- */

static int file_of(const void *data, size_t len)
{
	const int fd = memfd_create("file", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, data, len, 0), len);

	return fd;
}

static void start(struct render_outcome *o, const void *data, size_t len)
{
	struct render_file file = {
		.in = file_of(data, len),
		.growing = -1,
		.size = -1,
		.name_hint = "upload.bin",
	};
	struct render_job_params prm = {
		.file = &file,
		.rate = RATE,
		.max_samples = (int64_t)RATE * MAX_SECONDS,
	};

	render_rig_start(&rig, o, &prm);
}

static void decode(struct render_outcome *o, const char *text)
{
	start(o, text, strlen(text));
	render_rig_wait(o);
}

/* ---- mutation ---- */

static uint32_t next(uint32_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;

	return *seed;
}

/* Where the structure is, more often than not */
static size_t somewhere(uint32_t *seed, size_t len)
{
	const size_t head = len < 512 ? len : 512;

	return next(seed) % (next(seed) % 3 ? head : len);
}

static void mutate_once(GByteArray *b, uint32_t *seed)
{
	static const uint8_t numbers[][4] = {
		{0xff, 0xff, 0xff, 0xff}, {0, 0, 0, 0},
		{0x7f, 0xff, 0xff, 0xff}, {0xff, 0xff, 0xff, 0x7f},
		{0x80, 0, 0, 0},          {0, 0, 0, 1},
	};
	const size_t at = somewhere(seed, b->len);
	size_t n = next(seed) % 64, i;

	switch (next(seed) % 6) {
	case 0: /* a bit */
		b->data[at] ^= (uint8_t)(1 << next(seed) % 8);
		break;
	case 1: /* a size, a count, a rate */
		if (at + 4 <= b->len)
			memcpy(b->data + at,
			       numbers[next(seed) % G_N_ELEMENTS(numbers)], 4);
		break;
	case 2: /* noise */
		for (i = at; i < b->len && i < at + n; ++i)
			b->data[i] = (uint8_t)next(seed);
		break;
	case 3: /* the end is missing */
		if (at > 16)
			g_byte_array_set_size(b, (guint)at);
		break;
	case 4: /* something is missing */
		if (at + n < b->len)
			g_byte_array_remove_range(b, (guint)at, (guint)n);
		break;
	default: /* something is there twice */
		if (n && at + n < b->len) {
			uint8_t *copy = g_memdup2(b->data + at, n);

			g_byte_array_append(b, copy, (guint)n);
			memmove(b->data + at + n, b->data + at,
				b->len - at - n);
			memcpy(b->data + at, copy, n);
			g_free(copy);
		}
		break;
	}
}

static GByteArray *mutant(const char *data, size_t len, uint32_t seed)
{
	GByteArray *b = g_byte_array_new();
	unsigned times;

	g_byte_array_append(b, (const guint8 *)data, (guint)len);
	times = 1 + next(&seed) % 5;
	while (times--)
		mutate_once(b, &seed);

	return b;
}

static void check_end(const struct render_outcome *o, const char *what,
		      unsigned seed)
{
	static const char *const codes[] = {"", "undecodable", "too_long"};
	size_t i;

	assert_int_equal(o->done, 1);
	assert_int_equal(o->late, 0);
	assert_true(o->samples >= 0);
	assert_true(o->samples <= (int64_t)RATE * MAX_SECONDS);
	assert_true(o->len <= (size_t)RATE * MAX_SECONDS);
	assert_true(*o->code || o->samples > 0);
	for (i = 0; i < G_N_ELEMENTS(codes); ++i)
		if (strcmp(o->code, codes[i]) == 0)
			return;
	fail_msg("%s, seed %u: %s: %s", what, seed, o->code, o->why);
}

static unsigned breed(const char *ending)
{
	char *name = g_strdup_printf("tone.%s", ending);
	char *path = render_rig_path(&rig, name);
	char *cmd = g_strdup_printf("ffmpeg -nostdin -y -f lavfi -i "
				    "sine=440:d=0.6 -ar 48000 -strict -2 %s",
				    path);
	struct render_outcome o[AT_ONCE];
	char *data;
	gsize len;
	unsigned i, n, played = 0;

	assert_true(render_rig_run(&rig, cmd));
	assert_true(g_file_get_contents(path, &data, &len, NULL));
	for (n = 0; n < MUTANTS; n += AT_ONCE) {
		for (i = 0; i < AT_ONCE; ++i) {
			GByteArray *b = mutant(data, len, 7 + n + i);

			start(&o[i], b->data, b->len);
			g_byte_array_unref(b);
		}
		for (i = 0; i < AT_ONCE; ++i) {
			render_rig_wait(&o[i]);
			check_end(&o[i], ending, 7 + n + i);
			played += !o[i].err;
			render_rig_free(&o[i]);
		}
	}
	g_free(data);
	g_free(cmd);
	g_free(path);
	g_free(name);

	return played;
}

static void test_mutants_end_alone(void **state)
{
	static const char *const endings[] = {
		"wav",  "mp3", "ogg",  "opus", "flac", "m4a", "aac",
		"webm", "mka", "aiff", "au",   "caf",  "wma", "avi",
		"ts",   "ac3", "wv",   "tta",  "voc",  "mov"};
	const unsigned fds = render_rig_fds();
	unsigned played = 0;
	size_t i;

	for (i = 0; i < G_N_ELEMENTS(endings); ++i)
		played += breed(endings[i]);
	print_message("# %zu mutants, of which %u are heard\n",
		      G_N_ELEMENTS(endings) * MUTANTS, played);
	check_supervisors();
	assert_int_equal(render_rig_fds(), fds);
}

/* ---- cut off ---- */

static void test_what_is_there_of_a_cut_file_is_heard(void **state)
{
	static const char *const endings[] = {"wav",  "mp3", "ogg",
					      "flac", "aac", "au"};
	char cmd[160], name[16], *path, *data;
	struct render_outcome o;
	gsize len;
	size_t i;

	for (i = 0; i < G_N_ELEMENTS(endings); ++i) {
		snprintf(name, sizeof(name), "cut.%s", endings[i]);
		snprintf(cmd, sizeof(cmd),
			 "ffmpeg -nostdin -y -f lavfi -i sine=440:d=4 %%/%s",
			 name);
		assert_true(render_rig_run(&rig, cmd));
		path = render_rig_path(&rig, name);
		assert_true(g_file_get_contents(path, &data, &len, NULL));
		start(&o, data, len / 2);
		render_rig_wait(&o);
		if (o.err)
			fail_msg("%s: %s: %s", name, o.code, o.why);
		assert_true(o.samples > RATE);
		assert_true(fabs(render_rig_pitch(o.pcm, RATE, RATE) - 440) <=
			    10);
		render_rig_free(&o);
		g_free(data);
		g_free(path);
	}
}

/* ---- what is no sound ---- */

static void test_what_is_no_sound_says_so(void **state)
{
	struct render_outcome o;

	decode(&o, "");
	assert_string_equal(o.code, "undecodable");
	assert_string_equal(o.why, "the file is empty");
	render_rig_free(&o);

	decode(&o, "<html><body>404 Not Found</body></html>");
	assert_string_equal(o.code, "undecodable");
	assert_string_equal(o.why, "this is no sound file of a known format");
	assert_int_equal(o.samples, 0);
	render_rig_free(&o);
}

/* Files that name others: those are not opened */
static void test_lists_lead_nowhere(void **state)
{
	static const char *const lists[] = {
		"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n%s\n"
		"#EXT-X-ENDLIST\n",
		"ffconcat version 1.0\nfile '%s'\n",
		"ffconcat version 1.0\nfile 'file:%s'\n",
		"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\n"
		"t=0 0\nm=audio 9 RTP/AVP 0\na=x:%s\n",
		"<?xml version='1.0'?><MPD xmlns='urn:mpeg:dash:schema:mpd:"
		"2011' type='static'><Period><AdaptationSet "
		"mimeType='audio/mp4'><Representation><BaseURL>%s</BaseURL>"
		"</Representation></AdaptationSet></Period></MPD>",
	};
	struct render_outcome o;
	char *path = render_rig_path(&rig, "secret.wav");
	size_t i;

	assert_true(render_rig_run(
		&rig,
		"ffmpeg -nostdin -y -f lavfi -i sine=440:d=1 %/secret.wav"));
	for (i = 0; i < G_N_ELEMENTS(lists); ++i) {
		char **parts = g_strsplit(lists[i], "%s", -1);
		char *text = g_strjoinv(path, parts);

		decode(&o, text);
		assert_string_equal(o.code, "undecodable");
		assert_int_equal(o.samples, 0);
		render_rig_free(&o);
		g_free(text);
		g_strfreev(parts);
	}
	g_free(path);
}

/* ---- bombs ---- */

static void test_a_small_file_of_endless_sound_is_cut(void **state)
{
	struct render_outcome o;
	char *path = render_rig_path(&rig, "bomb.flac"), *data;
	gsize len;

	assert_true(render_rig_run(&rig, "ffmpeg -nostdin -y -f lavfi -i "
					 "anullsrc=r=8000:cl=mono -t 3600 "
					 "%/bomb.flac"));
	assert_true(g_file_get_contents(path, &data, &len, NULL));
	start(&o, data, len);
	render_rig_wait(&o);
	assert_string_equal(o.code, "too_long");
	assert_string_equal(o.why, "it is longer than 60 s");
	assert_int_equal(o.samples, RATE * MAX_SECONDS);
	assert_int_equal(o.len, RATE * MAX_SECONDS);
	render_rig_free(&o);
	g_free(data);
	g_free(path);
	check_supervisors();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mutants_end_alone),
		cmocka_unit_test(test_what_is_there_of_a_cut_file_is_heard),
		cmocka_unit_test(test_what_is_no_sound_says_so),
		cmocka_unit_test(test_lists_lead_nowhere),
		cmocka_unit_test(test_a_small_file_of_endless_sound_is_cut),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
