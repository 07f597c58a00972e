/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file gate.h  Counts who is inside, so that destroy() can wait
 *
 * Thread: any. enter and leave hold a lock for a few instructions.
 */
#ifndef BIFRONS_COMMON_GATE_H
#define BIFRONS_COMMON_GATE_H

#include <pthread.h>
#include <stdbool.h>

struct gate {
	pthread_mutex_t mtx;
	pthread_cond_t cond;
	unsigned inside;
	bool closed;
};

#define GATE_INIT                                                              \
	{                                                                      \
		.mtx = PTHREAD_MUTEX_INITIALIZER,                              \
		.cond = PTHREAD_COND_INITIALIZER, .closed = true               \
	}

/** Let callers in (a new gate is closed) */
void gate_open(struct gate *gate);

/** @return false when closed: the caller must not go on */
bool gate_enter(struct gate *gate);
void gate_leave(struct gate *gate);

/** Refuse newcomers, then wait until everyone has left */
void gate_close_and_wait(struct gate *gate);

#endif
