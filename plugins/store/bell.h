/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file bell.h  Who waits for the next event to be committed
 *
 * Thread: any; private to store/.
 */
#ifndef BIFRONS_STORE_BELL_H
#define BIFRONS_STORE_BELL_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct bell {
	pthread_mutex_t mtx;
	pthread_cond_t cond; /* CLOCK_MONOTONIC */

	/* under mtx */
	int64_t row; /* the last that was committed; 0: none since the start */
	bool closed;
};

void bell_init(struct bell *bell);
void bell_destroy(struct bell *bell);

/** Events were committed up to this row */
void bell_ring(struct bell *bell, int64_t row);

/** Nobody waits from now on */
void bell_close(struct bell *bell);

/** Wait until there is a row after this one, at most so long.
 * @return false when there is none, or the bell is closed
 */
bool bell_wait(struct bell *bell, int64_t after, unsigned wait_ms);

#endif
