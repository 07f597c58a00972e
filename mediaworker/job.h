/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file job.h  One request in a process of its own
 *
 * Thread: the process's only one. A job's life: the supervisor forks,
 * job_run() puts itself into its sandbox, decodes or speaks, reports, ends.
 */
#ifndef BIFRONS_MEDIAWORKER_JOB_H
#define BIFRONS_MEDIAWORKER_JOB_H

#include <stdint.h>

#include "common/media_proto.h"
#include "voices.h"

struct pcm;

/** What the supervisor has made ready, once for all jobs */
struct job_tools {
	char *codecs;         /**< that may be used, "mp3,opus,…" */
	uint64_t base_memory; /**< address space before a job, bytes */
	int null_fd;          /**< /dev/null */
	struct voices voices;
};

struct job {
	const struct job_tools *tools;
	struct media_request req;
	char text[MEDIA_TEXT_MAX + 1]; /**< ends in NUL */
	int fds[MEDIA_NFDS];           /**< -1 = was not sent */

	/* in the job's process */
	struct pcm *pcm;
	struct media_report rep; /**< the result to be */
};

/** Load what jobs need, so that a fork has it. @return 0 or errno */
int job_prepare(struct job_tools *tools);

/** In the forked child. @return its exit code: 0 = the result was sent */
int job_run(struct job *job);

/** The two kinds; they fill in job->rep */
void job_decode(struct job *job);
void job_speak(struct job *job);

/** pcm_write() and its like failed: say how. @return err */
int job_pcm_failed(struct job *job, int err);

#endif
