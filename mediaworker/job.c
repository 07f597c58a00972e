/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "job.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <libavutil/log.h>
#include <time.h>
#include <unistd.h>

#include "formats.h"
#include "input.h"
#include "pcm.h"
#include "report.h"
#include "sandbox.h"
#include "voices.h"

int job_prepare(struct job_tools *tools)
{
	/* libraries have much to say about a hostile file */
	av_log_set_level(AV_LOG_QUIET);
	tools->codecs = formats_codecs();
	tools->null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (tools->null_fd < 0)
		return errno;
	voices_load(&tools->voices);
	tzset(); /* it reads a file, which a job may not */
	tools->base_memory = sandbox_memory_now();

	return 0;
}

static bool on_progress(void *arg, int64_t samples)
{
	const struct job *job = arg;
	const struct media_report rep = {
		.type = MEDIA_PROGRESS,
		.samples = samples,
	};

	return report_send(job->fds[MEDIA_FD_JOB], &rep, false);
}

int job_pcm_failed(struct job *job, int err)
{
	if (err == E2BIG)
		report_end(&job->rep, MEDIA_TOO_LONG, E2BIG,
			   "it is longer than %lld s",
			   (long long)(job->req.max_samples / job->req.rate));
	else
		report_end(&job->rep, MEDIA_FAILED, err,
			   "the sound cannot be written: %s", g_strerror(err));

	return err;
}

static int enter_sandbox(const struct job *job)
{
	const bool speaks = job->req.kind == MEDIA_SPEAK;
	struct sandbox sb = {
		.base_memory = job->tools->base_memory,
		.max_file = (uint64_t)job->req.max_samples * sizeof(int16_t),
		.read_dir = speaks ? job->tools->voices.dir : -1,
	};
	int i;

	for (i = 0; i < SANDBOX_KEEP_MAX; ++i)
		sb.keep[i] = i < MEDIA_NFDS ? job->fds[i] : -1;

	return sandbox_enter(&sb);
}

static void quiet_stdio(const struct job *job)
{
	int fd;

	/* a sanitizer's report is worth having */
	for (fd = 0; fd < (SANDBOX_IS_SANITIZED ? 2 : 3); ++fd)
		(void)dup2(job->tools->null_fd, fd);
}

int job_run(struct job *job)
{
	const struct pcm_params prm = {
		.fd = job->fds[MEDIA_FD_OUT],
		.rate = job->req.rate,
		.max_samples = job->req.max_samples,
		.progress = on_progress,
		.arg = job,
	};
	const struct media_report started = {.type = MEDIA_STARTED};
	const int sock = job->fds[MEDIA_FD_JOB];
	int err;

	quiet_stdio(job);
	alarm(INPUT_PATIENCE_S);
	err = enter_sandbox(job);
	if (err)
		report_end(&job->rep, MEDIA_FAILED, err,
			   "the job's sandbox cannot be made: %s",
			   g_strerror(err));
	else if (!report_send(sock, &started, true))
		return 0;

	job->pcm = pcm_alloc(&prm);
	if (!err && job->req.kind == MEDIA_DECODE)
		job_decode(job);
	else if (!err)
		job_speak(job);
	job->rep.samples = pcm_samples(job->pcm);
	job->pcm = pcm_free(job->pcm);
	(void)report_send(sock, &job->rep, true);

	return 0;
}
