/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rest/conns.h"

#include <errno.h>
#include <glib.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <time.h>

#include "common/clock.h"

enum {
	LOOK_EVERY_MS = 500
};

struct rest_conn {
	/* set before start, then read-only */
	int fd;
	void *user;

	struct rest_conn *prev, *next; /* under conns->mtx */
	bool cut;                      /* likewise */

	/* any thread */
	atomic_int phase;
	atomic_int_least64_t since_ms;
};

struct rest_conns {
	/* set before start, then read-only */
	int64_t idle_ms, request_ms, file_ms;
	pthread_t thread;

	pthread_mutex_t mtx;
	pthread_cond_t wake;

	/* under mtx */
	struct rest_conn *first;
	unsigned count;
	uint64_t cut;
	bool stop;
};

static int64_t now_ms(void)
{
	return clock_mono_ms(clock_system());
}

static int64_t limit_ms(const struct rest_conns *conns, enum rest_phase phase)
{
	switch (phase) {
	case REST_PHASE_READING:
	case REST_PHASE_SENDING:
		return conns->request_ms;
	case REST_PHASE_FILE:
		return conns->file_ms;
	case REST_PHASE_IDLE:
		return conns->idle_ms + conns->request_ms;
	case REST_PHASE_WAITING:
		break;
	}

	return INT64_MAX;
}

static void sweep(struct rest_conns *conns, int64_t now)
{
	struct rest_conn *conn;

	for (conn = conns->first; conn; conn = conn->next) {
		const enum rest_phase phase =
			(enum rest_phase)atomic_load(&conn->phase);
		const int64_t age = now - atomic_load(&conn->since_ms);

		if (conn->cut || age < limit_ms(conns, phase))
			continue;
		/* the descriptor is open: remove() comes before close() */
		shutdown(conn->fd, SHUT_RDWR);
		conn->cut = true;
		++conns->cut;
	}
}

static void *sweeper(void *arg)
{
	struct rest_conns *conns = arg;

	pthread_setname_np(pthread_self(), "rest sweeper");

	pthread_mutex_lock(&conns->mtx);
	while (!conns->stop) {
		const int64_t next = now_ms() + LOOK_EVERY_MS;
		const struct timespec at = {
			.tv_sec = (time_t)(next / 1000),
			.tv_nsec = (long)(next % 1000) * 1000000L,
		};

		pthread_cond_timedwait(&conns->wake, &conns->mtx, &at);
		sweep(conns, now_ms());
	}
	pthread_mutex_unlock(&conns->mtx);

	return NULL;
}

int rest_conns_alloc(struct rest_conns **connsp, unsigned idle_s,
		     unsigned request_s, unsigned file_s)
{
	struct rest_conns *conns;
	pthread_condattr_t attr;
	int err;

	if (!connsp || !request_s || !file_s)
		return EINVAL;

	conns = g_new0(struct rest_conns, 1);
	conns->idle_ms = (int64_t)idle_s * 1000;
	conns->request_ms = (int64_t)request_s * 1000;
	conns->file_ms = (int64_t)file_s * 1000;
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&conns->wake, &attr);
	pthread_condattr_destroy(&attr);
	pthread_mutex_init(&conns->mtx, NULL);

	err = pthread_create(&conns->thread, NULL, sweeper, conns);
	if (err)
		g_free(conns);
	else
		*connsp = conns;

	return err;
}

struct rest_conns *rest_conns_free(struct rest_conns *conns)
{
	if (!conns)
		return NULL;

	pthread_mutex_lock(&conns->mtx);
	conns->stop = true;
	pthread_cond_signal(&conns->wake);
	pthread_mutex_unlock(&conns->mtx);
	pthread_join(conns->thread, NULL);

	pthread_cond_destroy(&conns->wake);
	pthread_mutex_destroy(&conns->mtx);
	g_free(conns);

	return NULL;
}

struct rest_conn *rest_conn_add(struct rest_conns *conns, int fd, void *user)
{
	struct rest_conn *conn = g_new0(struct rest_conn, 1);

	conn->fd = fd;
	conn->user = user;
	rest_conn_phase(conn, REST_PHASE_READING);

	pthread_mutex_lock(&conns->mtx);
	conn->next = conns->first;
	if (conn->next)
		conn->next->prev = conn;
	conns->first = conn;
	++conns->count;
	pthread_mutex_unlock(&conns->mtx);

	return conn;
}

void rest_conn_remove(struct rest_conns *conns, struct rest_conn *conn)
{
	if (!conn)
		return;

	pthread_mutex_lock(&conns->mtx);
	if (conn->prev)
		conn->prev->next = conn->next;
	else
		conns->first = conn->next;
	if (conn->next)
		conn->next->prev = conn->prev;
	--conns->count;
	pthread_mutex_unlock(&conns->mtx);

	g_free(conn);
}

void rest_conn_phase(struct rest_conn *conn, enum rest_phase phase)
{
	if (!conn)
		return;

	/* in this order: a sweep in between sees the old phase, just begun */
	atomic_store(&conn->since_ms, now_ms());
	atomic_store(&conn->phase, phase);
}

void *rest_conn_user(const struct rest_conn *conn)
{
	return conn ? conn->user : NULL;
}

unsigned rest_conns_count(struct rest_conns *conns)
{
	unsigned count;

	pthread_mutex_lock(&conns->mtx);
	count = conns->count;
	pthread_mutex_unlock(&conns->mtx);

	return count;
}

uint64_t rest_conns_cut(struct rest_conns *conns)
{
	uint64_t cut;

	pthread_mutex_lock(&conns->mtx);
	cut = conns->cut;
	pthread_mutex_unlock(&conns->mtx);

	return cut;
}
