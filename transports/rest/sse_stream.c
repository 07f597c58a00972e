/* SPDX-License-Identifier: GPL-3.0-or-later */

/* One stream: opened, read by libmicrohttpd piece by piece, ended */

#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

#include "common/json.h"
#include "common/str.h"
#include "rest/request.h"
#include "rest/sse_priv.h"

enum {
	/* what was sent and not acknowledged for so long finds a client that
	 * went without a word */
	LOST_AFTER_MS = 30000,
	KEPT_BYTES = 4096, /* of the buffer of a stream that sleeps */
};

#define GREETING ": bifrons\nretry: 2000\n\n"

#define MISSED                                                                 \
	"some events were left out: read anew what you keep. From here on "    \
	"the stream is complete"

/* ---- being sent ---- */

void sse_stream_wake(struct rest_stream *stream)
{
	if (!stream->suspended)
		return;

	stream->suspended = false;
	MHD_resume_connection(stream->conn);
}

/* What was begun must end before anything else comes */
static void finish_event(struct rest_stream *stream)
{
	const struct sse_event *ev = stream->at;

	if (!ev || !stream->at_done || stream->at_done == ev->len)
		return;

	g_string_append_len(stream->out, ev->text + stream->at_done,
			    (gssize)(ev->len - stream->at_done));
	stream->at_done = ev->len;
}

void sse_stream_say(struct rest_stream *stream, const char *text)
{
	finish_event(stream);
	g_string_append(stream->out, text);
	sse_stream_wake(stream);
}

void sse_stream_end(struct rest_stream *stream, const char *text)
{
	if (stream->ended)
		return;

	stream->ended = true;
	sse_stream_say(stream, text);
	stream->at = sse_event_unref(stream->at);
	/* it may no longer take as long as it likes */
	rest_conn_phase(stream->place, REST_PHASE_SENDING);
}

static size_t take_out(struct rest_stream *stream, char *buf, size_t max)
{
	GString *out = stream->out;
	const size_t n = MIN(max, out->len - stream->out_at);

	memcpy(buf, out->str + stream->out_at, n);
	stream->out_at += n;
	if (stream->out_at < out->len)
		return n;

	stream->out_at = 0;
	if (out->allocated_len > KEPT_BYTES) {
		g_string_free(out, TRUE);
		stream->out = g_string_new(NULL);
	} else {
		g_string_truncate(out, 0);
	}

	return n;
}

/* @return false at the log's end */
static bool step(struct rest_stream *stream)
{
	struct sse_event *next = stream->at->next;

	if (!next)
		return false;

	sse_event_ref(next);
	sse_event_unref(stream->at);
	stream->at = next;
	stream->at_done =
		next->row > stream->row &&
				sse_filter_takes(&stream->filter, next->type,
						 next->call_id)
			? 0
			: next->len;

	return true;
}

static size_t take_log(struct rest_stream *stream, char *buf, size_t max)
{
	size_t n = 0;

	if (!stream->at || stream->catching_up)
		return 0;

	while (n < max) {
		const struct sse_event *ev = stream->at;
		const size_t len = MIN(max - n, ev->len - stream->at_done);

		if (!len) {
			if (!step(stream))
				break;
			continue;
		}
		memcpy(buf + n, ev->text + stream->at_done, len);
		stream->at_done += len;
		n += len;
	}

	return n;
}

/* Its place in the log: all that is handed out from now on */
static void take_place(struct rest_stream *stream)
{
	stream->at = sse_event_ref(stream->account->newest);
	stream->at_done = stream->at->len;
	stream->until = stream->sse->feed.row;
}

/* Read on: to the end of what there is, then it gets its place in the log,
 * then what came between the two. With mtx held, given up while it reads. */
