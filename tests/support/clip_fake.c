/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "support/clip_fake.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "clip/clip_priv.h"
#include "common/str.h"
#include "loop/loop.h"
#include "support/clip_rig.h"

/* Under mtx. A failure leaves the test: not with what others need. */
static void wait_on(struct clip_rig *rig)
{
	struct timespec until;
	int err;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += CLIP_RIG_WAIT_MS / 1000;
	err = pthread_cond_timedwait(&rig->cond, &rig->mtx, &until);
	if (!err)
		return;
	pthread_mutex_unlock(&rig->mtx);
	fail_msg("nothing happened for %d ms", CLIP_RIG_WAIT_MS);
}

/* ---- the web server ---- */

static int fetch_begin(struct fetch **fetchp, struct fetcher *fetcher,
		       const struct fetch_params *prm)
{
	struct clip_rig *rig = (struct clip_rig *)fetcher;
	struct clip_rig_req *req;
	int err;

	pthread_mutex_lock(&rig->mtx);
	err = rig->refuse_fetch;
	rig->refuse_fetch = 0;
	if (!err && rig->nreqs == CLIP_RIG_REQS)
		abort(); /* this is the loop's thread: no test to fail */
	if (!err) {
		req = &rig->reqs[rig->nreqs++];
		g_strlcpy(req->url, prm->url, sizeof(req->url));
		g_strlcpy(req->method, prm->method ? prm->method : "GET",
			  sizeof(req->method));
		g_strlcpy(req->etag,
			  prm->if_none_match ? prm->if_none_match : "",
			  sizeof(req->etag));
		g_strlcpy(req->owner, prm->owner ? prm->owner : "",
			  sizeof(req->owner));
		if (prm->body)
			g_strlcpy(req->body, prm->body, sizeof(req->body));
		if (prm->headers && prm->headers[0] && prm->headers[1])
			g_strlcpy(req->auth, prm->headers[1],
				  sizeof(req->auth));
		req->rig = rig;
		req->fd = prm->fd;
		req->progress = prm->progress;
		req->done = prm->done;
		req->arg = prm->arg;
		req->waiting = true;
		*fetchp = (struct fetch *)req;
	}
	pthread_cond_broadcast(&rig->cond);
	pthread_mutex_unlock(&rig->mtx);

	return err;
}

struct ending {
	struct clip_rig_req req;
	struct fetch_result res;
	char etag[64];
};

static void on_end(void *arg) /* Thread: loop */
{
	struct ending *end = arg;

	end->res.etag = end->etag[0] ? end->etag : NULL;
	end->req.done(end->req.arg, &end->res);
	g_free(end);
}

static void end_request(struct clip_rig *rig, struct clip_rig_req *req,
			const struct clip_rig_answer *answer)
{
	struct ending *end = g_new0(struct ending, 1);

	end->req = *req;
	end->res.err = answer->err;
	end->res.code = answer->code;
	end->res.why = answer->code ? "as the test says" : NULL;
	end->res.status = answer->status;
	end->res.max_age_s = answer->max_age_s;
	end->res.no_store = answer->no_store;
	end->res.body_len = (size_t)req->bytes;
	g_strlcpy(end->etag, answer->etag ? answer->etag : "",
		  sizeof(end->etag));
	req->waiting = false;
	(void)loop_post(rig->loop, "fake_fetched", on_end, end);
}

static void fetch_stop(struct fetch *fetch)
{
	static const struct clip_rig_answer canceled = {.err = ECANCELED,
							.code = "canceled"};
	struct clip_rig_req *req = (struct clip_rig_req *)fetch;
	struct clip_rig *rig = req->rig;

	pthread_mutex_lock(&rig->mtx);
	req->canceled = true;
	if (req->waiting)
		end_request(rig, req, &canceled);
	pthread_cond_broadcast(&rig->cond);
	pthread_mutex_unlock(&rig->mtx);
}

struct clip_rig_req *clip_rig_request(struct clip_rig *rig, unsigned n)
{
	struct clip_rig_req *req;

	pthread_mutex_lock(&rig->mtx);
	while (rig->nreqs < n)
		wait_on(rig);
	req = &rig->reqs[n - 1];
	pthread_mutex_unlock(&rig->mtx);

