/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rest/static.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/secret.h"
#include "common/str.h"
#include "host/log.h"
#include "rest/beneath.h"

enum {
	FILE_MAX = 4 << 20,
	ETAG_HEX = 32,
};

static const struct {
	const char *suffix;
	enum rest_type type;
} types[] = {
	{".html", REST_TYPE_HTML},   {".js", REST_TYPE_JS},
	{".css", REST_TYPE_CSS},     {".svg", REST_TYPE_SVG},
	{".png", REST_TYPE_PNG},     {".ico", REST_TYPE_ICO},
	{".woff2", REST_TYPE_WOFF2}, {".map", REST_TYPE_JSON},
	{".json", REST_TYPE_JSON},   {".webmanifest", REST_TYPE_JSON},
	{".mp3", REST_TYPE_MP3},     {".wav", REST_TYPE_WAV},
	{".wasm", REST_TYPE_WASM},   {".txt", REST_TYPE_TEXT},
};

/* An extension that is not listed is not served: what lies there by accident
 * stays there */
static enum rest_type type_of(const char *name)
{
	const char *dot = strrchr(name, '.');
	size_t i;

	for (i = 0; dot && i < sizeof(types) / sizeof(types[0]); ++i)
		if (str_eq(dot, types[i].suffix))
			return types[i].type;

	return REST_TYPE_NONE;
}

static char *read_all(int fd, size_t len)
{
	char *text = malloc(len ? len : 1);
	size_t got = 0;

	while (text && got < len) {
		const ssize_t n = read(fd, text + got, len - got);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) { /* it was cut meanwhile */
			free(text);
			return NULL;
		}
		got += (size_t)n;
	}

	return text;
}

static char *read_file(const char *root, const char *name, size_t *lenp)
{
	struct stat st;
	const int fd = rest_open_beneath(root, name, &st);
	char *text = NULL;

	if (fd < 0)
		return NULL;
	if (st.st_size <= FILE_MAX) {
		*lenp = (size_t)st.st_size;
		text = read_all(fd, *lenp);
	} else {
		log_warn("rest: %s/%s is too large to serve", root, name);
	}
	close(fd);

	return text;
}

bool rest_static_is(enum rest_page page)
{
	return page == REST_PAGE_PHONE || page == REST_PAGE_ASSET;
}

/* A list of tags, or a star; weak ones match too (RFC 9110 §13.1.2) */
static bool has_tag(const char *list, const char *etag)
{
	return list && (str_eq(list, "*") || strstr(list, etag));
}

static void set_tag(struct rest_answer *ans, const char *text, size_t len)
{
	char hash[SECRET_SHA256_HEX];

	secret_sha256_hex(hash, text, len);
	snprintf(ans->etag, sizeof(ans->etag), "\"%.*s\"", ETAG_HEX, hash);
}

bool rest_static_answer(struct rest_answer *ans, const char *root,
			const struct rest_match *match,
			const char *if_none_match)
{
	const bool asset = match->route->page == REST_PAGE_ASSET;
	char name[REST_MAX_SEGMENT + sizeof("assets/")];
	enum rest_type type;
	size_t len = 0;
	char *text;

	if (asset)
		snprintf(name, sizeof(name), "assets/%s",
			 match->captures[0].value);
	else
		snprintf(name, sizeof(name), "phone.html");

	type = type_of(name);
	/* hidden files are nobody's business */
	if (!root || !type || strstr(name, "/."))
		return false;
	text = read_file(root, name, &len);
	if (!text)
		return false;

	set_tag(ans, text, len);
	ans->policy = REST_POLICY_APP;
	ans->immutable = asset; /* the build puts a hash into their names */
	if (has_tag(if_none_match, ans->etag)) {
		free(text);
		rest_answer_static(ans, type, "", 0);
		ans->status = 304;
	} else {
		rest_answer_text(ans, type, text, len);
	}

	return true;
}
