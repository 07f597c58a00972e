/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file render_rig.h  A loop, the real bifrons-media, and jobs to wait for
 *
 * Thread: the test's. Files lie in a folder that is removed at the end.
 */
#ifndef BIFRONS_TESTS_RENDER_RIG_H
#define BIFRONS_TESTS_RENDER_RIG_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "render/render.h"

struct loop;

struct render_rig {
	struct loop *loop;
	struct render *render;
	char *dir; /**< for files */

	pthread_mutex_t mtx;
	pthread_cond_t cond;
};

/** What came of a job; guarded by the rig's mtx until it is done */
struct render_outcome {
	struct render_rig *rig;
	struct render_job *job;    /**< dead when done */
	int start_err;             /**< of render_job_start() */
	unsigned done;             /**< how often done() came */
	unsigned progresses, late; /**< late: after done() */
	int64_t progress;          /**< the last one */

	int err;
	char code[24]; /**< "" = none */
	char why[256];
	char format[32], codec[32];
	int64_t samples;

	int out;      /**< the test's own descriptor of the file */
	int16_t *pcm; /**< what the file holds, after the end */
	size_t len;   /**< samples */
};

/** @param prm  Or NULL; loop and program are filled in */
void render_rig_open(struct render_rig *rig, const struct render_params *prm);
void render_rig_close(struct render_rig *rig);

/** Path of the built program */
char *render_rig_program(void);
/** Path of a file in the rig's folder; g_free() it */
char *render_rig_path(const struct render_rig *rig, const char *name);

/** Begin, with what prm says; out, done and arg are filled in (out unless it
 * is set) */
void render_rig_start(struct render_rig *rig, struct render_outcome *o,
		      struct render_job_params *prm);
/** Until done(); reads the PCM */
void render_rig_wait(struct render_outcome *o);
/** Until so many samples were told of, or it is done */
void render_rig_wait_progress(struct render_outcome *o, int64_t samples);
/** Did done() come by now? */
bool render_rig_is_done(struct render_outcome *o);
void render_rig_cancel(struct render_outcome *o);
void render_rig_free(struct render_outcome *o);

/** All at once: a whole file, ten minutes at most */
void render_rig_decode(struct render_rig *rig, struct render_outcome *o,
		       const char *path, unsigned rate);
void render_rig_speak(struct render_rig *rig, struct render_outcome *o,
		      const struct render_text *text, unsigned rate);

/** Run a program, the arguments by blanks; "%" is the rig's folder.
 * @return whether it ended well
 */
bool render_rig_run(const struct render_rig *rig, const char *command);

/** Until so many supervisors are up, after so many restarts: a job may tell of
 * its supervisor's death before that is noticed itself */
void render_rig_wait_up(struct render_rig *rig, unsigned n, unsigned restarts);

/** Processes that one has started and that live, as /proc knows them now.
 * @return how many; in pids the first max
 */
unsigned render_rig_children(pid_t of, pid_t *pids, unsigned max);
/** Has it ended? Whether somebody buries it, is not ours: in a container the
 * first process need not */
bool render_rig_is_gone(pid_t pid);
/** Descriptors of this process */
unsigned render_rig_fds(void);

/** The loudest frequency of some PCM, Hz, to 5 */
double render_rig_pitch(const int16_t *pcm, size_t n, unsigned rate);

#endif
