/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Redirects (RFC 9110 §15.4), by ourselves: curl would take every field of
 * ours along to wherever they lead */
#include <errno.h>
#include <string.h>

#include "common/str.h"

#include "fetch/fetch_priv.h"

static bool part_is(CURLU *url, CURLUPart part, const char *const *values)
{
	char *text = NULL;
	bool found = false;

	if (curl_url_get(url, part, &text, CURLU_DEFAULT_PORT))
		return false;
	for (; *values && !found; ++values)
		found = g_ascii_strcasecmp(text, *values) == 0;
	curl_free(text);

	return found;
}

static bool same_part(CURLU *a, CURLU *b, CURLUPart part)
{
	const char *one[] = {NULL, NULL};
	char *text = NULL;
	bool same;

	if (curl_url_get(a, part, &text, CURLU_DEFAULT_PORT))
		return false;
	one[0] = text;
	same = part_is(b, part, one);
	curl_free(text);

	return same;
}

/* RFC 6454 */
static bool same_origin(CURLU *a, CURLU *b)
{
	return same_part(a, b, CURLUPART_SCHEME) &&
	       same_part(a, b, CURLUPART_HOST) &&
	       same_part(a, b, CURLUPART_PORT);
}

/* What a browser makes of it */
static void choose_method(struct fetch *f)
{
	const bool head = str_eq(f->method, "HEAD");

	if (f->status == 303 && !head)
		f->as_get = true;
	if ((f->status == 301 || f->status == 302) && str_eq(f->method, "POST"))
		f->as_get = true;
}

static int go_to(struct fetch *f, const char *location)
{
	static const char *const schemes[] = {"http", "https", NULL};
	CURLU *to = curl_url_dup(f->at);
	CURLUcode rc;
	bool kind;

	if (!to)
		g_error("fetch: out of memory");

	/* real servers forget to escape */
	rc = curl_url_set(to, CURLUPART_URL, location,
			  CURLU_URLENCODE | CURLU_ALLOW_SPACE |
				  CURLU_DISALLOW_USER);
	kind = rc ? rc != CURLUE_UNSUPPORTED_SCHEME
		  : part_is(to, CURLUPART_SCHEME, schemes);
	if (rc || !kind) {
		curl_url_cleanup(to);
		if (kind)
			fetch_fail(f, FETCH_BAD_RESPONSE, EPROTO,
				   "the redirect has no valid URL: %s",
				   curl_url_strerror(rc));
		else
			fetch_fail(f, FETCH_FORBIDDEN, EACCES,
				   "the redirect leads to something else than "
				   "http and https");
		return EPROTO;
	}

	f->foreign |= !same_origin(f->at, to);
	curl_url_cleanup(f->at);
	f->at = to;

	return 0;
}

bool fetch_follow(struct fetch *f)
{
	struct curl_header *header;

	if (f->fault || !f->prm.redirects ||
	    (f->status != 301 && f->status != 302 && f->status != 303 &&
	     f->status != 307 && f->status != 308))
		return false;
	if (curl_easy_header(f->easy, "Location", 0, CURLH_HEADER, -1, &header))
		return false;

	if (f->nfollowed == f->prm.redirects) {
		fetch_fail(f, FETCH_REDIRECTS, ELOOP, "more than %u redirects",
			   f->prm.redirects);
		return false;
	}
	if (strlen(header->value) > FETCH_URL_MAX) {
		fetch_fail(f, FETCH_BAD_RESPONSE, EPROTO,
			   "the redirect's URL is over %d bytes",
			   FETCH_URL_MAX);
		return false;
	}
	if (go_to(f, header->value))
		return false;
	++f->nfollowed;
	choose_method(f);

	return true;
}
