/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How a hop ended, in our words, and what its answer says */
#include <errno.h>
#include <string.h>

#include "common/clock.h"
#include "common/str.h"

#include "fetch/fetch_priv.h"

/* curl's words, unless a server's bytes got into them */
static const char *curl_words(const struct fetch *f, CURLcode rc)
{
	const size_t len = strnlen(f->curl_why, sizeof(f->curl_why));

	if (len && len < sizeof(f->curl_why) &&
	    str_is_clean(f->curl_why, len, false))
		return f->curl_why;

	return curl_easy_strerror(rc);
}

static void fail_in_words(struct fetch *f, enum fetch_fault fault, int err,
			  CURLcode rc)
{
	fetch_fail(f, fault, err, "%s", curl_words(f, rc));
}

/* curl's errors are many, ours few: what counts is how far it came */
static void fail_by(struct fetch *f, CURLcode rc)
{
	const struct fetch_hop *hop = &f->hop;

	if (hop->refused && hop->refused == hop->tried)
		fetch_fail(f, FETCH_FORBIDDEN, EACCES,
			   "the URL leads to an address that is not public");
	else if (rc == CURLE_OPERATION_TIMEDOUT)
		fail_in_words(f, FETCH_TIMEOUT, ETIMEDOUT, rc);
	else if (!hop->connected)
		fail_in_words(f, FETCH_UNREACHABLE, EHOSTUNREACH, rc);
	else if (!hop->headed &&
		 (rc == CURLE_GOT_NOTHING || rc == CURLE_SEND_ERROR ||
		  rc == CURLE_RECV_ERROR))
		fail_in_words(f, FETCH_UNREACHABLE, EHOSTUNREACH, rc);
	else
		fail_in_words(f, FETCH_BAD_RESPONSE, EPROTO, rc);
}

/* ---- Fields ---- */

static const char *field(struct fetch *f, const char *name, size_t index)
{
	struct curl_header *header;

	if (curl_easy_header(f->easy, name, index, CURLH_HEADER, -1, &header))
		return NULL;

	return header->value;
}

/* It goes into rows and JSON */
static char *clean_field(struct fetch *f, const char *name)
{
	const char *text = field(f, name, 0);
	const size_t len = text ? strlen(text) : 0;

	if (!len || len > FETCH_TEXT_MAX || !str_is_clean(text, len, false))
		return NULL;

	return g_strdup(text);
}

static void read_fields(struct fetch *f)
{
	const char *text;
	size_t i;

	f->content_type = clean_field(f, "Content-Type");
	f->etag = clean_field(f, "ETag");
	for (i = 0; (text = field(f, "Cache-Control", i)); ++i)
		http_cache_control(&f->fresh, text);
	http_age(&f->fresh, field(f, "Age", 0));
	f->retry_after_s =
		http_retry_after_s(field(f, "Retry-After", 0),
				   clock_wall_ms(clock_system()) / 1000);
}

/* curl takes an end for an answer when any line has come; and a switch of
 * protocols, which nobody asked for */
static CURLcode without_head(struct fetch *f)
{
	long status = 0;

	curl_easy_getinfo(f->easy, CURLINFO_RESPONSE_CODE, &status);

	return status == 101 ? CURLE_WEIRD_SERVER_REPLY : CURLE_GOT_NOTHING;
}

void fetch_conclude(struct fetch *f, CURLcode rc)
{
	/* a status that is no success stands, whatever became of its body */
	const bool stands = f->hop.headed && f->status / 100 != 2;

	if (f->fault)
		return;
	if (!rc && !f->hop.headed)
		rc = without_head(f);
	if (rc && !stands)
		fail_by(f, rc);
	else
		read_fields(f);
}
