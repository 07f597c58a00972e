/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A request as text, without a socket: "METHOD TARGET VERSION", header lines,
 * an empty line, the body. What comes out is a message for the call plugin or
 * a problem document; both must be JSON, and a fault must have a status of
 * the client's kind.
 */
#include <glib.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "rest/answer.h"
#include "rest/auth.h"
#include "rest/request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
	MAX_BODY = 4096
};

static void add_lines(struct rest_head *head, char **lines)
{
	for (; *lines; ++lines) {
		char *value = strchr(*lines, ':');

		if (!value)
			continue;
		*value++ = '\0';
		value += strspn(value, " \t");
		rest_head_add(head, *lines, strlen(*lines), value,
			      strlen(value));
		rest_bearer_token(value);
	}
}

static void check_problem(struct rest_request *req)
{
	struct rest_answer ans = {0};
	json_t *doc;

	rest_answer_problem(&ans, &req->fault, req->id);
	doc = json_loads(ans.text, 0, NULL);
	if (!doc || ans.status < 400 || ans.status >= 500)
		abort();
	json_decref(doc);
	rest_answer_clear(&ans);
}

static void check_message(struct rest_request *req)
{
	struct rest_auth auth = {
		.known = true,
		.scopes = rest_scopes_parse(req->query),
	};
	json_t *msg;
	char *text;

	if (req->match.options || req->match.route->page) {
		json_decref(auth.scopes);
		return;
	}
	msg = rest_request_message(req, &auth);
	text = json_text(msg);
	if (!text || !json_is_object(json_object_get(msg, "query")))
		abort();
	free(text);
	json_decref(msg);
	rest_auth_clear(&auth);
}

static void run(const char *head_text, const char *body, size_t len)
{
	char **lines = g_strsplit(head_text, "\n", 64);
	char **first = g_strsplit(lines[0] ? lines[0] : "", " ", 3);
	struct rest_request req;
	struct rest_head head;

	rest_request_init(&req, MAX_BODY);
	if (g_strv_length(first) == 3) {
		rest_head_init(&head, first[0], first[1], first[2]);
		add_lines(&head, lines + 1);
		rest_request_head(&req, &head);
		rest_request_rules(&req, &head);
		if (len && req.has_body) {
			rest_request_body(&req, body, len / 2);
			rest_request_body(&req, body + len / 2, len - len / 2);
		}
		if (rest_request_end(&req))
			check_message(&req);
		else
			check_problem(&req);
	}
	rest_request_clear(&req);
	g_strfreev(first);
	g_strfreev(lines);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = g_strndup((const char *)data, size);
	const size_t len = strlen(text);
	char *end = strstr(text, "\n\n");

	if (end)
		*end = '\0';
	run(text, end ? end + 2 : "", end ? len - (size_t)(end - text) - 2 : 0);
	g_free(text);

	return 0;
}