	return req;
}

void clip_rig_send(struct clip_rig *rig, struct clip_rig_req *req,
		   const int16_t *pcm, size_t n)
{
	const ssize_t len = (ssize_t)(n * sizeof(*pcm));
	ssize_t wrote = len;

	/* this thread is the fetch's; who was canceled hears no more */
	pthread_mutex_lock(&rig->mtx);
	if (req->waiting) {
		wrote = write(req->fd, pcm, (size_t)len);
		req->bytes += len;
		req->progress(req->arg, req->bytes, -1);
	}
	pthread_mutex_unlock(&rig->mtx);
	assert_int_equal(wrote, len);
}

void clip_rig_answer(struct clip_rig *rig, struct clip_rig_req *req,
		     const struct clip_rig_answer *answer)
{
	pthread_mutex_lock(&rig->mtx);
	if (req->waiting)
		end_request(rig, req, answer);
	pthread_mutex_unlock(&rig->mtx);
}

void clip_rig_serve(struct clip_rig *rig, struct clip_rig_req *req, int from,
		    size_t n, const struct clip_rig_answer *answer)
{
	static const struct clip_rig_answer plain = {.status = 200,
						     .max_age_s = -1};
	int16_t *pcm = g_new(int16_t, n);
	size_t i;

	for (i = 0; i < n; ++i)
		pcm[i] = (int16_t)(from + (int)i);
	clip_rig_send(rig, req, pcm, n);
	clip_rig_answer(rig, req, answer ? answer : &plain);
	g_free(pcm);
}

void clip_rig_wait_canceled(struct clip_rig *rig, struct clip_rig_req *req)
{
	pthread_mutex_lock(&rig->mtx);
	while (!req->canceled)
		wait_on(rig);
	pthread_mutex_unlock(&rig->mtx);
}

/* ---- the decoder ---- */

struct render_job {
	struct clip_rig *rig;
	pthread_t tid;
	struct render_job_params prm;
	int in, growing;
	char *text;
	atomic_bool canceled;
	int64_t samples;
	int err;
	const char *code;
};

struct word {
	struct render_job *job;
	int64_t samples;
};

static void on_samples(void *arg) /* Thread: loop */
{
	struct word *word = arg;

	word->job->prm.progress(word->job->prm.arg, word->samples);
	g_free(word);
}

static void on_rendered(void *arg) /* Thread: loop */
{
	struct render_job *job = arg;
	const struct render_result res = {
		.err = job->err,
		.code = job->code,
		.why = job->code ? "as the test says" : NULL,
		.samples = job->samples,
	};

	pthread_join(job->tid, NULL); /* this was its last word */
	job->prm.done(job->prm.arg, &res);
	pthread_mutex_lock(&job->rig->mtx);
	--job->rig->njobs;
	pthread_cond_broadcast(&job->rig->cond);
	pthread_mutex_unlock(&job->rig->mtx);
	g_free(job->text);
	g_free(job);
}

static void put_out(struct render_job *job, const int16_t *pcm, size_t n)
{
	const ssize_t len = (ssize_t)(n * sizeof(*pcm));
	struct word *word = g_new(struct word, 1);

	if (write(job->prm.out, pcm, (size_t)len) != len)
		abort();
	job->samples += (int64_t)n;
	*word = (struct word){job, job->samples};
	(void)loop_post(job->rig->loop, "fake_samples", on_samples, word);
}

static void fail_job(struct render_job *job, const char *code)
{
	job->err = EBADMSG;
	job->code = code;
}

/* All that is in the file now */
static void decode(struct render_job *job)
{
	int16_t pcm[512];
	ssize_t len;
	size_t n, i;

	while (!job->code && (len = read(job->in, pcm, sizeof(pcm))) > 0) {
		n = (size_t)len / sizeof(*pcm);
		if (!job->samples && len >= 3 && memcmp(pcm, "BAD", 3) == 0) {
			fail_job(job, "undecodable");
			return;
		}
		for (i = 0; i < n && pcm[i] != CLIP_RIG_POISON; ++i)
			;
		if (i)
			put_out(job, pcm, i);
		if (i < n)
			fail_job(job, "undecodable");
	}
}

