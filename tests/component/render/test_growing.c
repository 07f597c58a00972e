/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Files that are played while they still arrive */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <math.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "support/render_rig.h"

enum {
	RATE = 16000,
	SECONDS = 6,
};

static struct render_rig rig;

static int setup(void **state)
{
	render_rig_open(&rig, NULL);

	return 0;
}

static int teardown(void **state)
{
	render_rig_close(&rig);

	return 0;
}

/* ---- a file that arrives ---- */

struct arrival {
	char *data;
	gsize len, there;
	int fd, pipe; /* ours, to write */
};

/* ffmpeg makes it with these arguments */
static void make(struct arrival *a, const char *args)
{
	char *path = render_rig_path(&rig, "source");
	char *cmd = g_strdup_printf("ffmpeg -nostdin -y -f lavfi -i "
				    "sine=440:d=%d -strict -2 %s %s",
				    SECONDS, args, path);

	memset(a, 0, sizeof(*a));
	assert_true(render_rig_run(&rig, cmd));
	assert_true(g_file_get_contents(path, &a->data, &a->len, NULL));
	g_free(cmd);
	g_free(path);
}

static void begin(struct arrival *a, struct render_outcome *o, bool sized)
{
	int ends[2];
	struct render_file file = {
		.size = sized ? (int64_t)a->len : -1,
		.name_hint = "https://example.com/x.bin",
		.content_type = "application/octet-stream",
	};
	struct render_job_params prm = {
		.file = &file,
		.rate = RATE,
		.max_samples = RATE * 60,
	};

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	a->fd = memfd_create("growing", MFD_CLOEXEC);
	a->pipe = ends[1];
	a->there = 0;
	file.in = fcntl(a->fd, F_DUPFD_CLOEXEC, 3);
	file.growing = ends[0];
	render_rig_start(&rig, o, &prm);
}

static void deliver(struct arrival *a, gsize upto)
{
	if (upto > a->len)
		upto = a->len;
	/* (write: the description's place is ours alone to move) */
	assert_int_equal(write(a->fd, a->data + a->there, upto - a->there),
			 upto - a->there);
	a->there = upto;
	/* who has given up is not told */
	if (write(a->pipe, "+", 1) < 0)
		assert_int_equal(errno, EPIPE);
}

static void finish(struct arrival *a)
{
	close(a->pipe);
	close(a->fd);
	g_free(a->data);
}

static void check_whole(const struct render_outcome *o, const char *what)
{
	if (o->err)
		fail_msg("%s: %s: %s", what, o->code, o->why);
	assert_true(fabs(render_rig_pitch(o->pcm, o->len, RATE) - 440) <= 10);
	if (o->samples < RATE * SECONDS * 95 / 100 ||
	    o->samples > RATE * SECONDS * 105 / 100)
		fail_msg("%s: %lld samples", what, (long long)o->samples);
}

static void test_it_is_heard_before_it_is_there(void **state)
{
	static const char *const kinds[] = {
		"-ar 8000 -f wav",
		"-ar 44100 -f mp3",
		"-ar 48000 -f ogg -c:a libopus",
		"-ar 44100 -f ogg -c:a libvorbis",
		"-ar 44100 -f flac",
		"-ar 44100 -f adts",
		"-ar 44100 -f au",
		"-ar 48000 -f webm -c:a libopus -cluster_time_limit 500",
		"-ar 44100 -f mpegts -c:a mp2",
		"-ar 44100 -c:a aac -movflags +faststart -f mp4",
		("-ar 44100 -c:a aac -movflags +frag_keyframe+empty_moov "
		 "-frag_duration 200000 -f mp4"),
	};
	struct render_outcome o;
	struct arrival a;
	size_t i;

	/* known to be long, or not */
	for (i = 0; i < 2 * G_N_ELEMENTS(kinds); ++i) {
		const char *kind = kinds[i / 2];

		make(&a, kind);
		begin(&a, &o, i % 2);
		/* half is there: so is sound */
		deliver(&a, a.len / 2);
		render_rig_wait_progress(&o, RATE / 10);
		if (render_rig_is_done(&o))
			fail_msg("%s: %s: %s", kind, o.code, o.why);
		deliver(&a, a.len);
		finish(&a);
		render_rig_wait(&o);
		check_whole(&o, kind);
		assert_true(o.progresses >= 2);
		assert_int_equal(o.late, 0);
		render_rig_free(&o);
	}
}

static void test_bytes_may_come_one_by_one(void **state)
{
	struct render_outcome o;
	struct arrival a;
	gsize i;

	make(&a, "-ar 8000 -c:a libopus -b:a 8k -f ogg");
	begin(&a, &o, false);
	for (i = 1; i < a.len; i += i < 600 ? 1 : 97)
		deliver(&a, i);
	deliver(&a, a.len);
	finish(&a);
	render_rig_wait(&o);
	check_whole(&o, "one by one");
	render_rig_free(&o);
}

