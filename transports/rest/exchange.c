/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/json.h"
#include "common/str.h"
#include "host/log.h"
#include "rest/answer.h"
#include "rest/caller.h"
#include "rest/pages.h"
#include "rest/rest_priv.h"
#include "rest/static.h"

enum {
	/* of a refused body: what is read so that the client sees our answer
	 * and not a reset connection */
	DRAIN_MAX = 8 * 1024 * 1024,
};

enum state {
	STATE_HEAD,    /* waits for the whole head */
	STATE_BODY,    /* takes the body */
	STATE_WAITING, /* suspended: whoever took it from `pending` owns it */
	STATE_SENDING, /* an answer was queued */
	STATE_CUT,     /* refused in the middle of the body: drains, closes */
};

struct rest_exchange {
	struct rest *rest;
	struct MHD_Connection *conn;
	struct rest_conn *place;
	char *target;
	enum state state;
	int64_t begun_us;
	size_t drained;
	bool handed;         /* counted in rest->answering */
	char *origin;        /* of the page that asks, or NULL */
	char *last_event_id; /* as sent, or NULL */
	struct rest_stream *stream;
	struct rest_request req;
	struct rest_auth auth;
	struct rest_answer ans;
};

static int64_t now_us(void)
{
	return clock_mono_us(clock_system());
}

static struct rest_conn *place_of(struct MHD_Connection *conn)
{
	const union MHD_ConnectionInfo *info;

