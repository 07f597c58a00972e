/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <glib.h>
#include <microhttpd.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <gnutls/gnutls.h>

#include "rest/answer.h"
#include "rest/rest_priv.h"
#include "rest/sse.h"

struct field {
	const char *name;
	const char *value;
};

enum {
	MAX_FIELDS = 32,
	STREAM_BLOCK = 4096, /* HTTP/1.0; chunks go by the connection's room */
};

#define ALLOWED_FIELDS                                                         \
	"Authorization, Content-Type, Idempotency-Key, Bifrons-Account, "      \
	"Last-Event-ID, Range, X-Request-Id, If-None-Match, If-Range"
#define EXPOSED_FIELDS                                                         \
	"Location, X-Request-Id, Retry-After, Content-Range, "                 \
	"Idempotency-Replayed, ETag, Content-Disposition"
#define PREFLIGHT_S "600"

#define POLICY                                                                 \
	"default-src 'self'; base-uri 'none'; form-action 'none'; "            \
	"frame-ancestors 'none'; object-src 'none'"

/* where Janus's WebSocket is, the page learns from the API */
static const char *const policies[] = {
	[REST_POLICY_DOCS] = POLICY,
	[REST_POLICY_APP] = POLICY "; connect-src 'self' ws: wss:; "
				   "media-src 'self' blob: mediastream:; "
				   "img-src 'self' data: blob:",
};

static bool is_page(const struct rest_answer *ans)
{
	if (ans->is_file)
		return false;

	return ans->type == REST_TYPE_HTML || ans->type == REST_TYPE_JS ||
	       ans->type == REST_TYPE_CSS || *ans->etag;
}

static const char *cache_of(const struct rest_answer *ans)
{
	if (ans->immutable)
		return "public, max-age=31536000, immutable";
	if (ans->is_file)
		return "private, no-cache";

	return is_page(ans) ? "no-cache" : "no-store";
}

static unsigned collect_file(struct field *fields,
			     const struct rest_answer *ans)
{
	unsigned n = 0;

	if (*ans->range)
		fields[n++] = (struct field){"Content-Range", ans->range};
	if (!ans->is_file)
		return n;

	fields[n++] = (struct field){"Accept-Ranges", "bytes"};
	fields[n++] = (struct field){"Content-Type", ans->media_type};
	fields[n++] = (struct field){"Content-Disposition", ans->disposition};
	/* should one still open it in a page: it may do nothing there */
	fields[n++] = (struct field){"Content-Security-Policy",
				     "default-src 'none'; sandbox"};

	return n;
}

/* Cross-origin resource sharing: one origin, or nothing. Keys travel in a
 * header field and not as cookies, so credentials are not asked for. */
static unsigned add_cors(struct field *fields, const struct rest_answer *ans)
{
	unsigned n = 0;

	if (ans->has_origin)
		fields[n++] = (struct field){"Vary", "Origin"};
	if (!ans->origin)
		return n;

	fields[n++] =
		(struct field){"Access-Control-Allow-Origin", ans->origin};
	if (!ans->preflight) {
		fields[n++] = (struct field){"Access-Control-Expose-Headers",
					     EXPOSED_FIELDS};
		return n;
	}
	fields[n++] =
		(struct field){"Access-Control-Allow-Methods", ans->allow};
	fields[n++] =
		(struct field){"Access-Control-Allow-Headers", ALLOWED_FIELDS};
	fields[n++] = (struct field){"Access-Control-Max-Age", PREFLIGHT_S};

	return n;
}

/* @return How many; `retry` holds a number's text */
static unsigned collect(struct field fields[MAX_FIELDS],
			const struct rest_answer *ans, const char *request_id,
			char retry[16])
{
	const bool page = is_page(ans);
	unsigned n = 0;

	fields[n++] = (struct field){"X-Request-Id", request_id};
	fields[n++] = (struct field){"X-Content-Type-Options", "nosniff"};
	fields[n++] = (struct field){"Cache-Control", cache_of(ans)};
	if (*ans->etag)
		fields[n++] = (struct field){"ETag", ans->etag};
	if (page)
		fields[n++] = (struct field){"Content-Security-Policy",
					     policies[ans->policy]};
	if (page)
		fields[n++] = (struct field){"Referrer-Policy", "no-referrer"};
	if (rest_type_name(ans->type))
		fields[n++] = (struct field){"Content-Type",
					     rest_type_name(ans->type)};
	n += collect_file(fields + n, ans);
	if (*ans->location)
		fields[n++] = (struct field){"Location", ans->location};
	if (*ans->allow)
		fields[n++] = (struct field){"Allow", ans->allow};
	if (ans->challenge)
		fields[n++] = (struct field){"WWW-Authenticate",
					     "Bearer realm=\"bifrons\""};
	if (ans->replayed)
		fields[n++] = (struct field){"Idempotency-Replayed", "true"};
	if (ans->retry_after_s) {
		snprintf(retry, 16, "%u", ans->retry_after_s);
		fields[n++] = (struct field){"Retry-After", retry};
	}
	/* a proxy that collects an answer would hold events back */
	if (ans->type == REST_TYPE_EVENTS)
		fields[n++] = (struct field){"X-Accel-Buffering", "no"};

	return n + add_cors(fields + n, ans);
}

