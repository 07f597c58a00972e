/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Supervisors that die, programs that are none, queues that are full */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "loop/loop.h"
#include "support/render_rig.h"

enum {
	RATE = 8000,
	WAV_HEAD = 44,
};

static struct render_rig rig;

static int teardown(void **state)
{
	if (rig.loop)
		render_rig_close(&rig);
	/* nobody is left over, not even dead */
	assert_int_equal(render_rig_children(getpid(), NULL, 0), 0);
	memset(&rig, 0, sizeof(rig));

	return 0;
}

static void open_rig(unsigned supervisors, unsigned max_jobs,
		     unsigned max_queued)
{
	const struct render_params prm = {
		.supervisors = supervisors,
		.max_jobs = max_jobs,
		.max_queued = max_queued,
	};

	render_rig_open(&rig, &prm);
}

/* ---- a job that goes on until it is told ---- */

struct endless {
	struct render_outcome o;
	int pipe;
};

static int wav(unsigned seconds)
{
	static const uint8_t head[WAV_HEAD] = {
		'R', 'I', 'F',  'F',  0xff, 0xff, 0xff, 0x7f, 'W',  'A',  'V',
		'E', 'f', 'm',  't',  ' ',  16,   0,    0,    0,    1,    0,
		1,   0,   0x40, 0x1f, 0,    0,    0x80, 0x3e, 0,    0,    2,
		0,   16,  0,    'd',  'a',  't',  'a',  0xff, 0xff, 0xff, 0x7e};
	static const int16_t second[RATE];
	const int fd = memfd_create("wav", MFD_CLOEXEC);
	unsigned i;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, head, sizeof(head)), sizeof(head));
	for (i = 0; i < seconds; ++i)
		assert_int_equal(write(fd, second, sizeof(second)),
				 sizeof(second));

	return fd;
}

static void start(struct endless *e)
{
	int ends[2];
	struct render_file file = {.in = wav(2), .size = -1};
	struct render_job_params prm = {
		.file = &file,
		.rate = RATE,
		.max_samples = RATE * 100,
	};

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	file.growing = ends[0];
	e->pipe = ends[1];
	render_rig_start(&rig, &e->o, &prm);
}

static void wait_done(const struct endless *e)
{
	pthread_mutex_lock(&rig.mtx);
	while (!e->o.done)
		pthread_cond_wait(&rig.cond, &rig.mtx);
	pthread_mutex_unlock(&rig.mtx);
}

static void end(struct endless *e, const char *code)
{
	if (e->pipe >= 0)
		close(e->pipe);
	render_rig_wait(&e->o);
	if (strcmp(e->o.code, code) != 0)
		fail_msg("%s: %s", e->o.code, e->o.why);
	assert_int_equal(e->o.done, 1);
	assert_int_equal(e->o.late, 0);
	render_rig_free(&e->o);
}

static void one_more(void)
{
	struct endless e;

	start(&e);
	end(&e, "");
}

/* Until a supervisor has so many jobs; their processes */
static void wait_jobs(pid_t of, unsigned n, pid_t *pids)
{
	while (render_rig_children(of, pids, n) != n)
		sched_yield();
}

/* ---- who dies ---- */

static void test_a_job_that_dies_is_alone(void **state)
{
	struct render_stats st;
	struct endless e[2];
	pid_t super, jobs[2];

	open_rig(1, 0, 0);
	start(&e[0]);
	start(&e[1]);
	render_rig_wait_progress(&e[0].o, RATE);
	render_rig_wait_progress(&e[1].o, RATE);
	assert_int_equal(render_rig_children(getpid(), &super, 1), 1);
	wait_jobs(super, 2, jobs);

	assert_int_equal(kill(jobs[0], SIGKILL), 0);
	pthread_mutex_lock(&rig.mtx);
	while (!e[0].o.done && !e[1].o.done)
		pthread_cond_wait(&rig.cond, &rig.mtx);
	pthread_mutex_unlock(&rig.mtx);
	if (render_rig_is_done(&e[0].o)) {
		assert_string_equal(e[0].o.why,
				    "decoding it broke down (signal 9)");
		end(&e[0], "undecodable");
		end(&e[1], "");
	} else {
		end(&e[1], "undecodable");
		end(&e[0], "");
	}
	render_stats(rig.render, &st);
	assert_int_equal(st.restarts, 0);
	assert_int_equal(st.failed, 1);
}

