/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "support/render_fake.h"

#include <errno.h>
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "loop/loop.h"

struct render_fake_job {
	struct render_fake *fake;
	struct render_job_params prm;
	int in, out;
	bool canceled;
};

void render_fake_init(struct render_fake *fake)
{
	memset(fake, 0, sizeof(*fake));
	pthread_mutex_init(&fake->mtx, NULL);
	pthread_cond_init(&fake->cond, NULL);
}

void render_fake_clear(struct render_fake *fake)
{
	if (fake->nheld)
		abort(); /* somebody still waits for them */
	pthread_cond_destroy(&fake->cond);
	pthread_mutex_destroy(&fake->mtx);
}

static void convert(struct render_fake_job *job, struct render_result *res)
{
	char text[32] = "";
	ssize_t n = read(job->in, text, sizeof(text) - 1);
	int64_t i, samples;
	int16_t *pcm;

	if (n < 0 || strncmp(text, "RIFF", 4)) {
		res->err = EBADMSG;
		res->code = "undecodable";
		res->why = "no format is known to begin like this";
	}
	if (!strncmp(text, "LONG", 4)) {
		res->err = E2BIG;
		res->code = "too_long";
	} else if (!strncmp(text, "FULL", 4)) {
		res->err = ENOSPC;
		res->code = "render_failed";
	} else if (!strncmp(text, "MUTE", 4)) {
		memset(res, 0, sizeof(*res));
	}
	if (res->err || !strncmp(text, "MUTE", 4))
		return;

	samples = (int64_t)strtoul(text + 4, NULL, 10) * job->prm.rate;
	pcm = g_new(int16_t, (size_t)samples);
	for (i = 0; i < samples; ++i)
		pcm[i] = (int16_t)i;
	if (write(job->out, pcm, (size_t)samples * sizeof(*pcm)) < 0)
		abort();
	g_free(pcm);
	res->samples = samples;
	res->format = "wav";
	res->codec = "pcm_s16le";
}

static void finish(void *arg) /* Thread: loop */
{
	struct render_fake_job *job = arg;
	struct render_result res = {0};

	if (job->canceled) {
		res.err = ECANCELED;
		res.code = "canceled";
	} else {
		convert(job, &res);
	}
	close(job->in);
	close(job->out);
	job->prm.done(job->prm.arg, &res);
	g_free(job);
}

static void post(struct render_fake_job *job)
{
	if (loop_post(job->fake->loop, "render_fake", finish, job))
		abort();
}

int render_fake_start(struct render_job **jobp, struct render *render,
		      const struct render_job_params *prm)
{
	struct render_fake *fake = (struct render_fake *)render;
	struct render_fake_job *job;
	bool hold;

	pthread_mutex_lock(&fake->mtx);
	if (fake->refuse_after && fake->starts >= fake->refuse_after) {
		pthread_mutex_unlock(&fake->mtx);
		close(prm->file->in);
		close(prm->out);
		return EAGAIN;
	}
	++fake->starts;
	job = g_new0(struct render_fake_job, 1);
	job->fake = fake;
	job->prm = *prm;
	job->in = prm->file->in;
	job->out = prm->out;
	hold = fake->hold;
	if (hold) {
		if (fake->nheld == RENDER_FAKE_HELD)
			abort();
		fake->held[fake->nheld++] = job;
		pthread_cond_broadcast(&fake->cond);
	}
	pthread_mutex_unlock(&fake->mtx);

	*jobp = (struct render_job *)job;
	if (!hold)
		post(job);

	return 0;
}

void render_fake_cancel(struct render_job *arg)
{
	struct render_fake_job *job = (struct render_fake_job *)arg;
	struct render_fake *fake = job->fake;
	bool was_held = false;
	unsigned i;

	pthread_mutex_lock(&fake->mtx);
	++fake->cancels;
	job->canceled = true;
	for (i = 0; i < fake->nheld; ++i) {
		if (fake->held[i] != job)
			continue;
		fake->held[i] = fake->held[--fake->nheld];
		was_held = true;
		break;
	}
	pthread_mutex_unlock(&fake->mtx);
	if (was_held)
		post(job);
}

void render_fake_hold(struct render_fake *fake)
{
	pthread_mutex_lock(&fake->mtx);
	fake->hold = true;
	pthread_mutex_unlock(&fake->mtx);
}

void render_fake_wait_held(struct render_fake *fake, unsigned n)
{
	pthread_mutex_lock(&fake->mtx);
	while (fake->nheld < n)
		pthread_cond_wait(&fake->cond, &fake->mtx);
	pthread_mutex_unlock(&fake->mtx);
}

void render_fake_release(struct render_fake *fake)
{
	struct render_fake_job *jobs[RENDER_FAKE_HELD];
	unsigned i, n;

	pthread_mutex_lock(&fake->mtx);
	fake->hold = false;
	n = fake->nheld;
	memcpy(jobs, fake->held, sizeof(jobs));
	fake->nheld = 0;
	pthread_mutex_unlock(&fake->mtx);
	for (i = 0; i < n; ++i)
		post(jobs[i]);
}