static void test_a_head_at_the_end_waits_for_it(void **state)
{
	static const char *const kinds[] = {
		"-ar 44100 -c:a aac -f mp4",
		"-ar 44100 -c:a aac -f mov",
	};
	struct render_outcome o;
	struct arrival a;
	size_t i;

	for (i = 0; i < 2 * G_N_ELEMENTS(kinds); ++i) {
		make(&a, kinds[i / 2]);
		begin(&a, &o, i % 2);
		deliver(&a, a.len / 2);
		deliver(&a, a.len - 1);
		deliver(&a, a.len);
		finish(&a);
		render_rig_wait(&o);
		check_whole(&o, kinds[i / 2]);
		render_rig_free(&o);
	}
}

static void test_it_may_be_whole_at_once(void **state)
{
	struct render_outcome o;
	struct arrival a;

	make(&a, "-ar 8000 -f wav");
	begin(&a, &o, true);
	deliver(&a, a.len);
	finish(&a);
	render_rig_wait(&o);
	check_whole(&o, "at once");
	render_rig_free(&o);
}

/* ---- what goes wrong ---- */

static void test_given_up_is_an_error(void **state)
{
	struct render_outcome o;
	struct arrival a;

	/* in the middle */
	make(&a, "-ar 8000 -f wav");
	begin(&a, &o, true);
	deliver(&a, a.len / 2);
	render_rig_wait_progress(&o, RATE);
	assert_int_equal(write(a.pipe, "x", 1), 1);
	render_rig_wait(&o);
	assert_string_equal(o.code, "incomplete");
	assert_int_equal(o.err, ECONNABORTED);
	assert_string_equal(o.why, "the file did not arrive whole");
	/* what came before was heard */
	assert_true(o.samples >= RATE);
	render_rig_free(&o);
	finish(&a);

	/* before anything came */
	make(&a, "-ar 8000 -f wav");
	begin(&a, &o, false);
	assert_int_equal(write(a.pipe, "x", 1), 1);
	render_rig_wait(&o);
	assert_string_equal(o.code, "incomplete");
	assert_int_equal(o.samples, 0);
	render_rig_free(&o);
	finish(&a);
}

static void test_an_end_that_comes_early_ends_it(void **state)
{
	struct render_outcome o;
	struct arrival a;

	/* the size was a lie: what is there is heard */
	make(&a, "-ar 8000 -f wav");
	begin(&a, &o, true);
	deliver(&a, a.len / 2);
	finish(&a);
	render_rig_wait(&o);
	assert_int_equal(o.err, 0);
	assert_true(o.samples > RATE * SECONDS * 4 / 10);
	render_rig_free(&o);

	make(&a, "-ar 8000 -f wav");
	begin(&a, &o, false);
	finish(&a);
	render_rig_wait(&o);
	assert_string_equal(o.code, "undecodable");
	assert_string_equal(o.why, "the file is empty");
	render_rig_free(&o);
}

/* ---- cancel ---- */

/* The process of every job is gone */
static void wait_no_jobs(void)
{
	pid_t pids[8];
	const unsigned n = render_rig_children(getpid(), pids, 8);
	unsigned i;

	assert_true(n <= 8);
	for (i = 0; i < n; ++i)
		while (render_rig_children(pids[i], NULL, 0))
			sched_yield();
}

static void test_cancel_while_it_waits(void **state)
{
	struct render_outcome o;
	struct arrival a;

	make(&a, "-ar 8000 -f wav");
	begin(&a, &o, true);
	deliver(&a, a.len / 2);
	render_rig_wait_progress(&o, RATE);
	render_rig_cancel(&o);
	render_rig_wait(&o);
	assert_string_equal(o.code, "canceled");
	assert_int_equal(o.err, ECANCELED);
	wait_no_jobs();
	/* nobody reads it any more */
	while (write(a.pipe, "+", 1) == 1)
		sched_yield();
	assert_int_equal(errno, EPIPE);
	assert_int_equal(o.done, 1);
	assert_int_equal(o.late, 0);
	render_rig_free(&o);
	finish(&a);
}

static void test_cancel_at_once(void **state)
{
	struct render_outcome o;
	struct arrival a;
	int i;

	for (i = 0; i < 20; ++i) {
		make(&a, "-t 0.1 -ar 8000 -f wav");
		begin(&a, &o, true);
		deliver(&a, a.len);
		render_rig_cancel(&o);
		finish(&a);
		render_rig_wait(&o);
		/* or it had come to its end by then */
		if (o.err)
			assert_string_equal(o.code, "canceled");
		assert_int_equal(o.late, 0);
		render_rig_free(&o);
	}
	wait_no_jobs();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_it_is_heard_before_it_is_there),
		cmocka_unit_test(test_bytes_may_come_one_by_one),
		cmocka_unit_test(test_a_head_at_the_end_waits_for_it),
		cmocka_unit_test(test_it_may_be_whole_at_once),
		cmocka_unit_test(test_given_up_is_an_error),
		cmocka_unit_test(test_an_end_that_comes_early_ends_it),
		cmocka_unit_test(test_cancel_while_it_waits),
		cmocka_unit_test(test_cancel_at_once),
	};

	(void)signal(SIGPIPE, SIG_IGN);

	return cmocka_run_group_tests(tests, setup, teardown);
}