static void test_a_job_without_end_takes_too_long(void **state)
{
	struct endless e;
	pid_t super, job;

	open_rig(1, 0, 0);
	start(&e);
	render_rig_wait_progress(&e.o, RATE);
	assert_int_equal(render_rig_children(getpid(), &super, 1), 1);
	wait_jobs(super, 1, &job);
	/* what the kernel does after a minute of computing */
	assert_int_equal(kill(job, SIGXCPU), 0);
	wait_done(&e);
	assert_string_equal(e.o.why, "decoding it takes too long");
	assert_int_equal(e.o.err, ETIMEDOUT);
	end(&e, "undecodable");
}

static void test_a_supervisor_that_dies_is_started_again(void **state)
{
	struct render_stats st;
	struct endless e[4];
	pid_t supers[2], jobs[2];
	unsigned i;

	open_rig(2, 0, 0);
	render_rig_wait_up(&rig, 2, 0);
	for (i = 0; i < 4; ++i) {
		start(&e[i]);
		render_rig_wait_progress(&e[i].o, RATE);
	}
	/* its jobs end, the other's go on */
	assert_int_equal(render_rig_children(getpid(), supers, 2), 2);
	wait_jobs(supers[0], 2, jobs);
	assert_int_equal(kill(supers[0], SIGKILL), 0);
	pthread_mutex_lock(&rig.mtx);
	while (e[0].o.done + e[1].o.done + e[2].o.done + e[3].o.done < 2)
		pthread_cond_wait(&rig.cond, &rig.mtx);
	pthread_mutex_unlock(&rig.mtx);
	for (i = 0; i < 4; ++i) {
		if (!render_rig_is_done(&e[i].o))
			continue;
		assert_int_equal(e[i].o.err, EPIPE);
		assert_true(e[i].o.samples >= RATE);
		end(&e[i], "render_failed");
		e[i].pipe = -1;
	}
	/* its processes went with it */
	while (!render_rig_is_gone(jobs[0]) || !render_rig_is_gone(jobs[1]))
		sched_yield();

	render_rig_wait_up(&rig, 2, 1);
	one_more();
	for (i = 0; i < 4; ++i)
		if (e[i].pipe >= 0)
			end(&e[i], "");
	render_stats(rig.render, &st);
	assert_int_equal(st.restarts, 1);
	assert_int_equal(render_rig_children(getpid(), NULL, 0), 2);
}

static void test_it_comes_back_each_time(void **state)
{
	struct endless e;
	pid_t super;
	unsigned i;

	open_rig(1, 0, 0);
	for (i = 0; i < 4; ++i) {
		start(&e);
		render_rig_wait_progress(&e.o, RATE);
		assert_int_equal(render_rig_children(getpid(), &super, 1), 1);
		assert_int_equal(kill(super, SIGKILL), 0);
		/* (told that its file is whole, it might come to its end) */
		wait_done(&e);
		end(&e, "render_failed");
		render_rig_wait_up(&rig, 1, i + 1);
	}
	one_more();
}

static void test_a_supervisor_that_hangs_is_no_trap(void **state)
{
	struct endless e;
	pid_t super;

	open_rig(1, 0, 0);
	render_rig_wait_up(&rig, 1, 0);
	assert_int_equal(render_rig_children(getpid(), &super, 1), 1);
	assert_int_equal(kill(super, SIGSTOP), 0);
	start(&e);
	render_rig_cancel(&e.o);
	end(&e, "canceled");
	/* and it is gone after the stop */
	start(&e);
	render_rig_close(&rig);
	rig.loop = NULL;
	assert_int_equal(e.o.done, 1);
	assert_string_equal(e.o.code, "canceled");
	close(e.pipe);
	close(e.o.out);
}

