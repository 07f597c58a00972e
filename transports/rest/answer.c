/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rest/answer.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/json.h"
#include "common/str.h"
#include "host/log.h"

static const char *const type_names[] = {
	[REST_TYPE_NONE] = NULL,
	[REST_TYPE_JSON] = "application/json",
	[REST_TYPE_PROBLEM] = "application/problem+json",
	[REST_TYPE_METRICS] = "text/plain; version=0.0.4; charset=utf-8",
	[REST_TYPE_HTML] = "text/html; charset=utf-8",
	[REST_TYPE_JS] = "text/javascript; charset=utf-8",
	[REST_TYPE_CSS] = "text/css; charset=utf-8",
	[REST_TYPE_TEXT] = "text/plain; charset=utf-8",
	[REST_TYPE_SVG] = "image/svg+xml",
	[REST_TYPE_PNG] = "image/png",
	[REST_TYPE_ICO] = "image/x-icon",
	[REST_TYPE_WOFF2] = "font/woff2",
	[REST_TYPE_MP3] = "audio/mpeg",
	[REST_TYPE_WAV] = "audio/wav",
	[REST_TYPE_WASM] = "application/wasm",
	[REST_TYPE_EVENTS] = "text/event-stream",
};

const char *rest_type_name(enum rest_type type)
{
	return type_names[type];
}

void rest_answer_clear(struct rest_answer *ans)
{
	free(ans->body);
	if (ans->has_fd)
		close(ans->fd);
	memset(ans, 0, sizeof(*ans));
}

void rest_answer_static(struct rest_answer *ans, enum rest_type type,
			const char *text, size_t len)
{
	ans->status = 200;
	ans->type = type;
	ans->text = text;
	ans->len = len;
}

void rest_answer_text(struct rest_answer *ans, enum rest_type type, char *text,
		      size_t len)
{
	free(ans->body);
	ans->body = text;
	rest_answer_static(ans, type, text, len);
}

void rest_answer_json(struct rest_answer *ans, int status, const json_t *doc)
{
	char *text = json_text(doc);

	rest_answer_text(ans, REST_TYPE_JSON, text, text ? strlen(text) : 0);
	ans->status = status;
}

void rest_answer_problem(struct rest_answer *ans,
			 const struct rest_fault *fault, const char *request_id)
{
	const char *code = api_err_code(fault->err);
	const char *title = api_err_title(fault->err);
	json_t *doc;

	doc = json_pack("{s:s+, s:s, s:i, s:s, s:s, s:s}", "type",
			"/docs/errors#", code, "title", title, "status",
			api_err_status(fault->err), "detail",
			*fault->detail ? fault->detail : title, "code", code,
			"request_id", request_id);
	if (fault->faults.list)
		json_object_set(doc, "errors", fault->faults.list);

	rest_answer_json(ans, api_err_status(fault->err), doc);
	json_decref(doc);

	ans->type = REST_TYPE_PROBLEM;
	ans->challenge = ans->status == 401;
	ans->retry_after_s = fault->retry_after_s;
	if (!ans->retry_after_s && (ans->status == 429 || ans->status == 503))
		ans->retry_after_s = 1;
}

static void answer_error(struct rest_answer *ans, const json_t *error,
			 const char *request_id)
{
	struct rest_fault fault = {0};
	const int64_t retry = json_int(error, "retry_after_s", 0);
	json_t *errors = json_object_get(error, "errors");

	rest_fault_set(&fault, api_err_by_code(json_str(error, "code", "")),
		       "%s", json_str(error, "detail", ""));
	if (json_is_array(errors) && json_array_size(errors))
		fault.faults.list = json_incref(errors);
	if (retry > 0 && retry <= 86400)
		fault.retry_after_s = (unsigned)retry;

	rest_answer_problem(ans, &fault, request_id);
	rest_fault_clear(&fault);
}

static int ok_status(const struct rest_route *route, const json_t *ok)
{
	switch (route->kind) {
	case VERB_CREATE:
	case VERB_UPLOAD:
		return 201;
	case VERB_DELETE:
		return 204;
	case VERB_GET:
		if (str_eq(route->verb, "meta.ready") &&
		    !json_flag(ok, "ready", false))
			return 503;
		return 200;
	case VERB_LIST:
	case VERB_PATCH:
	case VERB_ACTION:
	case VERB_REPLACE:
	case VERB_FILE:
	case VERB_STREAM:
		break;
	}

	return 200;
}

void rest_answer_reply(struct rest_answer *ans, const struct rest_route *route,
		       const json_t *reply, const char *request_id)
{
	const json_t *ok = json_object_get(reply, "ok");
	const json_t *error = json_object_get(reply, "error");
	struct rest_fault fault = {0};
	int status;

	if (json_is_object(error)) {
		answer_error(ans, error, request_id);
	} else if (ok || route->kind == VERB_DELETE) {
		status = ok_status(route, ok);
		if (status == 204)
			ans->status = status;
		else
			rest_answer_json(ans, status, ok);
		if (status == 503)
			ans->retry_after_s = 1;
		str_copy(ans->location, sizeof(ans->location),
			 json_str(reply, "location", ""));
	} else {
		log_error("rest: request %s: %s was answered without a "
			  "result",
			  request_id, route->verb);
		rest_fault_set(&fault, API_ERR_internal,
			       "the answer made no sense");
		rest_answer_problem(ans, &fault, request_id);
	}
	ans->replayed = json_flag(reply, "replayed", false);
}
