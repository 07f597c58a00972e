/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "api/openapi_priv.h"

#include <string.h>

#include "common/json.h"
#include "common/str.h"

enum {
	NAME_SIZE = 96
};

static json_t *json_content(const char *type, json_t *schema)
{
	return json_pack("{s:{s:o}}", type, "schema", schema);
}

static json_t *success_schema(const struct verb_row *row)
{
	char name[NAME_SIZE];

	if (!row->verb->reply)
		return json_pack("{s:s}", "type", "object");

	openapi_reply_name(name, sizeof(name), row);
	if (row->kind != VERB_LIST)
		return openapi_ref("schemas", name);

	return json_pack(
		"{s:s, s:[s, s], s:{s:{s:s, s:o}, s:{s:[s, s], s:s}}}", "type",
		"object", "required", "result", "next_page_token", "properties",
		"result", "type", "array", "items",
		openapi_ref("schemas", name), "next_page_token", "type",
		"string", "null", "description",
		"Give it as `page_token` for the next page; null: the last.");
}

/** Text and no JSON */
static json_t *text_content(const char *type, const char *about)
{
	return json_content(type, json_pack("{s:s, s:s}", "type", "string",
					    "description", about));
}

static void add_success(json_t *out, const struct verb_row *row)
{
	const bool is_made =
		row->kind == VERB_CREATE || row->kind == VERB_UPLOAD;
	json_t *reply;

	if (row->kind == VERB_FILE) {
		openapi_file_answers(out);
		return;
	}

	reply = json_object();
	if (row->kind == VERB_DELETE) {
		json_set_str(reply, "description", "Gone.");
		json_object_set_new(out, "204", reply);
		return;
	}

	json_set_str(reply, "description", row->verb->summary);
	if (str_eq(row->name, "meta.metrics"))
		json_object_set_new(
			reply, "content",
			text_content("text/plain", "Prometheus's format."));
	else if (row->kind == VERB_STREAM)
		json_object_set_new(
			reply, "content",
			text_content("text/event-stream",
				     "`data` of each event is an `Event`."));
	else
		json_object_set_new(
			reply, "content",
			json_content("application/json", success_schema(row)));

	if (is_made)
		json_object_set_new(reply, "headers",
				    json_pack("{s:{s:s, s:{s:s}}}", "Location",
					      "description", "Where it is.",
					      "schema", "type", "string"));

	json_object_set_new(out, is_made ? "201" : "200", reply);
}

/** One more code of a status: its response lists them */
static void add_error(json_t *out, enum api_err err)
{
	const char *old;
	char status[8], *code, *text;
	json_t *reply;

	g_snprintf(status, sizeof(status), "%d", api_err_status(err));
	reply = json_object_get(out, status);
	if (!reply) {
		reply = json_object();
		json_set_str(reply, "description", "");
		json_object_set_new(
			reply, "content",
			json_content("application/problem+json",
				     openapi_ref("schemas", "Problem")));
		json_object_set_new(out, status, reply);
	}

	old = json_str(reply, "description", "");
	code = g_strdup_printf("`%s`:", api_err_code(err));
	if (!strstr(old, code)) {
		text = g_strdup_printf("%s%s%s %s.", old, *old ? " " : "", code,
				       api_err_title(err));
		json_set_str(reply, "description", text);
		g_free(text);
	}
	g_free(code);
}

static void add_errors(json_t *out, const enum api_err *errors)
{
	for (; errors && *errors != API_OK; ++errors)
		add_error(out, *errors);
}

static const enum api_err always[] = {
	API_ERR_bad_request, API_ERR_uri_too_long, API_ERR_headers_too_large,
	API_ERR_rate_limit,  API_ERR_internal,     API_ERR_unavailable,
	API_ERR_busy,        API_ERR_timeout,      API_OK};
static const enum api_err keyed[] = {
	API_ERR_unauthorized,      API_ERR_key_expired,       API_ERR_forbidden,
	API_ERR_account_suspended, API_ERR_account_not_found, API_OK};
static const enum api_err bodied[] = {API_ERR_malformed_json,
				      API_ERR_body_too_large,
				      API_ERR_unsupported_media_type, API_OK};
static const enum api_err sized[] = {API_ERR_length_required, API_OK};
static const enum api_err filed[] = {
	API_ERR_bad_request,    API_ERR_length_required,
	API_ERR_body_too_large, API_ERR_unsupported_media_type,
	API_ERR_disk_full,      API_OK};
static const enum api_err written[] = {API_ERR_disk_full, API_OK};
static const enum api_err checked[] = {API_ERR_invalid, API_OK};
static const enum api_err idempotent[] = {API_ERR_idempotency_in_progress,
					  API_ERR_idempotency_mismatch, API_OK};
static const enum api_err overtaken[] = {API_ERR_conflict, API_OK};

static bool is_written(const struct verb_row *row)
{
	return row->kind == VERB_CREATE || row->kind == VERB_PATCH ||
	       row->kind == VERB_DELETE ||
	       str_eq(row->name, "extensions.device_token") ||
	       str_eq(row->name, "events.ticket") ||
	       (row->kind == VERB_ACTION && row->verb->res);
}

json_t *openapi_responses(const struct verb_row *row)
{
	const struct verb *verb = row->verb;
	json_t *out = json_object();

	add_success(out, row);
	if (verb->body)
		add_errors(out, verb_takes_file(row->kind) ? filed : bodied);
	if (row->kind == VERB_CREATE || row->kind == VERB_PATCH)
		add_errors(out, sized);
	if (!str_eq(row->scope, "public"))
		add_errors(out, keyed);
	add_errors(out, verb->errors);
	if (verb->body || verb->query)
		add_errors(out, checked);
	if (verb->prepare && verb_takes_idempotency_key(row->kind))
		add_errors(out, idempotent);
	if (row->kind == VERB_PATCH)
		add_errors(out, overtaken);
	if (is_written(row))
		add_errors(out, written);
	add_errors(out, always);

	return out;
}