/* ---- programs that are none ---- */

static int start_with(const char *program)
{
	struct render *render = NULL;
	const struct render_params prm = {
		.loop = rig.loop,
		.program = program,
	};
	const int err = render_start(&render, &prm);

	assert_null(render);

	return err;
}

static void test_a_program_that_is_not_there_is_refused(void **state)
{
	open_rig(1, 0, 0);
	assert_int_equal(start_with("/nonexistent/bifrons-media"), ENOENT);
	assert_int_equal(start_with(NULL), EINVAL);
}

static void test_a_wrong_program_fails_jobs(void **state)
{
	const struct render_params prm = {.program = "/bin/false"};
	struct endless e;

	render_rig_open(&rig, &prm);
	start(&e);
	render_rig_wait(&e.o);
	assert_string_equal(e.o.code, "render_failed");
	assert_string_equal(e.o.why, "bifrons-media does not start");
	end(&e, "render_failed");
}

static void test_by_hand_it_says_what_it_is(void **state)
{
	char *argv[] = {render_rig_program(), NULL};
	char *said = NULL;
	int status = 0;

	assert_true(g_spawn_sync(NULL, argv, NULL, G_SPAWN_DEFAULT, NULL, NULL,
				 NULL, &said, &status, NULL));
	assert_int_equal(WEXITSTATUS(status), 2);
	assert_non_null(strstr(said, "part of Bifrons"));
	g_free(said);
	g_free(argv[0]);
}

/* ---- limits ---- */

static void test_more_wait_and_then_are_refused(void **state)
{
	const unsigned fds = render_rig_fds();
	struct endless e[4];
	struct render_stats st;

	open_rig(1, 2, 1);
	start(&e[0]);
	start(&e[1]);
	start(&e[2]);
	start(&e[3]);
	assert_int_equal(e[3].o.start_err, EAGAIN);
	close(e[3].pipe);
	close(e[3].o.out);
	render_rig_wait_progress(&e[0].o, RATE);
	render_rig_wait_progress(&e[1].o, RATE);
	render_stats(rig.render, &st);
	assert_int_equal(st.running, 2);
	assert_int_equal(st.queued, 1);
	assert_int_equal(e[2].o.progresses, 0);

	end(&e[0], "");
	render_rig_wait_progress(&e[2].o, RATE);
	/* one that waits is canceled too */
	start(&e[0]);
	assert_int_equal(e[0].o.start_err, 0);
	render_rig_cancel(&e[0].o);
	end(&e[0], "canceled");
	end(&e[2], "");
	end(&e[1], "");
	render_rig_close(&rig);
	rig.loop = NULL;
	assert_int_equal(render_rig_fds(), fds);
}

static void test_many_at_once(void **state)
{
	enum {
		MANY = 150
	};
	struct endless *e = g_new0(struct endless, MANY);
	unsigned i;

	open_rig(2, 16, MANY);
	for (i = 0; i < MANY; ++i)
		start(&e[i]);
	for (i = 0; i < MANY; ++i) {
		assert_int_equal(e[i].o.start_err, 0);
		close(e[i].pipe);
		e[i].pipe = -1;
	}
	for (i = 0; i < MANY; ++i) {
		render_rig_wait(&e[i].o);
		assert_int_equal(e[i].o.samples, 2 * RATE);
		end(&e[i], "");
	}
	g_free(e);
}

