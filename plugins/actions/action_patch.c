/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Ask a server what to do. What it says is in patch_answer.c. */

#include <errno.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "actions/actions.h"
#include "actions/http.h"
#include "actions/patch_answer.h"
#include "common/id.h"
#include "common/json.h"
#include "common/jsonw.h"
#include "common/str.h"

enum {
	BODY_MAX = 512 * 1024, /**< of an answer: it is read on the loop */
	BACKOFF_MS = 250,      /**< before the second attempt, then twice */
	BACKOFF_MAX_MS = 2000,
	RETRY_AFTER_MAX_S = 10, /**< who asks for more is not asked again */
};

/** The run's state */
struct patch {
	uint32_t http_id; /**< 0: waits for the next attempt */
	unsigned attempt; /**< of this URL, from 1 */
	bool fallback;    /**< fallback_url has its turn */
	char message_id[ID_SIZE];
};

_Static_assert(sizeof(struct patch) <= FLOW_STATE_SIZE, "state too large");

static const char *const methods[] = {"POST", "GET", "PUT", NULL};

static const struct opt opts[] = {
	{.name = "event_url",
	 .type = OPT_STRING,
	 .flags = OPT_REQUIRED,
	 .min = 1,
	 .max = HTTP_URL_MAX,
	 .check = opt_check_http_url,
	 .format = "uri",
	 .doc = "Whom to ask."},
	{.name = "event_method",
	 .type = OPT_STRING,
	 .values = methods,
	 .def = "\"POST\"",
	 .doc = "How; `GET` sends no body."},
	{.name = "timeout_ms",
	 .alias = "timeout",
	 .type = OPT_INT,
	 .min = 100,
	 .max = HTTP_TIMEOUT_MAX_MS,
	 .def = "5000",
	 .doc = "Time for each attempt, in milliseconds."},
	{.name = "retries",
	 .type = OPT_INT,
	 .min = 0,
	 .max = 5,
	 .def = "2",
	 .doc = "How often more when there is no connection, no answer in "
		"time, a 5xx, or a 429."},
	{.name = "fallback_url",
	 .type = OPT_STRING,
	 .min = 1,
	 .max = HTTP_URL_MAX,
	 .check = opt_check_http_url,
	 .format = "uri",
	 .doc = "Whom to ask when that came to nothing, with as many "
		"attempts."},
	{.name = "headers",
	 .type = OPT_MAP,
	 .min = 0,
	 .max = 32,
	 .doc = "Header fields to be added."},
	OPT_END,
};

/* What the server is told; secret digits too, here alone */
static char *body_of(struct flow_run *run)
{
	const struct flow_host *host = flow_host(run);
	GString *out = g_string_sized_new(2048);
	json_t *variables = flow_variables(run);
	json_t *position = flow_position(run);
	char *call = NULL;

	if (host->describe)
		call = host->describe(flow_host_arg(run));
	jsonw_open(out, NULL, '{');
	jsonw_str(out, "event", "patch");
	jsonw_text(out, "call", call);
	jsonw_json(out, "variables", variables);
	jsonw_json(out, "position", position);
	jsonw_close(out, '}');
	g_free(call);
	json_decref(variables);
	json_decref(position);

	return g_string_free(out, FALSE);
}

static enum act broke(struct flow_run *run, bool again, int64_t retry_after_s);

static enum act ask(struct flow_run *run)
{
	const json_t *o = flow_opts(run);
	struct patch *patch = flow_state(run);
	const char *method = json_str(o, "event_method", "POST");
	char *body = str_eq(method, "GET") ? NULL : body_of(run);
	const struct flow_http http = {
		.what = "patch",
		.attempt = ++patch->attempt,
		.message_id = patch->message_id,
		.url = json_str(
			o, patch->fallback ? "fallback_url" : "event_url", ""),
		.method = method,
		.headers = json_object_get(o, "headers"),
		.content_type = body ? "application/json" : NULL,
		.body = body,
		.body_len = body ? strlen(body) : 0,
		.timeout_ms = (unsigned)json_int(o, "timeout_ms", 5000),
		.max_bytes = BODY_MAX,
		.sign = true,
		.secret = flow_opts_secret(run),
	};
	const int err = http_ask(run, &http, &patch->http_id);

	g_free(body);

	return err ? broke(run, err == EAGAIN, -1) : ACT_WAIT;
}

