/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file worker.h  Threads for what blocks
 *
 * Thread: run from the loop; work on a worker; done on the loop.
 */
#ifndef BIFRONS_LOOP_WORKER_H
#define BIFRONS_LOOP_WORKER_H

#include <stddef.h>

struct loop;
struct workers;

typedef void(work_h)(void *arg);

int workers_start(struct workers **wp, struct loop *loop, unsigned threads,
		  size_t max_queued);

/** Run work(arg) on a worker, then done(arg) on the loop.
 * @return 0, EAGAIN when max_queued wait already, ESHUTDOWN
 */
int worker_run(struct workers *w, const char *name, work_h *work, work_h *done,
	       void *arg);

/** Finish what is queued, join the threads; done() of each still runs on the
 * loop. Not from the loop. @return NULL
 */
struct workers *workers_stop(struct workers *w);

size_t workers_depth(struct workers *w);

#endif