static void test_nonsense_is_refused_and_closed(void **state)
{
	const unsigned fds = render_rig_fds();
	const struct render_text text = {.text = "Hello"};
	struct render_outcome o;
	struct render_job_params prm;

	open_rig(1, 0, 0);
	/* too slow, neither file nor text, both, no end */
	for (int i = 0; i < 4; ++i) {
		struct render_file file = {
			.in = i ? wav(1) : -1,
			.growing = -1,
		};

		prm = (struct render_job_params){
			.rate = i == 0 ? 4000 : RATE,
			.max_samples = i == 3 ? 0 : 1000,
			.text = i == 0 || i == 2 ? &text : NULL,
			.file = i >= 2 ? &file : NULL,
		};
		render_rig_start(&rig, &o, &prm);
		assert_int_equal(o.start_err, EINVAL);
		if (i == 1) /* it was not told of this one */
			close(file.in);
		render_rig_free(&o);
	}
	render_rig_close(&rig);
	rig.loop = NULL;
	assert_int_equal(render_rig_fds(), fds);
}

static void test_a_full_disk_is_our_fault(void **state)
{
	struct render_file file = {.in = wav(5), .growing = -1, .size = -1};
	struct render_job_params prm = {
		.file = &file,
		.rate = RATE,
		.max_samples = RATE * 100,
	};
	struct render_outcome o;

	open_rig(1, 0, 0);
	prm.out = open("/dev/full", O_WRONLY | O_CLOEXEC);
	render_rig_start(&rig, &o, &prm);
	render_rig_wait(&o);
	assert_string_equal(o.code, "render_failed");
	assert_int_equal(o.err, ENOSPC);
	assert_string_equal(o.why, "the sound cannot be written: No space left "
				   "on device");
	assert_int_equal(o.samples, 0);
	render_rig_free(&o);
	one_more();
}

static void test_too_long_ends_at_the_sample(void **state)
{
	struct render_file file = {.in = wav(5), .growing = -1, .size = -1};
	struct render_job_params prm = {
		.file = &file,
		.rate = RATE,
		.max_samples = 2 * RATE + 7,
	};
	struct render_outcome o;

	open_rig(1, 0, 0);
	render_rig_start(&rig, &o, &prm);
	render_rig_wait(&o);
	assert_string_equal(o.code, "too_long");
	assert_int_equal(o.samples, 2 * RATE + 7);
	assert_int_equal(o.len, 2 * RATE + 7);
	render_rig_free(&o);
}

/* ---- stop ---- */

static void test_stop_ends_everything(void **state)
{
	enum {
		JOBS = 6
	};
	const unsigned fds = render_rig_fds();
	struct endless e[JOBS];
	unsigned i;

	open_rig(2, 4, 10);
	for (i = 0; i < JOBS; ++i)
		start(&e[i]);
	for (i = 0; i < 4; ++i)
		render_rig_wait_progress(&e[i].o, RATE);
	rig.render = render_stop(rig.render);
	/* children are gone, answers come on the loop */
	assert_int_equal(render_rig_children(getpid(), NULL, 0), 0);
	for (i = 0; i < JOBS; ++i)
		end(&e[i], "canceled");
	render_rig_close(&rig);
	rig.loop = NULL;
	assert_int_equal(render_rig_fds(), fds);
}

static void test_few_descriptors_are_enough(void **state)
{
	struct rlimit before, few;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	few = before;
	few.rlim_cur = 128;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	open_rig(1, 2, 2);
	render_rig_wait_up(&rig, 1, 0);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
}

#define T(fn) cmocka_unit_test_teardown(fn, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_a_job_that_dies_is_alone),
		T(test_a_job_without_end_takes_too_long),
		T(test_a_supervisor_that_dies_is_started_again),
		T(test_it_comes_back_each_time),
		T(test_a_supervisor_that_hangs_is_no_trap),
		T(test_a_program_that_is_not_there_is_refused),
		T(test_a_wrong_program_fails_jobs),
		T(test_by_hand_it_says_what_it_is),
		T(test_more_wait_and_then_are_refused),
		T(test_few_descriptors_are_enough),
		T(test_many_at_once),
		T(test_nonsense_is_refused_and_closed),
		T(test_a_full_disk_is_our_fault),
		T(test_too_long_ends_at_the_sample),
		T(test_stop_ends_everything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
