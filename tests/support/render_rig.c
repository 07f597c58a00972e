/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "support/render_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/str.h"
#include "loop/loop.h"
#include "support/codec_signal.h"

char *render_rig_program(void)
{
	const char *dir = g_getenv("BIFRONS_BUILDDIR");

	return g_build_filename(dir ? dir : ".", "bifrons-media", NULL);
}

char *render_rig_path(const struct render_rig *rig, const char *name)
{
	return g_build_filename(rig->dir, name, NULL);
}

void render_rig_open(struct render_rig *rig, const struct render_params *prm)
{
	struct render_params p = prm ? *prm : (struct render_params){0};
	char *program = render_rig_program();

	memset(rig, 0, sizeof(*rig));
	pthread_mutex_init(&rig->mtx, NULL);
	pthread_cond_init(&rig->cond, NULL);
	rig->dir = g_dir_make_tmp("bifrons-render-XXXXXX", NULL);
	assert_non_null(rig->dir);
	assert_int_equal(loop_start(&rig->loop, clock_system()), 0);
	p.loop = rig->loop;
	if (!p.program)
		p.program = program;
	assert_int_equal(render_start(&rig->render, &p), 0);
	g_free(program);
}

static void remove_dir(const char *path)
{
	GDir *dir = g_dir_open(path, 0, NULL);
	const char *name;

	while (dir && (name = g_dir_read_name(dir))) {
		char *file = g_build_filename(path, name, NULL);

		g_unlink(file);
		g_free(file);
	}
	if (dir)
		g_dir_close(dir);
	g_rmdir(path);
}

void render_rig_close(struct render_rig *rig)
{
	rig->render = render_stop(rig->render);
	rig->loop = loop_stop(rig->loop);
	remove_dir(rig->dir);
	g_free(rig->dir);
	pthread_cond_destroy(&rig->cond);
	pthread_mutex_destroy(&rig->mtx);
}

/* ---- jobs ---- */

static void on_progress(void *arg, int64_t samples)
{
	struct render_outcome *o = arg;

	pthread_mutex_lock(&o->rig->mtx);
	++o->progresses;
	o->late += o->done > 0;
	o->progress = samples;
	pthread_cond_broadcast(&o->rig->cond);
	pthread_mutex_unlock(&o->rig->mtx);
}

static void on_done(void *arg, const struct render_result *res)
{
	struct render_outcome *o = arg;

	pthread_mutex_lock(&o->rig->mtx);
	++o->done;
	o->err = res->err;
	o->samples = res->samples;
	str_copy(o->code, sizeof(o->code), res->code);
	str_copy(o->why, sizeof(o->why), res->why);
	str_copy(o->format, sizeof(o->format), res->format);
	str_copy(o->codec, sizeof(o->codec), res->codec);
	pthread_cond_broadcast(&o->rig->cond);
	pthread_mutex_unlock(&o->rig->mtx);
}

struct start {
	struct render_outcome *o;
	struct render_job_params *prm;
};

static void start_on_loop(void *arg)
{
	struct start *s = arg;

	s->o->start_err =
		render_job_start(&s->o->job, s->o->rig->render, s->prm);
}

void render_rig_start(struct render_rig *rig, struct render_outcome *o,
		      struct render_job_params *prm)
{
	struct start s = {o, prm};

	memset(o, 0, sizeof(*o));
	o->rig = rig;
	o->out = -1;
	if (prm->out <= 0) {
		o->out = memfd_create("pcm", MFD_CLOEXEC);
		assert_true(o->out >= 0);
		prm->out = fcntl(o->out, F_DUPFD_CLOEXEC, 3);
	}
	prm->progress = on_progress;
	prm->done = on_done;
	prm->arg = o;
	assert_int_equal(loop_call(rig->loop, "start", start_on_loop, &s), 0);
}

void render_rig_wait(struct render_outcome *o)
{
	struct stat st;

	assert_int_equal(o->start_err, 0);
	pthread_mutex_lock(&o->rig->mtx);
	while (!o->done)
		pthread_cond_wait(&o->rig->cond, &o->rig->mtx);
	pthread_mutex_unlock(&o->rig->mtx);
	if (o->out < 0)
		return;
	assert_int_equal(fstat(o->out, &st), 0);
	o->len = (size_t)st.st_size / sizeof(*o->pcm);
	g_free(o->pcm);
	o->pcm = g_malloc((size_t)st.st_size + 1);
	assert_int_equal(pread(o->out, o->pcm, (size_t)st.st_size, 0),
			 st.st_size);
}

void render_rig_wait_progress(struct render_outcome *o, int64_t samples)
{
	assert_int_equal(o->start_err, 0);
	pthread_mutex_lock(&o->rig->mtx);
	while (!o->done && o->progress < samples)
		pthread_cond_wait(&o->rig->cond, &o->rig->mtx);
	pthread_mutex_unlock(&o->rig->mtx);
}