	info = MHD_get_connection_info(conn,
				       MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info ? info->socket_context : NULL;
}

struct rest_exchange *rest_exchange_new(struct rest *rest,
					struct MHD_Connection *conn,
					const char *target)
{
	struct rest_exchange *ex = g_new0(struct rest_exchange, 1);

	ex->rest = rest;
	ex->conn = conn;
	ex->target = g_strdup(target);
	ex->begun_us = now_us();
	ex->place = place_of(conn);
	rest_request_init(&ex->req, rest->cfg->max_body_bytes);
	rest_conn_phase(ex->place, REST_PHASE_READING);

	return ex;
}

static void leave(struct rest *rest)
{
	pthread_mutex_lock(&rest->mtx);
	if (--rest->answering == 0)
		pthread_cond_broadcast(&rest->cond);
	pthread_mutex_unlock(&rest->mtx);
}

static void count(const struct rest_exchange *ex)
{
	rest_metrics_count(ex->rest->metrics, ex->req.match.route,
			   ex->ans.status, now_us() - ex->begun_us);
}

void rest_exchange_free(struct rest_exchange *ex)
{
	if (!ex)
		return;

	if (ex->ans.status && !ex->stream)
		count(ex);
	ex->stream = rest_stream_free(ex->stream);
	if (ex->handed)
		leave(ex->rest);
	rest_conn_phase(ex->place, REST_PHASE_IDLE);

	rest_request_clear(&ex->req);
	rest_auth_clear(&ex->auth);
	rest_answer_clear(&ex->ans);
	g_free(ex->last_event_id);
	g_free(ex->origin);
	g_free(ex->target);
	g_free(ex);
}

static enum MHD_Result add_header(void *arg, enum MHD_ValueKind kind,
				  const char *name, size_t name_len,
				  const char *value, size_t value_len)
{
	rest_head_add(arg, name, name_len, value, value_len);

	return MHD_YES;
}

/* What is needed after the head has gone */
static void keep(struct rest_exchange *ex, const struct rest_head *head)
{
	ex->origin = g_strdup(head->fields[REST_FIELD_ORIGIN]);
	ex->last_event_id = g_strdup(head->fields[REST_FIELD_LAST_EVENT_ID]);
	ex->ans.preflight =
		ex->req.match.options && head->fields[REST_FIELD_PREFLIGHT];
}

/* May the page that asks read the answer? */
static void share(struct rest_exchange *ex)
{
	if (ex->origin)
		rest_cors_share(ex->rest->cors, &ex->ans, ex->origin,
				&ex->auth);
}

/* Count from here on, so that rest_stop() lets the answer out */
static void enter(struct rest_exchange *ex)
{
	if (ex->handed)
		return;

	ex->handed = true;
	pthread_mutex_lock(&ex->rest->mtx);
	++ex->rest->answering;
	pthread_mutex_unlock(&ex->rest->mtx);
}

static void make_problem(struct rest_exchange *ex)
{
	if (ex->req.fault.err == API_ERR_method_not_allowed)
		rest_route_allow(ex->ans.allow, sizeof(ex->ans.allow),
				 ex->req.match.allow);
	rest_answer_problem(&ex->ans, &ex->req.fault, ex->req.id);
}

static int send_answer(struct rest_exchange *ex)
{
	ex->state = STATE_SENDING;
	share(ex);
	rest_conn_phase(ex->place, REST_PHASE_SENDING);

	return rest_reply_queue(ex->conn, &ex->ans, ex->req.id);
}

static int send_problem(struct rest_exchange *ex)
{
	make_problem(ex);

	return send_answer(ex);
}

static void refuse_raw(struct rest_exchange *ex)
{
	make_problem(ex);
	share(ex);
	rest_reply_raw(ex->conn, &ex->ans, ex->req.id);
	ex->state = STATE_CUT;
}

static int on_head(struct rest_exchange *ex, const char *method,
		   const char *version)
{
	struct rest_request *req = &ex->req;
	struct rest_head head;

	rest_head_init(&head, method, ex->target, version);
	MHD_get_connection_values_n(ex->conn, MHD_HEADER_KIND, add_header,
				    &head);

	ex->state = STATE_BODY;
	if (rest_request_head(req, &head))
		rest_caller_check(ex->rest->keys, ex->conn, &head, req,
				  &ex->auth);
	keep(ex, &head);
	rest_request_rules(req, &head);

	if (!req->fault.err)
		return MHD_YES;
	/* answered without its body: libmicrohttpd closes afterwards */
	if (req->framing_lost || req->expects)
		return send_problem(ex);
	if (req->content_length > (int64_t)req->max_body)
		refuse_raw(ex);

	return MHD_YES;
}

static int on_data(struct rest_exchange *ex, const char *data, size_t *lenp)
{
	const size_t len = *lenp;

	*lenp = 0;
	if (ex->state == STATE_BODY && rest_request_body(&ex->req, data, len))
		return MHD_YES;

	ex->drained += len;
	if (ex->drained > DRAIN_MAX)
		return MHD_NO;
	if (ex->state == STATE_BODY &&
	    (ex->req.fault.err == API_ERR_body_too_large ||
	     ex->drained > ex->req.max_body))
		refuse_raw(ex);

	return MHD_YES;
}

static void answer_openapi(struct rest_exchange *ex, struct rest_text *doc)
{
	rest_answer_static(&ex->ans, REST_TYPE_JSON, doc->text, doc->len);
}

static void answer_file(struct rest_exchange *ex)
{
	const char *tag = MHD_lookup_connection_value(ex->conn, MHD_HEADER_KIND,
						      "If-None-Match");

	if (!rest_static_answer(&ex->ans, ex->rest->cfg->web_root,
				&ex->req.match, tag))
		rest_fault_set(&ex->req.fault, API_ERR_not_found,
			       "nothing is at this path");
}

/* To the call plugin. Once armed the exchange may be answered at any moment,
 * and belongs to whoever does; it is freed by this thread alone, later. */
static int submit(struct rest_exchange *ex)
{
	struct rest *rest = ex->rest;
	char transaction[REST_TRANSACTION_SIZE];
	uint64_t id = 0;
	json_t *msg;
	int err;

	err = rest_pending_reserve(rest->pending, &id);
	if (err) {
		rest_fault_set(&ex->req.fault,
			       err == EAGAIN ? API_ERR_busy
					     : API_ERR_unavailable,
			       err == EAGAIN ? "too many requests are being "
					       "worked on"
					     : "shutting down");
		return send_problem(ex);
	}

	msg = rest_request_message(&ex->req, &ex->auth);
	rest_transaction_text(transaction, id);
	enter(ex);
	ex->state = STATE_WAITING;
	rest_conn_phase(ex->place, REST_PHASE_WAITING);
	MHD_suspend_connection(ex->conn);

	if (!rest_pending_arm(rest->pending, id, ex)) {
		json_decref(msg);
		rest_exchange_answered(ex, API_ERR_unavailable, NULL);
		return MHD_YES;
	}
	err = rest->core.submit(rest->core.arg, transaction, msg);
	if (err)
		rest_pending_answer(rest->pending, id, API_ERR_unavailable,
				    NULL);

	return MHD_YES;
}

/* Answered here, and for as long as the client stays */
static int begin_stream(struct rest_exchange *ex)
{
	struct rest_request *req = &ex->req;
	const struct rest_stream_params prm = {
		.conn = ex->conn,
		.place = ex->place,
		.auth = &ex->auth,
		.scope = req->match.route->scope,
		.query = req->params,
		.last_event_id = ex->last_event_id,
	};

	if (req->match.head ? !rest_stream_check(req->params, &req->fault)
			    : !rest_stream_open(ex->rest->sse, &ex->stream,
						&prm, &req->fault))
		return send_problem(ex);

	rest_answer_static(&ex->ans, REST_TYPE_EVENTS, "", 0);
	if (req->match.head)
		return send_answer(ex);

	enter(ex);
	ex->state = STATE_SENDING;
	share(ex);
	count(ex);
	rest_conn_phase(ex->place, REST_PHASE_WAITING);

	return rest_reply_stream(ex->conn, &ex->ans, ex->stream, req->id);
}

static int on_end(struct rest_exchange *ex)
{
	const struct rest_route *route = ex->req.match.route;
	struct rest_text *openapi;

	if (!rest_request_end(&ex->req))
		return send_problem(ex);

	if (ex->req.match.options) {
		rest_route_allow(ex->ans.allow, sizeof(ex->ans.allow),
				 ex->req.match.allow);
		ex->ans.status = 204;
		return send_answer(ex);
	}
	if (rest_static_is(route->page)) {
		answer_file(ex);
		return ex->req.fault.err ? send_problem(ex) : send_answer(ex);
	}
	if (route->page) {
		rest_page_answer(&ex->ans, route->page);
		return send_answer(ex);
	}
	if (route->kind == VERB_STREAM)
		return begin_stream(ex);
	openapi = atomic_load(&ex->rest->openapi);
	if (openapi && str_eq(route->verb, "meta.openapi")) {
		answer_openapi(ex, openapi);
		return send_answer(ex);
	}

	return submit(ex);
}

int rest_exchange_step(struct rest_exchange *ex, const char *method,
		       const char *version, const char *data, size_t *lenp)
{
	switch (ex->state) {
	case STATE_HEAD:
		return on_head(ex, method, version);
	case STATE_BODY:
		return *lenp ? on_data(ex, data, lenp) : on_end(ex);
	case STATE_WAITING:
		return send_answer(ex);
	case STATE_CUT:
		return *lenp ? on_data(ex, data, lenp) : MHD_NO;
	case STATE_SENDING:
		break;
	}
	*lenp = 0;

	return MHD_YES;
}

/* It never changes while we live: the next ones need not ask */
static void keep_openapi(struct rest_exchange *ex)
{
	struct rest_text *doc, *none = NULL;

	if (ex->ans.status != 200)
		return;

	doc = g_malloc(sizeof(*doc) + ex->ans.len);
	doc->len = ex->ans.len;
	memcpy(doc->text, ex->ans.text, doc->len);
	if (!atomic_compare_exchange_strong(&ex->rest->openapi, &none, doc))
		g_free(doc);
}

static void answer_metrics(struct rest_exchange *ex, const json_t *reply)
{
	struct rest *rest = ex->rest;
	struct rest_pending_stats stats;
	struct rest_sse_stats events;
	struct rest_gauges gauges = {0};
	GString *out = g_string_new(NULL);
	size_t len;

	rest_pending_stats(rest->pending, &stats);
	rest_sse_stats(rest->sse, &events);
	gauges.connections = rest_conns_count(rest->conns);
	gauges.cut_off = rest_conns_cut(rest->conns);
	gauges.auth_failures = rest_keys_failures(rest->keys);
	gauges.in_flight = stats.in_flight;
	gauges.refused_busy = stats.busy;
	gauges.timeouts = stats.timeouts;
	gauges.late = stats.late;
	gauges.event_streams = events.streams;
	gauges.event_resets = events.resets;

	g_string_append(out,
			json_str(json_object_get(reply, "ok"), "text", ""));
	if (out->len && out->str[out->len - 1] != '\n')
		g_string_append_c(out, '\n');
	rest_metrics_text(rest->metrics, out, &gauges);

	/* GLib's memory is malloc()'s since 2.46 */
	len = out->len;
	rest_answer_text(&ex->ans, REST_TYPE_METRICS, g_string_free(out, FALSE),
			 len);
}

static void make_answer(struct rest_exchange *ex, enum api_err err,
			const json_t *reply)
{
	const struct rest_route *route = ex->req.match.route;

	if (err) {
		rest_fault_set(&ex->req.fault, err, "%s",
			       err == API_ERR_timeout
				       ? "the call plugin did not answer in "
					 "time"
				       : "the call plugin does not answer "
					 "now");
		make_problem(ex);
	} else if (str_eq(route->verb, "meta.metrics") &&
		   json_object_get(reply, "ok")) {
		answer_metrics(ex, reply);
	} else {
		rest_answer_reply(&ex->ans, route, reply, ex->req.id);
		if (str_eq(route->verb, "meta.openapi"))
			keep_openapi(ex);
	}
}

/* Thread: whoever brings the answer; alone with the exchange until it resumes
 * the connection */
void rest_exchange_answered(void *what, enum api_err err, const json_t *reply)
{
	struct rest_exchange *ex = what;

	make_answer(ex, err, reply);
	MHD_resume_connection(ex->conn);
}
