/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/gate.h"

void gate_open(struct gate *gate)
{
	pthread_mutex_lock(&gate->mtx);
	gate->closed = false;
	pthread_mutex_unlock(&gate->mtx);
}

bool gate_enter(struct gate *gate)
{
	bool ok;

	pthread_mutex_lock(&gate->mtx);
	ok = !gate->closed;
	gate->inside += ok;
	pthread_mutex_unlock(&gate->mtx);

	return ok;
}

void gate_leave(struct gate *gate)
{
	pthread_mutex_lock(&gate->mtx);
	if (--gate->inside == 0 && gate->closed)
		pthread_cond_broadcast(&gate->cond);
	pthread_mutex_unlock(&gate->mtx);
}

void gate_close_and_wait(struct gate *gate)
{
	pthread_mutex_lock(&gate->mtx);
	gate->closed = true;
	while (gate->inside)
		pthread_cond_wait(&gate->cond, &gate->mtx);
	pthread_mutex_unlock(&gate->mtx);
}
