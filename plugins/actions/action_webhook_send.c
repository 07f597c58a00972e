/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "actions/actions.h"
#include "actions/flatten.h"
#include "actions/http.h"
#include "common/json.h"
#include "common/str.h"

enum {
	TIMEOUT_MS = 10000,
	ANSWER_MAX = 64 * 1024,
	DATA_MAX = 64 * 1024,
};

/** The run's state */
struct send {
	uint32_t http_id;
};

static const char *const methods[] = {"POST",  "GET",    "PUT",
				      "PATCH", "DELETE", NULL};

static const struct opt opts[] = {
	{.name = "uri",
	 .type = OPT_STRING,
	 .flags = OPT_REQUIRED,
	 .min = 1,
	 .max = HTTP_URL_MAX,
	 .check = opt_check_http_url,
	 .format = "uri",
	 .doc = "Where to."},
	{.name = "method",
	 .type = OPT_STRING,
	 .values = methods,
	 .def = "\"POST\"",
	 .doc = "How; `GET` sends no data."},
	{.name = "data",
	 .type = OPT_ANY,
	 .doc = "What: a text, or any JSON; variables in its texts are put "
		"in. A text that is JSON goes as `application/json`, another "
		"as `text/plain`."},
	{.name = "headers",
	 .type = OPT_MAP,
	 .min = 0,
	 .max = 32,
	 .doc = "Header fields to be added."},
	{.name = "sync",
	 .type = OPT_BOOL,
	 .def = "false",
	 .doc = "Wait for the answer, 10 s at most."},
	OPT_END,
};

/* Is a text that is sent as it is JSON? */
static bool is_json(const char *text)
{
	json_t *j = NULL;

	(void)json_parse(&j, text, strlen(text), NULL, 0);
	json_decref(j);

	return j;
}

static char *data_of(const json_t *o, const char **typep)
{
	const json_t *data = json_object_get(o, "data");
	char *text, *out;

	*typep = "application/json";
	if (!data || str_eq(json_str(o, "method", ""), "GET"))
		return NULL;
	if (json_is_string(data)) {
		if (!is_json(json_string_value(data)))
			*typep = "text/plain; charset=utf-8";
		return g_strdup(json_string_value(data));
	}
	text = json_dumps(data, JSON_COMPACT | JSON_ENCODE_ANY);
	out = g_strdup(text);
	free(text);

	return out;
}

static enum act send_start(struct flow_run *run)
{
	const json_t *o = flow_opts(run);
	const bool sync = json_flag(o, "sync", false);
	struct send *send = flow_state(run);
	struct flow_http http = {
		.what = "webhook_send",
		.url = json_str(o, "uri", ""),
		.method = json_str(o, "method", "POST"),
		.headers = json_object_get(o, "headers"),
		.timeout_ms = TIMEOUT_MS,
		.max_bytes = ANSWER_MAX,
		.sign = true,
		.secret = flow_opts_secret(run),
	};
	char *data = data_of(o, &http.content_type);
	int err;

	if (!data)
		http.content_type = NULL;
	http.body = data;
	http.body_len = data ? strlen(data) : 0;
	if (sync)
		flow_unset_all(run, "response.");
	err = http_ask(run, &http, sync ? &send->http_id : NULL);
	g_free(data);
	if (err)
		return ACT_FAILED;

	return sync ? ACT_WAIT : ACT_NEXT;
}

/* The answer as variables: an outcome, whatever its status */
static enum act answered(struct flow_run *run,
			 const struct flow_http_reply *reply)
{
	json_t *values = json_object();
	char status[16];
	int err;

	g_snprintf(status, sizeof(status), "%d", reply->status);
	json_object_set_new(values, "response.status", json_string(status));
	if (http_is_json(reply))
		flatten_json(values, "response.body", reply->body,
			     reply->body_len);
	else
		flatten_text(values, "response.body", reply->body,
			     reply->body_len);
	err = flow_set_all(run, values, flow_opts_secret(run));
	json_decref(values);

	return err ? ACT_FAILED : ACT_NEXT;
}

static enum act send_event(struct flow_run *run, const struct flow_event *ev)
{
	const struct send *send = flow_state(run);

	if (ev->type != FLOW_EV_HTTP || ev->id != send->http_id)
		return ACT_WAIT;
	if (!ev->http->status)
		return http_failed(run, ev->http);

	return answered(run, ev->http);
}

static void send_cancel(struct flow_run *run)
{
	const struct send *send = flow_state(run);

	http_give_up(run, send->http_id);
}

static void send_check(const json_t *option, const char *pointer,
		       struct opt_faults *faults)
{
	const json_t *data = json_object_get(option, "data");
	char ptr[256];

	http_check_headers(option, pointer, faults);
	if (!data || json_dumpb(data, NULL, 0,
				JSON_COMPACT | JSON_ENCODE_ANY) <= DATA_MAX)
		return;
	str_copy(ptr, sizeof(ptr), pointer);
	json_pointer_add(ptr, sizeof(ptr), "data");
	opt_fault(faults, ptr, "must be at most %d KiB", DATA_MAX / 1024);
}

const struct action_type action_webhook_send = {
	.name = "webhook_send",
	.opts = opts,
	.check = send_check,
	.start = send_start,
	.event = send_event,
	.cancel = send_cancel,
	.doc = "Sends a request to a server, once, signed with the account's "
	       "`signing_secret` as a webhook is. With `sync` the flow waits, "
	       "and the answer is in variables, whatever its status: that is "
	       "an outcome. JSON is taken apart, `{\"a\": {\"b\": [1]}}` is "
	       "`response.body.a.b.0`: 100 values and 16 KiB at most, the "
	       "rest is left out, as are names that no variable may have; of "
	       "a status other than 2xx the first 4 KiB are read. What can "
	       "break, with `sync`: `unreachable`, `timeout`, `too_large` "
	       "(over 64 KiB), `forbidden_address`, `too_many_redirects`, "
	       "`bad_response`; `busy`. Without `sync` the request outlives "
	       "the call, and nobody hears what came of it.",
	.sets = "with `sync`: `response.status`; `response.body.*`, or "
		"`response.body` when it is a text",
	.example = "{\"type\": \"webhook_send\", \"option\": {\"uri\": "
		   "\"https://example.com/lookup\", \"data\": {\"from\": "
		   "\"${call.source}\"}, \"sync\": true}}",
};
