/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The loop's side: what is asked for is checked and copied, what came is
 * handed over */
#include "fetch/fetch.h"

#include <errno.h>
#include <string.h>

#include "common/clock.h"
#include "common/opt.h"
#include "common/str.h"
#include "host/log.h"
#include "loop/loop.h"

#include "fetch/fetch_priv.h"

enum {
	HEADERS_MAX = 64,
	BODY_MAX = 16 << 20,
	MEMORY_MAX = 64 << 20,
	METHOD_MAX = 16,
	ETAG_MAX = 1024,
};

int64_t fetch_now_us(void)
{
	return clock_mono_us(clock_system());
}

int fetch_command_push(struct queue *queue, enum fetch_command_kind kind,
		       struct fetch *fetch)
{
	struct fetch_command *cmd = g_new0(struct fetch_command, 1);
	int err;

	cmd->kind = kind;
	cmd->fetch = fetch;
	err = queue_push(queue, &cmd->node);
	if (err) {
		obj_unref(fetch);
		g_free(cmd);
	}

	return err;
}

/* ---- What may be asked for ---- */

static bool is_method(const char *method)
{
	const size_t len = strlen(method);

	if (!len || len > METHOD_MAX)
		return false;
	if (strspn(method, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != len)
		return false;

	return !str_eq(method, "CONNECT") && !str_eq(method, "TRACE");
}

static bool are_headers(const char *const *headers)
{
	unsigned n;

	for (n = 0; headers && headers[n]; ++n)
		if (n == HEADERS_MAX || !fetch_line_is_allowed(headers[n]))
			return false;

	return true;
}

static bool is_request(const struct fetch_params *prm)
{
	const char *etag = prm->if_none_match;

	if (!prm->url || !prm->done || prm->max_bytes < 0 ||
	    (prm->fd < 0 && prm->max_bytes > MEMORY_MAX))
		return false;
	if (strlen(prm->url) > FETCH_URL_MAX || opt_check_http_url(prm->url))
		return false;
	if (prm->method && !is_method(prm->method))
		return false;
	if (prm->body_len > BODY_MAX || (prm->body_len && !prm->body) ||
	    (prm->body_len && str_eq(prm->method, "HEAD")))
		return false;
	if (etag && (strlen(etag) > ETAG_MAX ||
		     !str_is_clean(etag, strlen(etag), false)))
		return false;

	return are_headers(prm->headers);
}

/* ---- Begin ---- */

static void fetch_destructor(void *arg)
{
	struct fetch *f = arg;

	if (f->easy)
		curl_easy_cleanup(f->easy);
	curl_slist_free_all(f->lines);
	curl_url_cleanup(f->at);
	if (f->kept)
		g_byte_array_unref(f->kept);
	obj_unref(f->queue);
	g_strfreev(f->headers);
	g_free(f->url);
	g_free(f->method);
	g_free(f->if_none_match);
	g_free(f->owner);
	g_free(f->body);
	g_free(f->host);
	g_free(f->why);
	g_free(f->content_type);
	g_free(f->etag);
}

static unsigned or_default(unsigned value, unsigned other)
{
	return value ? value : other;
}

static struct fetch *fetch_copy(const struct fetch_params *prm)
{
	struct fetch *f = obj_zalloc(sizeof(*f), fetch_destructor);

	f->prm = *prm;
	f->prm.timeout_ms = or_default(prm->timeout_ms, FETCH_TIMEOUT_MS);
	f->prm.connect_ms = or_default(prm->connect_ms, FETCH_CONNECT_MS);
	f->prm.stall_ms = or_default(prm->stall_ms, FETCH_STALL_MS);
	f->url = g_strdup(prm->url);
	f->method = g_strdup(prm->method ? prm->method : "GET");
	f->if_none_match = g_strdup(prm->if_none_match);
	f->owner = g_strdup(prm->owner);
	f->headers = g_strdupv((char **)(void *)prm->headers);
	f->body = g_memdup2(prm->body, prm->body_len);
	f->begun_us = fetch_now_us();
	f->until_us = f->begun_us + (int64_t)f->prm.timeout_ms * 1000;
	f->fresh.max_age_s = f->retry_after_s = -1;
	f->link.data = f;

	/* what was borrowed is not looked at any more */
	f->prm.url = f->prm.method = f->prm.if_none_match = NULL;
	f->prm.owner = NULL;
	f->prm.headers = NULL;
	f->prm.body = NULL;

	return f;
}

static int read_url(struct fetch *f)
{
	char *host = NULL;

	f->at = curl_url();
	if (!f->at ||
	    curl_url_set(f->at, CURLUPART_URL, f->url, CURLU_DISALLOW_USER) ||
	    curl_url_get(f->at, CURLUPART_HOST, &host, 0))
		return EINVAL;
	f->host = g_ascii_strdown(host, -1);
	curl_free(host);

	return 0;
}

/* The bound counts what has begun: the place is taken first */
static int take_place(struct fetcher *fetcher)
{
	if (atomic_fetch_add(&fetcher->npending, 1) < fetcher->max_pending)
		return 0;
	atomic_fetch_sub(&fetcher->npending, 1);

	return EAGAIN;
}

int fetch_start(struct fetch **fetchp, struct fetcher *fetcher,
		const struct fetch_params *prm)
{
	struct fetch *f;
	int err;

	if (!fetcher || !prm || !is_request(prm))
		return EINVAL;
	loop_assert(fetcher->loop);

	f = fetch_copy(prm);
	f->fetcher = fetcher;
	f->queue = obj_ref(fetcher->queue);
	err = read_url(f);
	if (!err)
		err = take_place(fetcher);
	if (err) {
		obj_unref(f);
		return err;
	}

	/* done() cannot run before we return: it comes on this thread */
	err = fetch_command_push(f->queue, FETCH_COMMAND_START, f);
	if (err)
		atomic_fetch_sub(&fetcher->npending, 1);
	else if (fetchp)
		*fetchp = f;

	return err;
}

void fetch_cancel(struct fetch *f)
{
	if (!f || f->cancel_sent)
		return;

	f->cancel_sent = true;
	/* after fetcher_stop() it is refused: the end is posted already */
	(void)fetch_command_push(f->queue, FETCH_COMMAND_CANCEL, obj_ref(f));
}

/* ---- The end ---- */

static const char *const codes[FETCH_NFAULTS] = {
	[FETCH_OK] = NULL,
	[FETCH_UNREACHABLE] = "unreachable",
	[FETCH_TIMEOUT] = "timeout",
	[FETCH_TOO_LARGE] = "too_large",
	[FETCH_FORBIDDEN] = "forbidden_address",
	[FETCH_REDIRECTS] = "too_many_redirects",
	[FETCH_BAD_RESPONSE] = "bad_response",
	[FETCH_STORAGE] = "storage_failed",
	[FETCH_CANCELED] = "canceled",
};

/* Thread: loop. The last reference is the caller's until done() returns, or
 * that of a cancel which is still under way */
static void on_end(void *arg)
{
	struct fetch *f = arg;
	struct fetch_result result = {
		.err = f->err,
		.code = codes[f->fault],
		.why = f->why,
		.status = f->status,
		.content_type = f->content_type,
		.etag = f->etag,
		.max_age_s = f->fresh.max_age_s,
		.no_store = f->fresh.no_store,
		.retry_after_s = f->retry_after_s,
		.total_us = f->ended_us - f->begun_us,
		.body_len = (size_t)f->stored,
	};

	if (!f->fault && f->kept) {
		result.body = f->kept->data;
		result.body_len = f->kept->len;
	}
	f->prm.done(f->prm.arg, &result);
	obj_unref(f);
}

void fetch_post_end(struct fetch *f)
{
	if (!loop_post(f->fetcher->loop, "fetch_end", on_end, f))
		return;
	log_error("fetch: the loop is gone before its fetches");
	obj_unref(f);
}
