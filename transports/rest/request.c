/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rest/request.h"

#include <stdlib.h>
#include <string.h>

#include "common/id.h"
#include "common/json.h"
#include "common/secret.h"
#include "common/str.h"
#include "rest/query.h"
#include "rest/upload.h"

static const struct {
	const char *name;
	bool once; /* twice is an attempt to be read in two ways */
} fields[REST_NFIELDS] = {
	[REST_FIELD_HOST] = {"Host", true},
	[REST_FIELD_CONTENT_LENGTH] = {"Content-Length", true},
	[REST_FIELD_TRANSFER_ENCODING] = {"Transfer-Encoding", true},
	[REST_FIELD_EXPECT] = {"Expect", false},
	[REST_FIELD_CONTENT_TYPE] = {"Content-Type", true},
	[REST_FIELD_CONTENT_ENCODING] = {"Content-Encoding", true},
	[REST_FIELD_AUTHORIZATION] = {"Authorization", true},
	[REST_FIELD_ACCOUNT] = {"Bifrons-Account", true},
	[REST_FIELD_REQUEST_ID] = {"X-Request-Id", true},
	[REST_FIELD_IDEMPOTENCY_KEY] = {"Idempotency-Key", true},
	[REST_FIELD_FORWARDED] = {"Forwarded", false},
	[REST_FIELD_X_FORWARDED_FOR] = {"X-Forwarded-For", false},
	[REST_FIELD_X_REAL_IP] = {"X-Real-IP", false},
	[REST_FIELD_ORIGIN] = {"Origin", true},
	[REST_FIELD_PREFLIGHT] = {"Access-Control-Request-Method", true},
	[REST_FIELD_LAST_EVENT_ID] = {"Last-Event-ID", true},
};

void rest_head_init(struct rest_head *head, const char *method,
		    const char *target, const char *version)
{
	memset(head, 0, sizeof(*head));
	head->method = method;
	head->target = target;
	head->http_1_0 = str_eq(version, "HTTP/1.0");
	head->twice = REST_NFIELDS;
}

/* RFC 9110 §5.6.2 */
static bool is_token(const char *text, size_t len)
{
	static const char marks[] = "!#$%&'*+-.^_`|~";
	size_t i;

	for (i = 0; i < len; ++i)
		if (!g_ascii_isalnum(text[i]) &&
		    (!text[i] || !strchr(marks, text[i])))
			return false;

	return len > 0;
}

void rest_head_add(struct rest_head *head, const char *name, size_t name_len,
		   const char *value, size_t value_len)
{
	unsigned i;

	++head->count;
	head->bytes += name_len + value_len + 4;
	if (!is_token(name, name_len))
		head->odd_name = true;

	for (i = 0; i < REST_NFIELDS; ++i) {
		if (strlen(fields[i].name) != name_len ||
		    g_ascii_strcasecmp(fields[i].name, name))
			continue;
		if (head->fields[i] && fields[i].once)
			head->twice = (enum rest_field)i;
		head->fields[i] = value ? value : "";
	}
}

void rest_request_init(struct rest_request *req, size_t max_body)
{
	memset(req, 0, sizeof(*req));
	req->max_body = max_body;
	req->content_length = -1;
}

void rest_request_clear(struct rest_request *req)
{
	rest_fault_clear(&req->fault);
	g_free(req->path);
	g_free(req->query);
	if (req->body)
		g_string_free(req->body, TRUE);
	json_decref(req->json);
	json_decref(req->params);
	memset(req, 0, sizeof(*req));
}

static bool is_request_id(const char *text)
{
	size_t i;

	for (i = 0; text[i]; ++i) {
		if (i == REST_MAX_REQUEST_ID)
			return false;
		if (!g_ascii_isalnum(text[i]) && !strchr("._-", text[i]))
			return false;
	}

	return i > 0;
}

static void take_id(struct rest_request *req, const char *given)
{
	if (given && is_request_id(given))
		str_copy(req->id, sizeof(req->id), given);
	else
		id_new(req->id);
}

