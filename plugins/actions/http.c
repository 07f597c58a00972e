/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "actions/http.h"

#include <errno.h>
#include <glib.h>
#include <string.h>

#include "common/header_map.h"
#include "common/json.h"
#include "common/str.h"

void http_check_headers(const json_t *option, const char *pointer,
			struct opt_faults *faults)
{
	char ptr[256];

	str_copy(ptr, sizeof(ptr), pointer);
	json_pointer_add(ptr, sizeof(ptr), "headers");
	header_map_check(json_object_get(option, "headers"), HEADER_HTTP, ptr,
			 faults);
}

int http_ask(struct flow_run *run, const struct flow_http *http, uint32_t *idp)
{
	int err = ENOTSUP;

	if (flow_host(run)->http)
		err = flow_host(run)->http(flow_host_arg(run), http, idp);
	if (err == EINVAL)
		flow_fail(run, "invalid_value",
			  "not a URL or a header that can be sent");
	else if (err)
		flow_fail(run, err == EAGAIN ? "busy" : "unreachable", "%s",
			  strerror(err));

	return err;
}

void http_give_up(struct flow_run *run, uint32_t id)
{
	if (id && flow_host(run)->http_cancel)
		flow_host(run)->http_cancel(flow_host_arg(run), id);
}

enum act http_failed(struct flow_run *run, const struct flow_http_reply *reply)
{
	const char *why = reply->why ? reply->why : "no answer";

	return flow_fail(run, reply->code ? reply->code : "unreachable", "%s",
			 flow_opts_secret(run) ? FLOW_VAR_MASK : why);
}

/* Before the text, and a byte order mark */
static size_t blanks(const char *text, size_t len)
{
	static const char bom[] = "\xef\xbb\xbf";
	size_t n = 0;

	if (len >= strlen(bom) && !memcmp(text, bom, strlen(bom)))
		n = strlen(bom);
	for (; n < len && g_ascii_isspace(text[n]); ++n)
		;

	return n;
}

bool http_is_empty(const struct flow_http_reply *reply)
{
	return !reply->body ||
	       blanks(reply->body, reply->body_len) == reply->body_len;
}

bool http_is_json(const struct flow_http_reply *reply)
{
	const char *type = reply->content_type ? reply->content_type : "";
	const char *text = reply->body;

	if (http_is_empty(reply))
		return false;
	text += blanks(text, reply->body_len);

	return *text == '{' || *text == '[' || strstr(type, "json");
}
