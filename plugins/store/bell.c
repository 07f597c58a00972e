/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "store/bell.h"

#include <time.h>

void bell_init(struct bell *bell)
{
	pthread_condattr_t attr;

	bell->row = 0;
	bell->closed = false;
	pthread_mutex_init(&bell->mtx, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&bell->cond, &attr);
	pthread_condattr_destroy(&attr);
}

void bell_destroy(struct bell *bell)
{
	pthread_cond_destroy(&bell->cond);
	pthread_mutex_destroy(&bell->mtx);
}

void bell_ring(struct bell *bell, int64_t row)
{
	pthread_mutex_lock(&bell->mtx);
	bell->row = row;
	pthread_cond_broadcast(&bell->cond);
	pthread_mutex_unlock(&bell->mtx);
}

void bell_close(struct bell *bell)
{
	pthread_mutex_lock(&bell->mtx);
	bell->closed = true;
	pthread_cond_broadcast(&bell->cond);
	pthread_mutex_unlock(&bell->mtx);
}

bool bell_wait(struct bell *bell, int64_t after, unsigned wait_ms)
{
	struct timespec until;
	bool rung;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += (time_t)(wait_ms / 1000);
	until.tv_nsec += (long)(wait_ms % 1000) * 1000000L;
	if (until.tv_nsec >= 1000000000L) {
		until.tv_nsec -= 1000000000L;
		++until.tv_sec;
	}

	pthread_mutex_lock(&bell->mtx);
	while (!bell->closed && bell->row <= after)
		if (pthread_cond_timedwait(&bell->cond, &bell->mtx, &until))
			break;
	rung = !bell->closed && bell->row > after;
	pthread_mutex_unlock(&bell->mtx);

	return rung;
}