/* resp is taken */
static enum MHD_Result queue(struct MHD_Connection *conn,
			     struct MHD_Response *resp,
			     const struct rest_answer *ans,
			     const char *request_id)
{
	struct field fields[MAX_FIELDS];
	enum MHD_Result rc;
	char retry[16];
	unsigned i, n;

	n = collect(fields, ans, request_id, retry);
	for (i = 0; i < n; ++i)
		MHD_add_response_header(resp, fields[i].name, fields[i].value);

	rc = MHD_queue_response(conn, (unsigned)ans->status, resp);
	MHD_destroy_response(resp);

	return rc;
}

/* Owns the body, or the descriptor; sent with sendfile(2) where it can be */
static struct MHD_Response *response_of(const struct rest_answer *ans)
{
	if (ans->has_fd)
		return MHD_create_response_from_fd_at_offset64(
			ans->len, ans->fd, ans->offset);
	if (ans->body)
		return MHD_create_response_from_buffer(ans->len, ans->body,
						       MHD_RESPMEM_MUST_FREE);

	return MHD_create_response_from_buffer(ans->len, (void *)ans->text,
					       MHD_RESPMEM_PERSISTENT);
}

int rest_reply_queue(struct MHD_Connection *conn, struct rest_answer *ans,
		     const char *request_id)
{
	struct MHD_Response *resp;

	resp = response_of(ans);
	if (!resp)
		return MHD_NO;
	ans->body = NULL;
	ans->has_fd = false;

	return queue(conn, resp, ans, request_id);
}

int rest_reply_stream(struct MHD_Connection *conn,
		      const struct rest_answer *ans, struct rest_stream *stream,
		      const char *request_id)
{
	struct MHD_Response *resp;

	resp = MHD_create_response_from_callback(
		MHD_SIZE_UNKNOWN, STREAM_BLOCK, rest_stream_read, stream, NULL);

	return resp ? queue(conn, resp, ans, request_id) : MHD_NO;
}

static void send_now(struct MHD_Connection *conn, const char *text, size_t len)
{
	const union MHD_ConnectionInfo *fd, *tls;

	fd = MHD_get_connection_info(conn, MHD_CONNECTION_INFO_CONNECTION_FD);
	tls = MHD_get_connection_info(conn, MHD_CONNECTION_INFO_GNUTLS_SESSION);

	/* into the socket's buffer or nowhere: nobody waits here */
	if (tls && tls->tls_session) {
		gnutls_record_send(tls->tls_session, text, len);
	} else if (fd) {
		if (send(fd->connect_fd, text, len,
			 MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
			return;
		shutdown(fd->connect_fd, SHUT_WR);
	}
}

void rest_reply_raw(struct MHD_Connection *conn, const struct rest_answer *ans,
		    const char *request_id)
{
	struct field fields[MAX_FIELDS];
	GString *out = g_string_new(NULL);
	char retry[16];
	unsigned i, n;

	g_string_printf(out,
			"HTTP/1.1 %d %s\r\nContent-Length: %zu\r\n"
			"Connection: close\r\n",
			ans->status,
			MHD_get_reason_phrase_for((unsigned)ans->status),
			ans->len);
	n = collect(fields, ans, request_id, retry);
	for (i = 0; i < n; ++i)
		g_string_append_printf(out, "%s: %s\r\n", fields[i].name,
				       fields[i].value);
	g_string_append(out, "\r\n");
	g_string_append_len(out, ans->text, (gssize)ans->len);

	send_now(conn, out->str, out->len);
	g_string_free(out, TRUE);
}
