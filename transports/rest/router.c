/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rest/router.h"

#include <glib.h>
#include <stdio.h>
#include <string.h>

#include "common/str.h"

#define ROUTE(id, name, meth, route_path, need, how)                           \
	{.verb = (name),                                                       \
	 .method = REST_##meth,                                                \
	 .path = (route_path),                                                 \
	 .scope = (need),                                                      \
	 .kind = (how)},

#define PAGE(route_path, what)                                                 \
	{                                                                      \
		.method = REST_GET, .path = (route_path), .scope = "public",   \
		.kind = VERB_GET, .page = (what)                               \
	}

static const struct rest_route routes[] = {
	VERBS(ROUTE) PAGE("/healthz", REST_PAGE_HEALTH),
	PAGE("/", REST_PAGE_HOME),
	PAGE("/docs", REST_PAGE_DOCS),
	PAGE("/docs/app.js", REST_PAGE_DOCS_JS),
	PAGE("/docs/style.css", REST_PAGE_DOCS_CSS),
	PAGE("/docs/errors", REST_PAGE_ERRORS),
	PAGE("/phone", REST_PAGE_PHONE),
	PAGE("/assets/{name}", REST_PAGE_ASSET),
};

enum {
	MAX_SEGMENTS = 8,
	MAX_PATH = 1024,
};

/* A path cut at its slashes, then decoded: what was an encoded slash is part
 * of its segment and matches nothing */
struct segments {
	char buf[MAX_PATH];
	const char *seg[MAX_SEGMENTS];
	unsigned n;
};

static const char *const method_names[REST_NMETHODS] = {
	[REST_GET] = "GET",     [REST_POST] = "POST",     [REST_PUT] = "PUT",
	[REST_PATCH] = "PATCH", [REST_DELETE] = "DELETE",
};

const char *rest_method_name(enum rest_method method)
{
	return method < REST_NMETHODS ? method_names[method] : "";
}

bool rest_method_has_body(enum rest_method method)
{
	return method == REST_POST || method == REST_PUT ||
	       method == REST_PATCH;
}

size_t rest_route_count(void)
{
	return G_N_ELEMENTS(routes);
}

size_t rest_route_index(const struct rest_route *route)
{
	return (size_t)(route - routes);
}

const struct rest_route *rest_route_at(size_t index)
{
	return index < G_N_ELEMENTS(routes) ? &routes[index] : NULL;
}

long rest_percent_decode(char *out, const char *text, size_t len, bool plus)
{
	size_t i, n = 0;

	for (i = 0; i < len; ++i) {
		char c = text[i];

		if (c == '%') {
			int hi, lo;

			if (len - i < 3)
				return -1;
			hi = g_ascii_xdigit_value(text[i + 1]);
			lo = g_ascii_xdigit_value(text[i + 2]);
			if (hi < 0 || lo < 0)
				return -1;
			c = (char)(hi * 16 + lo);
			i += 2;
		} else if (plus && c == '+') {
			c = ' ';
		}
		out[n++] = c;
	}
	out[n] = '\0';

	return str_is_clean(out, n, false) ? (long)n : -1;
}

static enum api_err split(struct segments *segs, const char *path)
{
	size_t used = 0;

	segs->n = 0;
	if (*path != '/')
		return API_ERR_not_found;
	if (!path[1])
		return API_OK; /* "/": no segment */

	while (*path == '/') {
		const size_t len = strcspn(++path, "/");
		long n;

		if (segs->n == MAX_SEGMENTS || used + len + 1 > MAX_PATH)
			return API_ERR_not_found;
		n = rest_percent_decode(segs->buf + used, path, len, false);
		if (n < 0)
			return API_ERR_bad_request;

		segs->seg[segs->n++] = segs->buf + used;
		used += (size_t)n + 1;
		path += len;
	}

	return API_OK;
}

/* What may stand for a {capture}: nothing that a file name or another path
 * could be made of */
static bool is_capture(const char *seg)
{
	return *seg && strlen(seg) <= REST_MAX_SEGMENT && !strchr(seg, '/') &&
	       !strchr(seg, '\\') && !str_eq(seg, ".") && !str_eq(seg, "..");
}

static void capture(struct rest_match *match, const char *name, size_t len,
		    const char *value)
{
	struct rest_capture *cap;

	if (match->ncaptures == REST_MAX_CAPTURES)
		return;

	cap = &match->captures[match->ncaptures++];
	len = MIN(len, sizeof(cap->name) - 1);
	memcpy(cap->name, name, len);
	cap->name[len] = '\0';
	str_copy(cap->value, sizeof(cap->value), value);
}

static bool matches(struct rest_match *match, const char *template,
		    const struct segments *segs)
{
	unsigned i = 0;

	match->ncaptures = 0;
	while (*template == '/' && template[1]) {
		const size_t len = strcspn(++template, "/");
		const char *seg;

		if (i == segs->n)
			return false;
		seg = segs->seg[i++];

		if (*template == '{') {
			if (!is_capture(seg))
				return false;
			capture(match, template + 1, len - 2, seg);
		} else if (strlen(seg) != len || memcmp(seg, template, len)) {
			return false;
		}
		template += len;
	}

	return i == segs->n;
}

/* The template with the fewest captures: /v1/flows/validate is no flow's id */
static const char *best_template(struct rest_match *match,
				 const struct segments *segs)
{
	struct rest_match try = *match;
	const char *best = NULL;
	size_t i;

	for (i = 0; i < G_N_ELEMENTS(routes); ++i) {
		const char *path = routes[i].path;

		if (best && str_eq(best, path))
			continue;
		if (!matches(&try, path, segs))
			continue;
		if (best && try.ncaptures >= match->ncaptures)
			continue;
		best = path;
		*match = try;
	}

	return best;
}

static int method_number(const char *method)
{
	int i;

	for (i = 0; i < REST_NMETHODS; ++i)
		if (str_eq(method, method_names[i]))
			return i;

	return -1;
}

static void allow_all(struct rest_match *match)
{
	match->options = true;
	match->allow = (1u << REST_NMETHODS) - 1;
}

enum api_err rest_route_find(struct rest_match *match, const char *method,
			     const char *path)
{
	struct segments segs;
	enum api_err err;
	const char *template;
	int number;
	size_t i;

	memset(match, 0, sizeof(*match));
	if (str_eq(method, "OPTIONS") && str_eq(path, "*")) {
		allow_all(match);
		return API_OK;
	}

	err = split(&segs, path);
	if (err)
		return err;
	template = best_template(match, &segs);
	if (!template)
		return API_ERR_not_found;

	match->options = str_eq(method, "OPTIONS");
	match->head = str_eq(method, "HEAD");
	number = match->head ? REST_GET : method_number(method);

	for (i = 0; i < G_N_ELEMENTS(routes); ++i) {
		if (!str_eq(routes[i].path, template))
			continue;
		match->allow |= 1u << routes[i].method;
		if (number == (int)routes[i].method)
			match->route = &routes[i];
	}

	return match->route || match->options ? API_OK
					      : API_ERR_method_not_allowed;
}

void rest_route_allow(char *buf, size_t size, unsigned allow)
{
	GString *text = g_string_new(NULL);
	int i;

	for (i = 0; i < REST_NMETHODS; ++i) {
		if (!(allow & (1u << i)))
			continue;
		g_string_append_printf(text, "%s, ", method_names[i]);
		if (i == REST_GET)
			g_string_append(text, "HEAD, ");
	}
	g_string_append(text, "OPTIONS");
	str_copy(buf, size, text->str);
	g_string_free(text, TRUE);
}