static void catch_up(struct rest_stream *stream)
{
	struct rest_sse *sse = stream->sse;
	const bool placed = stream->at != NULL;
	struct sse_page page = {
		.text = g_string_new(NULL),
		.row = stream->row,
	};
	int err;

	pthread_mutex_unlock(&sse->mtx);
	err = sse_past_page(sse->store, &page, stream->account->id,
			    &stream->filter,
			    placed ? stream->until : INT64_MAX);
	pthread_mutex_lock(&sse->mtx);

	stream->row = page.row;
	if (stream->ended) {
		/* meanwhile */
	} else if (err) {
		sse_stream_end(stream, ": the store cannot be read now\n\n");
	} else {
		g_string_append_len(stream->out, page.text->str,
				    (gssize)page.text->len);
		if (!page.more && placed)
			stream->catching_up = false;
		else if (!page.more)
			take_place(stream);
	}
	g_string_free(page.text, TRUE);
}

ssize_t rest_stream_read(void *arg, uint64_t pos, char *buf, size_t max)
{
	struct rest_stream *stream = arg;
	struct rest_sse *sse = stream->sse;
	bool ended;
	size_t n;

	(void)pos;
	pthread_mutex_lock(&sse->mtx);
	for (;;) {
		n = take_out(stream, buf, max);
		n += take_log(stream, buf + n, max - n);
		if (n || stream->ended || !stream->catching_up)
			break;
		catch_up(stream);
	}
	ended = stream->ended;
	if (n) {
		stream->sent_ms = sse_now_ms();
	} else if (!ended) {
		stream->suspended = true;
		MHD_suspend_connection(stream->conn);
	}
	pthread_mutex_unlock(&sse->mtx);

	if (!n && ended)
		return MHD_CONTENT_READER_END_OF_STREAM;

	return (ssize_t)n;
}

/* ---- opened and freed ---- */

/* @return API_OK, or why there is no place */
static enum api_err enter(struct rest_stream *stream, const char *account_id)
{
	struct rest_sse *sse = stream->sse;
	struct sse_account *account;
	enum api_err err = API_OK;

	pthread_mutex_lock(&sse->mtx);
	if (sse->closed) {
		err = API_ERR_unavailable;
	} else if (sse->streams >= sse->max) {
		err = API_ERR_busy;
	} else {
		account = sse_account_get(sse, account_id);
		if (account->streams.length >= sse->max_per_account) {
			err = API_ERR_rate_limit;
		} else {
			stream->account = account;
			g_queue_push_tail_link(&account->streams,
					       &stream->link);
			++sse->streams;
			pthread_cond_signal(&sse->wake);
		}
	}
	pthread_mutex_unlock(&sse->mtx);

	return err;
}

/* From now on somebody reads: the first one says from where */
static int follow(struct rest_sse *sse)
{
	int64_t row;
	bool on;
	int err;

	pthread_mutex_lock(&sse->mtx);
	on = sse->feed.on;
	pthread_mutex_unlock(&sse->mtx);
	if (on)
		return 0; /* as long as there is a stream, and we are one */

	err = sse_past_last(sse->store, &row);
	if (err)
		return err;

	pthread_mutex_lock(&sse->mtx);
	if (!sse->feed.on) {
		sse->feed.on = true;
		sse->feed.row = row;
		sse->feed.at_ms = sse_now_ms();
		pthread_cond_signal(&sse->wake);
	}
	pthread_mutex_unlock(&sse->mtx);

	return 0;
}

/* It goes on after what is the newest now */
static int say_reset(struct rest_stream *stream, const char *reason)
{
	struct rest_sse *sse = stream->sse;
	char id[ID_SIZE];
	const int err = sse_past_newest(sse->store, stream->account->id, id,
					&stream->row);

	if (err)
		return err;

	pthread_mutex_lock(&sse->mtx);
	++sse->stats.resets;
	g_string_append_printf(stream->out,
			       "id: %s\nevent: reset\ndata: {\"reason\":\"%s\","
			       "\"detail\":\"" MISSED "\"}\n\n",
			       id, reason);
	pthread_mutex_unlock(&sse->mtx);

	return 0;
}