static void decode_growing(struct render_job *job)
{
	char words[64];
	ssize_t n;

	while (!job->code && !atomic_load(&job->canceled)) {
		n = read(job->growing, words, sizeof(words));
		decode(job);
		if (n <= 0)
			return;
		if (memchr(words, 'x', (size_t)n) && !job->code)
			fail_job(job, "incomplete");
	}
}

static void speak(struct render_job *job)
{
	int16_t pcm[CLIP_RIG_SPEECH];
	int i;

	if (strcmp(job->text, "dumb") == 0) {
		fail_job(job, "no_voice");
		return;
	}
	for (i = 0; i < CLIP_RIG_SPEECH; ++i)
		pcm[i] = (int16_t)i;
	put_out(job, pcm, CLIP_RIG_SPEECH);
}

static void *decoder(void *arg)
{
	struct render_job *job = arg;
	bool held;

	do {
		pthread_mutex_lock(&job->rig->mtx);
		held = job->rig->hold_renders && !atomic_load(&job->canceled);
		if (held)
			wait_on(job->rig);
		pthread_mutex_unlock(&job->rig->mtx);
	} while (held);

	if (job->text)
		speak(job);
	else
		decode_growing(job);
	if (atomic_load(&job->canceled))
		fail_job(job, "canceled");
	close(job->prm.out);
	if (!job->text) {
		close(job->in);
		close(job->growing);
	}
	(void)loop_post(job->rig->loop, "fake_rendered", on_rendered, job);

	return NULL;
}

static int render_begin(struct render_job **jobp, struct render *render,
			const struct render_job_params *prm)
{
	struct clip_rig *rig = (struct clip_rig *)render;
	struct render_job *job;
	int err;

	pthread_mutex_lock(&rig->mtx);
	err = rig->refuse_render;
	rig->refuse_render = 0;
	++rig->nrenders;
	rig->njobs += !err;
	pthread_cond_broadcast(&rig->cond);
	pthread_mutex_unlock(&rig->mtx);
	if (err) {
		close(prm->out);
		if (prm->file) {
			close(prm->file->in);
			close(prm->file->growing);
		}
		return err;
	}

	job = g_new0(struct render_job, 1);
	job->rig = rig;
	job->prm = *prm;
	if (prm->file) {
		job->in = prm->file->in;
		job->growing = prm->file->growing;
	} else {
		job->text = g_strdup(prm->text->text);
	}
	*jobp = job;
	assert_int_equal(pthread_create(&job->tid, NULL, decoder, job), 0);

	return 0;
}

static void render_stop_job(struct render_job *job)
{
	atomic_store(&job->canceled, true);
	pthread_mutex_lock(&job->rig->mtx);
	pthread_cond_broadcast(&job->rig->cond);
	pthread_mutex_unlock(&job->rig->mtx);
}

const struct clip_ops clip_fake_ops = {
	.fetch_start = fetch_begin,
	.fetch_cancel = fetch_stop,
	.render_start = render_begin,
	.render_cancel = render_stop_job,
};

void clip_fake_wait(struct clip_rig *rig)
{
	pthread_mutex_lock(&rig->mtx);
	while (rig->njobs)
		wait_on(rig);
	pthread_mutex_unlock(&rig->mtx);
}

/* ---- the feeder ---- */

struct flush {
	pthread_mutex_t mtx;
	pthread_cond_t cond;
	bool done;
};

static void on_flush(void *arg) /* Thread: feeder */
{
	struct flush *flush = arg;

	pthread_mutex_lock(&flush->mtx);
	flush->done = true;
	pthread_cond_signal(&flush->cond);
	pthread_mutex_unlock(&flush->mtx);
}

void clip_fake_flush_feeder(struct clip_rig *rig)
{
	struct flush flush = {.done = false};

	pthread_mutex_init(&flush.mtx, NULL);
	pthread_cond_init(&flush.cond, NULL);
	assert_int_equal(
		feeder_run(rig->clips->feeder, "test", on_flush, NULL, &flush),
		0);
	pthread_mutex_lock(&flush.mtx);
	while (!flush.done)
		pthread_cond_wait(&flush.cond, &flush.mtx);
	pthread_mutex_unlock(&flush.mtx);
	pthread_cond_destroy(&flush.cond);
	pthread_mutex_destroy(&flush.mtx);
}