/* How long until the next attempt; -1: there is none */
static int64_t pause_ms(const struct flow_run *run, const struct patch *patch,
			int64_t retry_after_s)
{
	const int64_t retries = json_int(flow_opts(run), "retries", 2);
	int64_t ms;

	if (patch->attempt > retries || retry_after_s > RETRY_AFTER_MAX_S)
		return -1;
	ms = MIN((int64_t)BACKOFF_MS << (patch->attempt - 1), BACKOFF_MAX_MS);

	return MAX(ms, retry_after_s * 1000);
}

/* flow_fail() has said why: another attempt, the other server, or the end */
static enum act broke(struct flow_run *run, bool again, int64_t retry_after_s)
{
	struct patch *patch = flow_state(run);
	const int64_t ms = again ? pause_ms(run, patch, retry_after_s) : -1;

	patch->http_id = 0;
	if (ms >= 0) {
		flow_timer(run, ms);
		return ACT_WAIT;
	}
	if (patch->fallback || !json_object_get(flow_opts(run), "fallback_url"))
		return ACT_FAILED;
	patch->fallback = true;
	patch->attempt = 0;

	return ask(run);
}

static enum act over(struct flow_run *run, const struct flow_http_reply *reply)
{
	const int status = reply->status;

	if (!status) {
		(void)http_failed(run, reply);
		return broke(run,
			     str_eq(reply->code, "unreachable") ||
				     str_eq(reply->code, "timeout"),
			     -1);
	}
	if (status < 200 || status > 299) {
		flow_fail(run, "http_status", "status %d", status);
		return broke(run, status >= 500 || status == 429,
			     reply->retry_after_s);
	}
	if (status == 204 || http_is_empty(reply))
		return ACT_NEXT;

	switch (patch_answer(run, reply)) {
	case PATCH_EMPTY:
		return ACT_NEXT;
	case PATCH_ENTERED:
		return ACT_JUMP;
	case PATCH_WRONG:
		return broke(run, false, -1);
	case PATCH_FAILED:
		break;
	}

	return ACT_FAILED;
}

static enum act patch_start(struct flow_run *run)
{
	struct patch *patch = flow_state(run);

	id_new(patch->message_id);

	return ask(run);
}

static enum act patch_event(struct flow_run *run, const struct flow_event *ev)
{
	const struct patch *patch = flow_state(run);

	if (ev->type == FLOW_EV_HTTP && patch->http_id &&
	    ev->id == patch->http_id)
		return over(run, ev->http);
	if (ev->type == FLOW_EV_TIMER && !patch->http_id)
		return ask(run);

	return ACT_WAIT;
}

static void patch_cancel(struct flow_run *run)
{
	const struct patch *patch = flow_state(run);

	http_give_up(run, patch->http_id);
}

const struct action_type action_patch = {
	.name = "patch",
	.alias = "fetch",
	.flags = ACTION_RUNS_FLOWS | ACTION_FALLS_BACK,
	.opts = opts,
	.check = http_check_headers,
	.start = patch_start,
	.event = patch_event,
	.cancel = patch_cancel,
	.doc = "Asks a server what to do. It gets `{\"event\": \"patch\", "
	       "\"call\", \"variables\", \"position\"}`, signed with the "
	       "account's `signing_secret` as a webhook is, and answers "
	       "`{\"actions\": […], \"variables\": {…}}`, or a list of "
	       "actions alone; 204, or nothing, when there is nothing to run. "
	       "The actions run, then the flow goes on. The digits of a "
	       "`sensitive` `dtmf_receive` are in `variables` as they are. "
	       "Between attempts there is a quarter of a second, then twice "
	       "that, up to two; a `Retry-After` of up to 10 s is waited for, "
	       "one that is longer ends the attempts. What can break: "
	       "`unreachable`, `timeout`, `http_status`, `too_large` (over "
	       "512 KiB), `forbidden_address`, `too_many_redirects`, "
	       "`bad_response` (no HTTP, no JSON), `flow_invalid`, "
	       "`variables_full`, `flow_too_deep`, `busy`. Without an "
	       "`error_id` the flow's `fallback_actions` run then; without "
	       "those the call is hung up (`failed`, code `patch_failed`).",
	.sets = "what the answer has in `variables`",
	.example = "{\"type\": \"patch\", \"option\": {\"event_url\": "
		   "\"https://example.com/next\", \"headers\": "
		   "{\"Authorization\": \"Bearer 42\"}}}",
};
