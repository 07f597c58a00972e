/* SPDX-License-Identifier: GPL-3.0-or-later */

/* What a flow asks of servers: signed, by fetch/, noted in the timeline. A
 * request belongs to nobody but itself: its call may have gone when the answer
 * comes, so it knows the call by its id. */

#include <errno.h>
#include <string.h>

#include "call/call_priv.h"
#include "common/clock.h"
#include "common/json.h"
#include "common/seal.h"
#include "common/str.h"
#include "common/webhook_sign.h"
#include "directory/directory.h"
#include "fetch/fetch.h"
#include "host/log.h"

enum {
	REDIRECTS = 3,
	URL_SHOWN = 72, /**< bytes of it in a note */
};

struct call_http {
	struct call_table *table; /**< outlives the fetcher's answers */
	char call_id[ID_SIZE];
	uint32_t id; /**< 0: nobody waits */
	struct fetch *fetch;
	int64_t start_ms;
	unsigned attempt;
	const char *what;
	char *shown; /**< "POST https://host/path", without its query */
};

const struct call_fetch_ops call_fetch_default = {
	.start = fetch_start,
	.cancel = fetch_cancel,
};

/* ---- the timeline ---- */

/* What lies behind '?' may be a key, and so may anything of a secret URL but
 * its origin */
static char *shown_of(const struct flow_http *http)
{
	const char *scheme = strstr(http->url, "://");
	const char *host = scheme ? scheme + 3 : http->url;
	const size_t len = (size_t)(host - http->url) +
			   strcspn(host, http->secret ? "/?#" : "?#");
	const int max = (int)MIN(len, (size_t)URL_SHOWN);

	return g_strdup_printf("%s %.*s%s", http->method ? http->method : "GET",
			       max, http->url, http->url[max] ? "…" : "");
}

static void note(struct call *call, const struct call_http *http,
		 const char *result)
{
	const int64_t now_ms = clock_mono_ms(call->table->env.clock);
	GString *line = g_string_new(NULL);

	g_string_printf(line, "%s %s: %s, %lld ms", http->what, http->shown,
			result, (long long)(now_ms - http->start_ms));
	if (http->attempt)
		g_string_append_printf(line, ", attempt %u", http->attempt);
	call_note_as(call, CALL_NOTE_HTTP, line->str);
	g_string_free(line, TRUE);
}

/* ---- the header fields ---- */

static char *signing_secret(const struct call *call)
{
	const struct call_env *env = &call->table->env;
	const struct seal_owner owner = {.kind = "account",
					 .id = call->account_id,
					 .path = "signing_secret"};
	const struct dir_account *account =
		directory_account(env->dir, call->account_id);
	char *plain = NULL;
	int err;

	if (!account || !account->doc || !env->key)
		return NULL;
	err = seal_open(env->key, &owner, account->doc, &plain);
	if (err && err != ENOENT)
		log_error("call %s: the account's signing secret cannot be "
			  "opened: was it sealed with another key file?",
			  call->id);

	return err ? NULL : plain;
}

static void sign(const struct call *call, const struct flow_http *http,
		 GPtrArray *lines)
{
	char id[ID_SIZE], *secret = signing_secret(call), *signature;
	struct webhook_message msg = {
		.id = http->message_id,
		.timestamp_s = clock_wall_ms(call->table->env.clock) / 1000,
		.body = http->body ? http->body : "",
		.body_len = http->body_len,
	};

	if (!secret)
		return;
	if (!msg.id) {
		id_new(id);
		msg.id = id;
	}
	signature = webhook_sign(secret, &msg);
	g_ptr_array_add(lines, g_strconcat("webhook-id: ", msg.id, NULL));
	g_ptr_array_add(lines, g_strdup_printf("webhook-timestamp: %lld",
					       (long long)msg.timestamp_s));
	g_ptr_array_add(lines,
			g_strconcat("webhook-signature: ", signature, NULL));
	g_free(signature);
	memset(secret, 0, strlen(secret));
	g_free(secret);
}

