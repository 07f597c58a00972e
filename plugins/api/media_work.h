/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file media_work.h  One file on its way, between media_upload.c's steps
 *
 * Thread: made on a pool thread, then the loop's; while a worker has it the
 * loop waits for its answer.
 */
#ifndef BIFRONS_API_MEDIA_WORK_H
#define BIFRONS_API_MEDIA_WORK_H

#include "api/media.h"
#include "store/store.h"

enum {
	MEDIA_TRIES = 5, /**< of a commit that others overtake */
};

struct render_job;

struct media_render {
	struct media_work *work;
	struct render_job *job; /**< NULL: not running */
	int64_t samples;
};

struct media_work {
	struct api *api; /**< the job holds it */
	struct job *job; /**< holds this; NULL until it acts */
	bool replaces;
	bool swapped; /**< `folder` holds the old files */
	/** Of these files, below media/; "" = nothing to remove */
	char folder[MEDIA_FOLDER_SIZE];
	struct media_fds fds;
	char name[MEDIA_NAME_MAX + 1]; /**< of a new one */

	struct media_render renders[MEDIA_NRATES];
	unsigned waiting;
	char format[64], codec[32];

	enum api_err err; /**< the first that went wrong */
	char why[256];

	json_t *doc;    /**< as it will be stored */
	char *old;      /**< as it is stored, of one that is replaced */
	int64_t stored; /**< bytes of all files */
	unsigned tries;
};

struct media_works {
	/* thread: loop */
	bool closing;
	GQueue running;   /**< of struct media_work */
	GHashTable *busy; /**< ids that are being replaced */

	/* api_close() waits for the last one */
	pthread_mutex_t mtx;
	pthread_cond_t idle; /**< CLOCK_MONOTONIC */
	unsigned count;      /**< under mtx: of `running` */
};

/** Note why it fails; the first stays */
void media_fail(struct media_work *work, enum api_err err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void media_work_free(void *work);

/** Hand it to a worker. Thread: loop */
void media_settle_start(struct media_work *work);

/* ---- media_store.c ---- */

/** Files to the disk and into place, document and answer. What fails for the
 * client's reasons is in work->err. Thread: worker. @return errno */
int media_settle(struct media_work *work);
/** What is to be written. Thread: loop */
struct store_tx *media_tx(const struct media_work *work);

#endif
