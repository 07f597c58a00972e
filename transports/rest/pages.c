/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rest/pages.h"

#include <glib.h>
#include <string.h>

#include "common/str.h"

static const char health[] = "{\"status\":\"ok\"}";

static const char home[] =
	"{\"name\":\"Bifrons\",\"docs\":\"/docs\","
	"\"openapi\":\"/openapi.json\",\"health\":\"/healthz\","
	"\"ready\":\"/readyz\",\"metrics\":\"/metrics\"}";

static void file(struct rest_answer *ans, enum rest_type type, const char *name)
{
	const struct rest_doc_file *doc = rest_doc_files;

	while (doc->name && !str_eq(doc->name, name))
		++doc;

	rest_answer_static(ans, type, doc->name ? doc->text : "",
			   doc->name ? strlen(doc->text) : 0);
}

/* Where "type" of a problem document leads */
static void errors(struct rest_answer *ans)
{
	GString *out = g_string_new(
		"<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">"
		"\n<title>Bifrons: errors</title>\n"
		"<link rel=\"stylesheet\" href=\"/docs/style.css\">\n"
		"<main>\n<h1>Errors</h1>\n<p>Every error is an <code>"
		"application/problem+json</code> document; <code>code</code> "
		"is stable.</p>\n<table>\n<tr><th>code</th><th>status</th>"
		"<th>meaning</th></tr>\n");
	int err;
	gsize len;

	for (err = API_OK + 1; err < API_NERRORS; ++err)
		g_string_append_printf(
			out,
			"<tr id=\"%s\"><td><code>%s</code></td><td>%d</td>"
			"<td>%s</td></tr>\n",
			api_err_code((enum api_err)err),
			api_err_code((enum api_err)err),
			api_err_status((enum api_err)err),
			api_err_title((enum api_err)err));
	g_string_append(out, "</table>\n</main>\n</html>\n");

	/* GLib's memory is malloc()'s since 2.46 */
	len = out->len;
	rest_answer_text(ans, REST_TYPE_HTML, g_string_free(out, FALSE), len);
}

void rest_page_answer(struct rest_answer *ans, enum rest_page page)
{
	switch (page) {
	case REST_PAGE_NONE:
	case REST_PAGE_PHONE:
	case REST_PAGE_ASSET:
		break;
	case REST_PAGE_HEALTH:
		rest_answer_static(ans, REST_TYPE_JSON, health, strlen(health));
		break;
	case REST_PAGE_HOME:
		rest_answer_static(ans, REST_TYPE_JSON, home, strlen(home));
		break;
	case REST_PAGE_DOCS:
		file(ans, REST_TYPE_HTML, "index.html");
		break;
	case REST_PAGE_DOCS_JS:
		file(ans, REST_TYPE_JS, "app.js");
		break;
	case REST_PAGE_DOCS_CSS:
		file(ans, REST_TYPE_CSS, "style.css");
		break;
	case REST_PAGE_ERRORS:
		errors(ans);
		break;
	}
}