/* Where it begins: live, or after what it saw last. @return 0 or errno */
static int begin(struct rest_stream *stream, const char *last_id)
{
	struct rest_sse *sse = stream->sse;
	int err = follow(sse);

	if (err)
		return err;

	if (last_id && *last_id)
		err = sse_past_find(sse->store, stream->account->id, last_id,
				    &stream->row);
	else
		last_id = NULL;
	if (err == ENOENT || err == EOVERFLOW)
		err = say_reset(stream,
				err == ENOENT ? "unknown_id" : "too_old");
	if (err)
		return err;

	pthread_mutex_lock(&sse->mtx);
	stream->catching_up = last_id != NULL;
	if (!last_id && !stream->ended)
		take_place(stream);
	pthread_mutex_unlock(&sse->mtx);

	return 0;
}

static int socket_of(struct MHD_Connection *conn)
{
	const union MHD_ConnectionInfo *info;
	const unsigned lost_after_ms = LOST_AFTER_MS;

	info = MHD_get_connection_info(conn, MHD_CONNECTION_INFO_CONNECTION_FD);
	if (!info)
		return -1;
	(void)setsockopt(info->connect_fd, IPPROTO_TCP, TCP_USER_TIMEOUT,
			 &lost_after_ms, sizeof(lost_after_ms));

	return info->connect_fd;
}

static struct rest_stream *stream_new(struct rest_sse *sse,
				      const struct rest_stream_params *prm)
{
	struct rest_stream *stream = g_new0(struct rest_stream, 1);

	stream->sse = sse;
	stream->conn = prm->conn;
	stream->place = prm->place;
	stream->fd = socket_of(prm->conn);
	stream->scope = prm->scope;
	stream->is_ticket = prm->auth->is_ticket;
	str_copy(stream->token_hash, sizeof(stream->token_hash),
		 prm->auth->token_hash);
	stream->link.data = stream;
	stream->out = g_string_new(GREETING);
	stream->sent_ms = sse_now_ms();
	stream->check_ms = stream->sent_ms + SSE_CHECK_MS;

	return stream;
}

static bool read_query(struct sse_filter *filter, const json_t *query,
		       const char **last_idp, struct rest_fault *fault)
{
	if (!sse_filter_read(filter, query, last_idp, &fault->faults))
		return true;

	rest_fault_set(fault, API_ERR_invalid, "the query is not valid");

	return false;
}

bool rest_stream_check(const json_t *query, struct rest_fault *fault)
{
	struct sse_filter filter;
	const char *last_id;

	return read_query(&filter, query, &last_id, fault);
}

bool rest_stream_open(struct rest_sse *sse, struct rest_stream **streamp,
		      const struct rest_stream_params *prm,
		      struct rest_fault *fault)
{
	struct rest_stream *stream;
	const char *last_id = NULL;
	enum api_err err;

	stream = stream_new(sse, prm);
	if (!read_query(&stream->filter, prm->query, &last_id, fault))
		goto out;

	/* a browser that connects again sends the header, and its old URL */
	if (prm->last_event_id && *prm->last_event_id)
		last_id = prm->last_event_id;

	err = enter(stream, prm->auth->account_id);
	if (err == API_ERR_rate_limit)
		rest_fault_set(fault, err,
			       "this account has %u event streams already",
			       sse->max_per_account);
	else if (err)
		rest_fault_set(fault, err, "%s",
			       err == API_ERR_busy ? "too many event streams"
						   : "shutting down");
	else if (begin(stream, last_id))
		rest_fault_set(fault, API_ERR_unavailable,
			       "events cannot be read now");
out:
	if (fault->err)
		rest_stream_free(stream);
	else
		*streamp = stream;

	return !fault->err;
}

struct rest_stream *rest_stream_free(struct rest_stream *stream)
{
	struct rest_sse *sse;

	if (!stream)
		return NULL;

	sse = stream->sse;
	pthread_mutex_lock(&sse->mtx);
	if (stream->account) {
		g_queue_unlink(&stream->account->streams, &stream->link);
		sse_event_unref(stream->at);
		sse_account_leave(sse, stream->account);
		--sse->streams;
	}
	pthread_mutex_unlock(&sse->mtx);

	g_string_free(stream->out, TRUE);
	g_free(stream);

	return NULL;
}
