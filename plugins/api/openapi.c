/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "api/openapi_priv.h"

#include <string.h>

#include "common/json.h"
#include "common/str.h"

enum {
	NAME_SIZE = 96
};

json_t *openapi_ref(const char *kind, const char *name)
{
	json_t *ref = json_object();
	char *text = g_strdup_printf("#/components/%s/%s", kind, name);

	json_set_str(ref, "$ref", text);
	g_free(text);

	return ref;
}

void openapi_operation_id(char *out, size_t size, const struct verb_row *row)
{
	char *dot;

	str_copy(out, size, row->name);
	dot = strchr(out, '.');
	if (dot)
		*dot = '_';
}

void openapi_body_name(char *out, size_t size, const struct verb_row *row)
{
	char id[NAME_SIZE];

	openapi_operation_id(id, sizeof(id), row);
	g_snprintf(out, size, "%s_body", id);
}

static void add_query(json_t *parameters, const struct opt *opts)
{
	json_t *schema = opt_schema(opts, false, false);
	json_t *properties = json_object_get(schema, "properties");
	json_t *value, *parameter;
	const char *name;

	json_object_foreach(properties, name, value)
	{
		parameter = json_object();
		json_set_str(parameter, "name", name);
		json_set_str(parameter, "in", "query");
		json_set_str(parameter, "description",
			     json_str(value, "description", ""));
		json_object_del(value, "description");
		json_object_set(parameter, "schema", value);
		json_array_append_new(parameters, parameter);
	}
	json_decref(schema);
}

static json_t *parameters_of(const struct verb_row *row)
{
	json_t *out = json_array();

	if (strstr(row->path, "{id}"))
		json_array_append_new(out, openapi_ref("parameters", "id"));
	if (strstr(row->path, "{delivery_id}"))
		json_array_append_new(out,
				      openapi_ref("parameters", "delivery_id"));
	if (!str_eq(row->scope, "public"))
		json_array_append_new(out,
				      openapi_ref("parameters", "account"));
	json_array_append_new(out, openapi_ref("parameters", "request_id"));
	if (row->verb->prepare && verb_takes_idempotency_key(row->kind))
		json_array_append_new(
			out, openapi_ref("parameters", "idempotency_key"));
	if (row->kind == VERB_STREAM)
		json_array_append_new(
			out, openapi_ref("parameters", "last_event_id"));
	if (row->verb->query)
		add_query(out, row->verb->query);

	return out;
}

static json_t *body_of(const struct verb_row *row)
{
	const bool is_patch = row->kind == VERB_PATCH;
	char name[NAME_SIZE];
	json_t *media = json_object(), *content = json_object();
	json_t *body = json_object();

	openapi_body_name(name, sizeof(name), row);
	json_object_set_new(media, "schema", openapi_ref("schemas", name));
	json_object_set(content, "application/json", media);
	if (is_patch)
		json_object_set(content, "application/merge-patch+json", media);
	json_decref(media);

	json_object_set_new(body, "required",
			    json_boolean(!row->verb->body_optional));
	json_object_set_new(body, "content", content);

	return body;
}

/** No security, or a bearer key with the scope */
static json_t *security_of(const struct verb_row *row)
{
	json_t *scopes;

	if (str_eq(row->scope, "public"))
		return json_array();

	scopes = json_array();
	if (*row->scope)
		json_array_append_new(scopes, json_string(row->scope));

	return json_pack("[{s:o}]", "key", scopes);
}

static char *description_of(const struct verb_row *row)
{
	const char *about = row->verb->about ? row->verb->about : "";
	const char *gap = *about ? "\n\n" : "";

	if (str_eq(row->scope, "public"))
		return g_strdup_printf("%s%sNeeds no key.", about, gap);
	if (!*row->scope)
		return g_strdup_printf("%s%sNeeds a key.", about, gap);

	return g_strdup_printf("%s%sScope: `%s`.", about, gap, row->scope);
}

static json_t *operation_of(const struct verb_row *row)
{
	char id[NAME_SIZE], *text;
	json_t *op = json_object(), *tag;

	openapi_operation_id(id, sizeof(id), row);
	json_set_str(op, "operationId", id);
	tag = json_stringn(row->name, strcspn(row->name, "."));
	json_object_set_new(op, "tags", json_pack("[o]", tag));
	json_set_str(op, "summary", row->verb->summary);
	text = description_of(row);
	json_set_str(op, "description", text);
	g_free(text);

	json_object_set_new(op, "security", security_of(row));
	json_object_set_new(op, "parameters", parameters_of(row));
	if (row->verb->body)
		json_object_set_new(op, "requestBody",
				    verb_takes_file(row->kind)
					    ? openapi_file_body(row)
					    : body_of(row));
	json_object_set_new(op, "responses", openapi_responses(row));

	return op;
}

/** The transport answers it alone: it has no verb */
static json_t *health(void)
{
	return json_pack("{s:{s:s, s:[s], s:s, s:s, s:[], s:{s:{s:s}}}}", "get",
			 "operationId", "meta_health", "tags", "meta",
			 "summary", "Does the process live?", "description",
			 "Needs no key.", "security", "responses", "200",
			 "description", "It does.");
}

static json_t *paths(void)
{
	const struct verb_row *row;
	json_t *out = json_object(), *item;
	char *method;

	for (row = api_rows; row->name; ++row) {
		item = json_object_get(out, row->path);
		if (!item) {
			item = json_object();
			json_object_set_new(out, row->path, item);
		}
		method = g_ascii_strdown(row->method, -1);
		json_object_set_new(item, method, operation_of(row));
		g_free(method);
	}
	json_object_set_new(out, "/healthz", health());

	return out;
}

json_t *api_openapi(void)
{
	json_t *doc = json_object();

	json_set_str(doc, "openapi", "3.1.0");
	json_object_set_new(
		doc, "info",
		json_pack("{s:s, s:s, s:s, s:{s:s, s:s}}", "title", "Bifrons",
			  "version", "1", "description",
			  "Programmable voice on the Janus WebRTC gateway. "
			  "Errors are application/problem+json; their `code` "
			  "is stable.",
			  "license", "name", "GPL-3.0-or-later", "identifier",
			  "GPL-3.0-or-later"));
	json_object_set_new(doc, "servers", json_pack("[{s:s}]", "url", "/"));
	json_object_set_new(doc, "paths", paths());
	json_object_set_new(doc, "webhooks", openapi_webhooks());
	json_object_set_new(doc, "components", openapi_components());

	return doc;
}