/* "Name: value", NULL-ended */
static GPtrArray *header_lines(const struct call *call,
			       const struct flow_http *http)
{
	GPtrArray *lines = g_ptr_array_new_with_free_func(g_free);
	const char *name;
	json_t *value;
	bool typed = false;

	json_object_foreach((json_t *)http->headers, name, value)
	{
		if (!json_is_string(value))
			continue;
		typed |= !g_ascii_strcasecmp(name, "Content-Type");
		g_ptr_array_add(lines,
				g_strconcat(name, ": ",
					    json_string_value(value), NULL));
	}
	if (http->content_type && !typed)
		g_ptr_array_add(lines, g_strconcat("Content-Type: ",
						   http->content_type, NULL));
	if (http->sign)
		sign(call, http, lines);
	g_ptr_array_add(lines, NULL);

	return lines;
}

/* ---- a request ---- */

static void http_free(struct call_http *http)
{
	g_free(http->shown);
	g_free(http);
}

static void tell(struct call *call, uint32_t id, const struct fetch_result *res)
{
	const struct flow_http_reply reply = {
		.status = res->err ? 0 : res->status,
		.code = res->code,
		.why = res->why,
		.content_type = res->content_type,
		.body = res->err ? NULL : res->body,
		.body_len = res->err ? 0 : res->body_len,
		.retry_after_s = res->retry_after_s,
	};
	const struct flow_event ev = {
		.type = FLOW_EV_HTTP, .id = id, .http = &reply};

	call_flow_event(call, &ev);
}

static void on_done(void *arg, const struct fetch_result *res)
{
	struct call_http *http = arg;
	struct call *call = call_find(http->table, http->call_id);
	const bool waited = call && call->http == http;
	char status[16];

	if (!call)
		goto out;

	call_turn_begin(call);
	if (!http->id)
		--call->https;
	if (waited)
		call->http = NULL;
	if (waited || !http->id) { /* the other was given up, and noted */
		g_snprintf(status, sizeof(status), "%d", res->status);
		note(call, http, res->err ? res->code : status);
	}
	if (waited)
		tell(call, http->id, res);
	call_turn_end(call);
out:
	http_free(http);
}

static int start(struct call *call, struct call_http *http,
		 const struct flow_http *prm)
{
	const struct call_env *env = &call->table->env;
	GPtrArray *lines = header_lines(call, prm);
	const struct fetch_params fetch = {
		.url = prm->url,
		.method = prm->method,
		.headers = (const char *const *)lines->pdata,
		.body = prm->body,
		.body_len = prm->body_len,
		.owner = call->account_id,
		.max_bytes = prm->max_bytes,
		.timeout_ms = prm->timeout_ms,
		.redirects = REDIRECTS,
		.fd = -1,
		.done = on_done,
		.arg = http,
	};
	const int err = env->fetch->start(&http->fetch, env->fetcher, &fetch);

	g_ptr_array_free(lines, TRUE);

	return err;
}

int call_http_start(struct call *call, const struct flow_http *prm,
		    uint32_t *idp)
{
	struct call_http *http;
	int err;

	if (call->state == CALL_ENDED)
		return ESHUTDOWN;
	if (!call->table->env.fetcher)
		return ENOTSUP;
	if (idp ? call->http != NULL : call->https == CALL_HTTPS_MAX)
		return EAGAIN;

	http = g_new0(struct call_http, 1);
	http->table = call->table;
	str_copy(http->call_id, ID_SIZE, call->id);
	http->id = idp ? ++call->http_ids : 0;
	http->attempt = prm->attempt;
	http->what = prm->what;
	http->shown = shown_of(prm);
	http->start_ms = clock_mono_ms(call->table->env.clock);
	err = start(call, http, prm);
	if (err) {
		note(call, http, strerror(err));
		http_free(http);
		return err;
	}
	if (idp) {
		call->http = http;
		*idp = http->id;
	} else {
		++call->https;
	}

	return 0;
}

void call_http_cancel(struct call *call, uint32_t id)
{
	struct call_http *http = call->http;

	if (!http || http->id != id)
		return;
	call->http = NULL; /* on_done() frees it */
	note(call, http, "given up");
	call->table->env.fetch->cancel(http->fetch);
}

void call_http_forget(struct call *call)
{
	if (call->http)
		call_http_cancel(call, call->http->id);
}