static void check_size(struct rest_request *req, const struct rest_head *head)
{
	if (head->count > REST_MAX_HEADERS ||
	    head->bytes > REST_MAX_HEADER_BYTES)
		rest_fault_set(&req->fault, API_ERR_headers_too_large,
			       "at most %d header fields, %d bytes in all",
			       REST_MAX_HEADERS, REST_MAX_HEADER_BYTES);
	if (strlen(head->target) > REST_MAX_TARGET)
		rest_fault_set(&req->fault, API_ERR_uri_too_long,
			       "at most %d bytes", REST_MAX_TARGET);
}

/* A length and an encoding at once, or two of one, are how requests are
 * smuggled past a proxy: nothing after such a head can be trusted */
static void check_framing(struct rest_request *req,
			  const struct rest_head *head)
{
	const char *length = head->fields[REST_FIELD_CONTENT_LENGTH];
	const char *encoding = head->fields[REST_FIELD_TRANSFER_ENCODING];
	const char *why = NULL;

	if (head->twice != REST_NFIELDS) {
		rest_fault_set(&req->fault, API_ERR_bad_request,
			       "the header field %s is there twice",
			       fields[head->twice].name);
		req->framing_lost = true;
		return;
	}

	if (head->odd_name)
		why = "a header field's name is not a token";
	else if (encoding && length)
		why = "Content-Length beside Transfer-Encoding";
	else if (encoding && g_ascii_strcasecmp(encoding, "chunked"))
		why = "the only Transfer-Encoding accepted is chunked";
	else if (encoding && head->http_1_0)
		why = "HTTP/1.0 has no Transfer-Encoding";
	else if (length &&
		 (*length == '-' ||
		  str_to_int(length, 0, INT64_MAX / 2, &req->content_length)))
		why = "Content-Length is not a number";

	if (why) {
		rest_fault_set(&req->fault, API_ERR_bad_request, "%s", why);
		req->framing_lost = true;
	}
	req->has_body = encoding || req->content_length > 0;
	req->expects = req->has_body && head->fields[REST_FIELD_EXPECT] != NULL;
}

static void find_route(struct rest_request *req, const char *method)
{
	const enum api_err err =
		rest_route_find(&req->match, method, req->path);

	switch ((int)err) {
	case API_OK:
		break;
	case API_ERR_method_not_allowed:
		rest_fault_set(&req->fault, err,
			       "this path does not take the method");
		break;
	case API_ERR_bad_request:
		rest_fault_set(&req->fault, err,
			       "the path is not percent-encoded UTF-8 without "
			       "control characters");
		break;
	default:
		rest_fault_set(&req->fault, err, "nothing is at this path");
		break;
	}
}

bool rest_request_takes_file(const struct rest_request *req)
{
	return req->match.route && verb_takes_file(req->match.route->kind);
}

static void check_length(struct rest_request *req, const char *type)
{
	const bool is_file = rest_request_takes_file(req);
	const size_t max = is_file ? req->max_upload : req->max_body;
	const size_t frame = is_file && rest_upload_is_multipart(type)
				     ? REST_UPLOAD_FRAME_MAX
				     : 0;

	if (req->content_length > (int64_t)(max + frame))
		rest_fault_set(&req->fault, API_ERR_body_too_large,
			       "at most %zu bytes", max);
}

/* "/path?query", or as proxies are asked: "http://host/path?query" */
static void take_target(struct rest_request *req, const char *target)
{
	size_t len;

	if (!g_ascii_strncasecmp(target, "http://", 7) ||
	    !g_ascii_strncasecmp(target, "https://", 8)) {
		target = strstr(target, "//") + 2;
		target += strcspn(target, "/?");
	}
	len = strcspn(target, "?");
	req->path = len ? g_strndup(target, len) : g_strdup("/");
	req->query = g_strdup(target[len] ? target + len + 1 : "");
}

bool rest_request_head(struct rest_request *req, const struct rest_head *head)
{
	take_id(req, head->fields[REST_FIELD_REQUEST_ID]);
	take_target(req, head->target);

	check_size(req, head);
	check_framing(req, head);
	if (!head->http_1_0 && !head->fields[REST_FIELD_HOST])
		rest_fault_set(&req->fault, API_ERR_bad_request,
			       "HTTP/1.1 needs a Host");
	if (!req->fault.err)
		find_route(req, head->method);
	if (!req->fault.err)
		check_length(req, head->fields[REST_FIELD_CONTENT_TYPE]);

	return !req->fault.err;
}

