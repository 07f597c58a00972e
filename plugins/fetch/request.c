/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The fields that go out */
#include <string.h>

#include "common/header_map.h"
#include "common/str.h"

#include "fetch/fetch_priv.h"

enum {
	LINE_MAX_LEN = 8192,
};

/* Is the line's name in the list? */
static bool is_one_of(const char *line, const char *const *names)
{
	const size_t len = header_token_len(line);

	for (; *names; ++names)
		if (strlen(*names) == len &&
		    g_ascii_strncasecmp(line, *names, len) == 0)
			return true;

	return false;
}

bool fetch_line_is_allowed(const char *line)
{
	const size_t len = header_token_len(line);

	return len && line[len] == ':' && strlen(line) <= LINE_MAX_LEN &&
	       str_is_clean(line, strlen(line), false) &&
	       !header_is_of_http(line, len);
}

const char *fetch_method(const struct fetch *f)
{
	return f->as_get ? "GET" : f->method;
}

bool fetch_has_body(const struct fetch *f)
{
	if (f->as_get)
		return false;

	return f->prm.body_len || str_eq(f->method, "POST") ||
	       str_eq(f->method, "PUT") || str_eq(f->method, "PATCH");
}

static bool goes_along(const struct fetch *f, const char *line)
{
	static const char *const harmless[] = {"Accept", "Accept-Language",
					       "Content-Type", "User-Agent",
					       NULL};
	static const char *const of_body[] = {
		"Content-Type", "Content-Encoding", "Content-Language", NULL};

	if (f->foreign && !is_one_of(line, harmless))
		return false;

	return fetch_has_body(f) || !is_one_of(line, of_body);
}

static void add(struct curl_slist **linesp, const char *line)
{
	struct curl_slist *more = curl_slist_append(*linesp, line);

	if (!more)
		g_error("fetch: out of memory");
	*linesp = more;
}

/* "Name:" keeps curl from adding one of its own; "Name;" sends one without a
 * value, which is what the caller's "Name:" asks for */
static void add_given(struct curl_slist **linesp, const char *line)
{
	const size_t len = header_token_len(line);
	char *empty;

	if (line[len + 1 + strspn(line + len + 1, " \t")]) {
		add(linesp, line);
		return;
	}
	empty = g_strdup_printf("%.*s;", (int)len, line);
	add(linesp, empty);
	g_free(empty);
}

struct curl_slist *fetch_lines(const struct fetch *f)
{
	static const char *const type[] = {"Content-Type", NULL};
	static const char *const encoding[] = {"Accept-Encoding", NULL};
	struct curl_slist *lines = NULL;
	bool typed = false, encoded = false;
	char **line;

	for (line = f->headers; line && *line; ++line) {
		if (!goes_along(f, *line))
			continue;
		typed |= is_one_of(*line, type);
		encoded |= is_one_of(*line, encoding);
		add_given(&lines, *line);
	}
	if (f->if_none_match) {
		char *match =
			g_strconcat("If-None-Match: ", f->if_none_match, NULL);

		add(&lines, match);
		g_free(match);
	}
	/* what comes is not decompressed: its size is what is counted */
	if (!encoded)
		add(&lines, "Accept-Encoding: identity");
	if (!typed)
		add(&lines, "Content-Type:");
	add(&lines, "Expect:");

	return lines;
}