bool render_rig_is_done(struct render_outcome *o)
{
	bool done;

	pthread_mutex_lock(&o->rig->mtx);
	done = o->done != 0;
	pthread_mutex_unlock(&o->rig->mtx);

	return done;
}

static void cancel_on_loop(void *arg)
{
	struct render_outcome *o = arg;

	/* (the handle is dead after done()) */
	if (!o->done)
		render_job_cancel(o->job);
}

void render_rig_cancel(struct render_outcome *o)
{
	assert_int_equal(loop_call(o->rig->loop, "cancel", cancel_on_loop, o),
			 0);
}

void render_rig_free(struct render_outcome *o)
{
	if (o->out >= 0)
		close(o->out);
	g_free(o->pcm);
	memset(o, 0, sizeof(*o));
}

void render_rig_decode(struct render_rig *rig, struct render_outcome *o,
		       const char *path, unsigned rate)
{
	struct render_file file = {
		.in = open(path, O_RDONLY | O_CLOEXEC),
		.growing = -1,
		.size = -1,
		.name_hint = path,
	};
	struct render_job_params prm = {
		.file = &file,
		.rate = rate,
		.max_samples = (int64_t)rate * 600,
	};

	assert_true(file.in >= 0);
	render_rig_start(rig, o, &prm);
	render_rig_wait(o);
}

void render_rig_speak(struct render_rig *rig, struct render_outcome *o,
		      const struct render_text *text, unsigned rate)
{
	struct render_job_params prm = {
		.text = text,
		.rate = rate,
		.max_samples = (int64_t)rate * 600,
	};

	render_rig_start(rig, o, &prm);
	render_rig_wait(o);
}

/* ---- programs and processes ---- */

bool render_rig_run(const struct render_rig *rig, const char *command)
{
	char **argv = g_strsplit(command, " ", -1), **arg;
	int status = -1;
	bool ok;

	for (arg = argv; *arg; ++arg) {
		char **parts = g_strsplit(*arg, "%", -1);

		g_free(*arg);
		*arg = g_strjoinv(rig->dir, parts);
		g_strfreev(parts);
	}
	ok = g_spawn_sync(NULL, argv, NULL,
			  G_SPAWN_SEARCH_PATH | G_SPAWN_STDOUT_TO_DEV_NULL |
				  G_SPAWN_STDERR_TO_DEV_NULL,
			  NULL, NULL, NULL, NULL, &status, NULL) &&
	     !status;
	g_strfreev(argv);

	return ok;
}

void render_rig_wait_up(struct render_rig *rig, unsigned n, unsigned restarts)
{
	struct render_stats st;

	for (;;) {
		render_stats(rig->render, &st);
		if (st.restarts >= restarts && st.supervisors >= n)
			return;
		sched_yield();
	}
}

/* The parent of a process: behind its name, which may hold anything */
static pid_t parent_of(const char *pid, char *statep)
{
	char *path = g_strdup_printf("/proc/%s/stat", pid);
	char *text = NULL, *p = NULL;
	pid_t parent = 0;

	if (g_file_get_contents(path, &text, NULL, NULL))
		p = strrchr(text, ')');
	if (p && strlen(p) > 4) {
		*statep = p[2];
		parent = (pid_t)strtol(p + 4, NULL, 10);
	}
	g_free(text);
	g_free(path);

	return parent;
}

unsigned render_rig_children(pid_t of, pid_t *pids, unsigned max)
{
	GDir *dir = g_dir_open("/proc", 0, NULL);
	const char *name;
	unsigned n = 0;
	char state = 0;

	while (dir && (name = g_dir_read_name(dir))) {
		if (!g_ascii_isdigit(*name) || parent_of(name, &state) != of ||
		    state == 'Z')
			continue;
		if (n < max)
			pids[n] = (pid_t)strtol(name, NULL, 10);
		++n;
	}
	if (dir)
		g_dir_close(dir);

	return n;
}

bool render_rig_is_gone(pid_t pid)
{
	char *name = g_strdup_printf("%d", (int)pid), state = 0;

	(void)parent_of(name, &state);
	g_free(name);

	return !state || state == 'Z';
}

unsigned render_rig_fds(void)
{
	GDir *dir = g_dir_open("/proc/self/fd", 0, NULL);
	unsigned n = 0;

	while (dir && g_dir_read_name(dir))
		++n;
	if (dir)
		g_dir_close(dir);

	return n;
}

/* ---- what is heard ---- */

double render_rig_pitch(const int16_t *pcm, size_t n, unsigned rate)
{
	const size_t half = rate / 2;
	double best = 0, level = 0, hz;

	/* half a second from the middle */
	if (n > half) {
		pcm += (n - half) / 2;
		n = half;
	}
	for (hz = 100; hz < 3500; hz += 5) {
		const double l = signal_level(pcm, n, rate, hz);

		if (l > level) {
			level = l;
			best = hz;
		}
	}

	return best;
}