/* "application/json", with charset=utf-8 at most */
static bool is_json_type(const char *type, bool patch)
{
	static const char json[] = "application/json";
	static const char merge[] = "application/merge-patch+json";
	size_t len = strcspn(type, "; \t");
	const char *rest = type + len;

	if (!(len == strlen(json) && !g_ascii_strncasecmp(type, json, len)) &&
	    !(patch && len == strlen(merge) &&
	      !g_ascii_strncasecmp(type, merge, len)))
		return false;

	rest += strspn(rest, "; \t");

	return !*rest || !g_ascii_strcasecmp(rest, "charset=utf-8") ||
	       !g_ascii_strcasecmp(rest, "charset=\"utf-8\"");
}

static void check_type(struct rest_request *req, const char *type)
{
	const bool patch = req->match.route->method == REST_PATCH;

	if (type && is_json_type(type, patch))
		return;

	rest_fault_set(&req->fault, API_ERR_unsupported_media_type,
		       patch ? "a body needs Content-Type: application/json "
			       "or application/merge-patch+json"
			     : "a body needs Content-Type: application/json");
}

/* RFC 9110 §15.5.16: what is packed is not unpacked, and not kept as it is */
static bool is_packed(const char *encoding)
{
	return encoding && *encoding &&
	       g_ascii_strcasecmp(encoding, "identity") != 0;
}

static bool needs_body(const struct rest_route *route)
{
	return route->kind == VERB_CREATE || route->kind == VERB_PATCH ||
	       verb_takes_file(route->kind);
}

static void check_body_rules(struct rest_request *req,
			     const struct rest_head *head)
{
	const struct rest_route *route = req->match.route;

	if (!rest_method_has_body(route->method)) {
		if (req->content_length > 0)
			rest_fault_set(&req->fault, API_ERR_bad_request,
				       "this method takes no body");
		return;
	}

	if (req->has_body &&
	    is_packed(head->fields[REST_FIELD_CONTENT_ENCODING]))
		rest_fault_set(&req->fault, API_ERR_unsupported_media_type,
			       "send the body without Content-Encoding");
	else if (rest_request_takes_file(req) &&
		 (req->has_body || req->content_length == 0))
		(void)rest_upload_check(head->fields[REST_FIELD_CONTENT_TYPE],
					&req->fault);
	else if (req->has_body)
		check_type(req, head->fields[REST_FIELD_CONTENT_TYPE]);
	else if (needs_body(route) && req->content_length < 0)
		rest_fault_set(&req->fault, API_ERR_length_required,
			       "a body is needed, with Content-Length or "
			       "chunked");
}

static void take_idempotency_key(struct rest_request *req, const char *key)
{
	size_t i;

	if (!key || req->match.route->method != REST_POST)
		return;

	for (i = 0; key[i]; ++i)
		if (!g_ascii_isprint(key[i]))
			break;

	if (key[i] || i == 0 || i > REST_MAX_IDEMPOTENCY_KEY)
		rest_fault_set(&req->fault, API_ERR_bad_request,
			       "Idempotency-Key must be 1 to %d printable "
			       "characters",
			       REST_MAX_IDEMPOTENCY_KEY);
	else
		str_copy(req->idempotency_key, sizeof(req->idempotency_key),
			 key);
}

bool rest_request_rules(struct rest_request *req, const struct rest_head *head)
{
	const char *why = NULL;
	enum api_err err;

	if (req->match.options || req->fault.err)
		return !req->fault.err;

	check_body_rules(req, head);
	take_idempotency_key(req, head->fields[REST_FIELD_IDEMPOTENCY_KEY]);
	if (req->fault.err || req->match.route->page)
		return !req->fault.err;

	err = rest_query_parse(&req->params, req->query, &req->fault.faults,
			       &why);
	if (err)
		rest_fault_set(&req->fault, err, "%s",
			       why ? why : "the query is not valid");

	return !req->fault.err;
}

