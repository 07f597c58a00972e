/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The thread: asks for events, and looks after the streams */

#include <poll.h>
#include <time.h>

#include "common/str.h"
#include "rest/auth.h"
#include "rest/sse_priv.h"

enum {
	SWEEP_MS = 1000
};

#define REVOKED ": this key or ticket does not hold any more\n\n"

typedef void(stream_h)(struct rest_stream *stream, void *arg);

static void each_stream(struct rest_sse *sse, stream_h *fn, void *arg)
{
	struct sse_account *account;
	GHashTableIter iter;
	gpointer value;
	GList *item;

	g_hash_table_iter_init(&iter, sse->accounts);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		account = value;
		for (item = account->streams.head; item; item = item->next)
			fn(item->data, arg);
	}
}

/* ---- silence ---- */

static void beat(struct rest_stream *stream, void *arg)
{
	const int64_t now = *(int64_t *)arg;

	if (stream->suspended &&
	    now - stream->sent_ms >= stream->sse->heartbeat_ms)
		sse_stream_say(stream, ":\n\n");
}

/* ---- clients that hung up: libmicrohttpd does not look while it is
 * suspended ---- */

struct sockets {
	struct pollfd *fds;
	struct rest_stream **streams;
	unsigned n;
};

static void add_socket(struct rest_stream *stream, void *arg)
{
	struct sockets *socks = arg;

	if (!stream->suspended || stream->fd < 0)
		return;

	socks->fds[socks->n] = (struct pollfd){
		.fd = stream->fd,
		.events = POLLRDHUP,
	};
	socks->streams[socks->n++] = stream;
}

static void end_hung_up(struct rest_sse *sse)
{
	struct sockets socks = {
		.fds = g_new(struct pollfd, sse->streams),
		.streams = g_new(struct rest_stream *, sse->streams),
	};
	unsigned i;

	each_stream(sse, add_socket, &socks);
	if (poll(socks.fds, socks.n, 0) > 0)
		for (i = 0; i < socks.n; ++i)
			if (socks.fds[i].revents)
				sse_stream_end(socks.streams[i], "");
	g_free(socks.fds);
	g_free(socks.streams);
}

/* ---- keys that do not hold any more ---- */

/* One of those that streams were opened with; its hash is the table's key */
struct credential {
	bool is_ticket;
	const char *scope;
	bool holds;
};

struct check {
	GHashTable *table;
	int64_t now;
};

/* Streams with the same key share a look at it */
static void add_credential(struct rest_stream *stream, void *arg)
{
	struct check *check = arg;
	struct credential *cred;

	if (stream->ended || stream->check_ms > check->now)
		return;

	stream->check_ms = check->now + SSE_CHECK_MS;
	if (g_hash_table_contains(check->table, stream->token_hash))
		return;

	cred = g_new0(struct credential, 1);
	cred->is_ticket = stream->is_ticket;
	cred->scope = stream->scope;
	g_hash_table_insert(check->table, g_strdup(stream->token_hash), cred);
}

static void apply_credential(struct rest_stream *stream, void *arg)
{
	struct check *check = arg;
	const struct credential *cred =
		g_hash_table_lookup(check->table, stream->token_hash);

	if (cred && !cred->holds)
		sse_stream_end(stream, REVOKED);
}

/* With mtx held, given up while it reads */
static void check_keys(struct rest_sse *sse, int64_t now)
{
	struct check check = {
		.table = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
					       g_free),
		.now = now,
	};
	GHashTableIter iter;
	gpointer hash, value;

	each_stream(sse, add_credential, &check);

	pthread_mutex_unlock(&sse->mtx);
	g_hash_table_iter_init(&iter, check.table);
	while (g_hash_table_iter_next(&iter, &hash, &value)) {
		struct credential *cred = value;

		cred->holds = rest_auth_holds(sse->keys, hash, cred->is_ticket,
					      cred->scope);
	}
	pthread_mutex_lock(&sse->mtx);

	each_stream(sse, apply_credential, &check);
	g_hash_table_destroy(check.table);
}

/* ---- the thread ---- */

static void wait_until(struct rest_sse *sse, int64_t next)
{
	const struct timespec at = {
		.tv_sec = (time_t)(next / 1000),
		.tv_nsec = (long)(next % 1000) * 1000000L,
	};

	if (next == SSE_NEVER)
		pthread_cond_wait(&sse->wake, &sse->mtx);
	else
		pthread_cond_timedwait(&sse->wake, &sse->mtx, &at);
}

void *sse_watch(void *arg)
{
	struct rest_sse *sse = arg;
	int64_t sweep = 0;

	pthread_setname_np(pthread_self(), "rest events");

	pthread_mutex_lock(&sse->mtx);
	while (!sse->stop) {
		int64_t now = sse_now_ms();
		const int64_t next = sse_feed_step(sse, now);

		/* while it asked, without the lock */
		if (sse->stop)
			break;
		if (!sse->streams || sse->closed) {
			wait_until(sse, next);
		} else if (now < sweep) {
			wait_until(sse, MIN(next, sweep));
		} else {
			sweep = now + SWEEP_MS;
			each_stream(sse, beat, &now);
			end_hung_up(sse);
			check_keys(sse, now);
		}
	}
	pthread_mutex_unlock(&sse->mtx);

	return NULL;
}