bool rest_request_body(struct rest_request *req, const char *data, size_t len)
{
	if (req->fault.err)
		return false;

	/* chunked, or it would have been refused with the head */
	if (!req->match.route ||
	    !rest_method_has_body(req->match.route->method))
		rest_fault_set(&req->fault, API_ERR_bad_request,
			       "this method takes no body");
	else if (len > req->max_body ||
		 (req->body && req->body->len > req->max_body - len))
		rest_fault_set(&req->fault, API_ERR_body_too_large,
			       "at most %zu bytes", req->max_body);
	if (req->fault.err)
		return false;

	if (!req->body)
		req->body = g_string_sized_new(
			req->content_length > 0 ? (size_t)req->content_length
						: len);
	g_string_append_len(req->body, data, (gssize)len);

	return true;
}

bool rest_request_end(struct rest_request *req)
{
	char why[256] = "";

	if (req->fault.err || req->match.options ||
	    rest_request_takes_file(req))
		return !req->fault.err;

	if (!req->body || !req->body->len) {
		if (needs_body(req->match.route))
			rest_fault_set(&req->fault, API_ERR_malformed_json,
				       "line 1, column 1: the body is empty");
		return !req->fault.err;
	}

	if (json_parse(&req->json, req->body->str, req->body->len, why,
		       sizeof(why))) {
		rest_fault_set(&req->fault, API_ERR_malformed_json, "%s", why);
	} else if (!json_is_object(req->json)) {
		opt_fault(&req->fault.faults, "", "must be an object");
		rest_fault_set(&req->fault, API_ERR_invalid,
			       "the body must be a JSON object");
	}

	return !req->fault.err;
}

/* A retry has another name in tmp/ and another boundary: what is the same is
 * the file, its name, and what the query says */
void rest_request_file(struct rest_request *req, json_t *file)
{
	json_t *same = json_copy(file);
	char *text;

	json_object_del(same, "path");
	text = json_text(same);
	req->body = g_string_new(text);
	g_string_append_printf(req->body, "\n%s", req->query);
	free(text);
	json_decref(same);
	req->json = file;
}

/* The message goes to another thread: nothing in it may stay here too */
static json_t *auth_json(struct rest_auth *auth)
{
	json_t *scopes = auth->scopes;

	auth->scopes = NULL;

	return json_pack("{s:s, s:s, s:o, s:b}", "account_id", auth->account_id,
			 "key_id", auth->key_id, "scopes", scopes, "platform",
			 auth->platform);
}

/* The same key with anything else must be told apart: the method, the path
 * and every byte of the body count */
static json_t *idempotency_json(const struct rest_request *req)
{
	GString *all = g_string_new(NULL);
	char hash[SECRET_SHA256_HEX];

	g_string_append_printf(all, "%s\n%s\n",
			       rest_method_name(req->match.route->method),
			       req->path);
	if (req->body)
		g_string_append_len(all, req->body->str,
				    (gssize)req->body->len);
	secret_sha256_hex(hash, all->str, all->len);
	g_string_free(all, TRUE);

	return json_pack("{s:s, s:s}", "key", req->idempotency_key, "hash",
			 hash);
}

json_t *rest_request_message(struct rest_request *req, struct rest_auth *auth)
{
	json_t *path = json_object();
	json_t *msg = json_object();
	unsigned i;

	for (i = 0; i < req->match.ncaptures; ++i)
		json_object_set_new(path, req->match.captures[i].name,
				    json_string(req->match.captures[i].value));

	json_set_str(msg, "verb", req->match.route->verb);
	json_set_str(msg, "request_id", req->id);
	if (auth->known)
		json_object_set_new(msg, "auth", auth_json(auth));
	json_object_set_new(msg, "path", path);
	json_object_set_new(msg, "query",
			    req->params ? req->params : json_object());
	req->params = NULL;
	if (*req->idempotency_key)
		json_object_set_new(msg, "idempotency", idempotency_json(req));
	if (req->json) {
		json_object_set_new(msg, "body", req->json);
		req->json = NULL;
	}

	return msg;
}
