/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "api/openapi_priv.h"

#include <string.h>

#include "common/json.h"
#include "common/str.h"
#include "event/event.h"
#include "flow/flow_doc.h"

enum {
	NAME_SIZE = 96
};

/** Tables let actions pass: their schema is flow/'s */
static void set_actions(json_t *schema)
{
	static const char *const names[] = {"actions", "fallback_actions"};
	json_t *properties = json_object_get(schema, "properties"), *member;
	size_t i;

	for (i = 0; i < G_N_ELEMENTS(names); ++i) {
		member = json_object_get(properties, names[i]);
		if (member)
			json_object_set_new(member, "items",
					    openapi_ref("schemas", "Action"));
	}
	member = json_object_get(properties, "flow");
	if (member) /* a flow in a body */
		set_actions(member);
}

static json_t *reply_schema(const struct verb *verb)
{
	json_t *schema = opt_schema(verb->reply, true, false), *extra;

	if (verb->reply_extra) {
		extra = opt_schema(verb->reply_extra, true, false);
		json_object_update(json_object_get(schema, "properties"),
				   json_object_get(extra, "properties"));
		json_decref(extra);
	}
	set_actions(schema);

	return schema;
}

void openapi_reply_name(char *out, size_t size, const struct verb_row *row)
{
	g_snprintf(out, size, "%s%s", row->verb->reply_name,
		   row->verb->reply_extra ? "Created" : "");
}

static void add_verbs(json_t *schemas)
{
	const struct verb_row *row;
	char name[NAME_SIZE];
	json_t *schema;

	for (row = api_rows; row->name; ++row) {
		if (row->verb->reply) {
			openapi_reply_name(name, sizeof(name), row);
			if (!json_object_get(schemas, name))
				json_object_set_new(schemas, name,
						    reply_schema(row->verb));
		}
		/* of a file that is between the transport and us */
		if (row->verb->body && !verb_takes_file(row->kind)) {
			openapi_body_name(name, sizeof(name), row);
			schema = opt_schema(row->verb->body, false,
					    row->kind == VERB_PATCH);
			set_actions(schema);
			json_object_set_new(schemas, name, schema);
		}
	}
}

#define ERROR_CODE(code, status, title) #code,
static const char *const codes[] = {API_ERRORS(ERROR_CODE) NULL};
#undef ERROR_CODE

static const struct opt fault_opts[] = {
	{
		.name = "pointer",
		.type = OPT_STRING,
		.flags = OPT_REQUIRED,
		.doc = "JSON pointer into the body, or `query/NAME`.",
	},
	{
		.name = "message",
		.type = OPT_STRING,
		.flags = OPT_REQUIRED,
		.doc = "What is wrong there.",
	},
	OPT_END,
};

static const struct opt fault_item[] = {
	{.type = OPT_OBJECT, .sub = fault_opts},
};

/** RFC 9457, with our code */
static const struct opt problem_opts[] = {
	{.name = "type", .type = OPT_STRING, .flags = OPT_REQUIRED},
	{.name = "title", .type = OPT_STRING, .flags = OPT_REQUIRED},
	{.name = "status", .type = OPT_INT, .flags = OPT_REQUIRED},
	{
		.name = "code",
		.type = OPT_STRING,
		.flags = OPT_REQUIRED,
		.values = codes,
		.doc = "Stable: programs go by it.",
	},
	{.name = "detail", .type = OPT_STRING, .flags = OPT_REQUIRED},
	{.name = "request_id", .type = OPT_STRING, .flags = OPT_REQUIRED},
	{
		.name = "errors",
		.type = OPT_ARRAY,
		.sub = fault_item,
		.doc = "Every fault of the input, 100 at most.",
	},
	OPT_END,
};

#define EVENT_WIRE(name, wire, noisy) wire,
static const char *const types[] = {EVENT_TYPES(EVENT_WIRE) NULL};
#undef EVENT_WIRE

static const struct opt event_opts[] = {
	{.name = "id", .type = OPT_ID, .flags = OPT_REQUIRED},
	{
		.name = "type",
		.type = OPT_STRING,
		.flags = OPT_REQUIRED,
		.values = types,
	},
	{.name = "created_at", .type = OPT_TIME, .flags = OPT_REQUIRED},
	{.name = "account_id", .type = OPT_ID, .flags = OPT_REQUIRED},
	{.name = "node_id", .type = OPT_STRING, .flags = OPT_REQUIRED},
	{
		.name = "call_id",
		.type = OPT_ID,
		.flags = OPT_REQUIRED | OPT_NULLABLE,
	},
	{
		.name = "request_id",
		.type = OPT_STRING,
		.flags = OPT_REQUIRED | OPT_NULLABLE,
		.doc = "The request that caused it.",
	},
	{
		.name = "sequence",
		.type = OPT_INT,
		.flags = OPT_REQUIRED,
		.doc = "Counts up per call (or per resource).",
	},
	{
		.name = "data",
		.type = OPT_ANY,
		.flags = OPT_REQUIRED,
		.doc = "The resource as its GET shows it, of most types; "
		       "`webhooks` says of each.",
	},
	OPT_END,
};

json_t *openapi_webhooks(void)
{
	json_t *out = json_object(), *item, *schema;
	unsigned i;

	for (i = 0; i < EVENT_NTYPES; ++i) {
		schema = json_pack("{s:[o, {s:{s:{s:s}, s:o}}]}", "allOf",
				   openapi_ref("schemas", "Event"),
				   "properties", "type", "const", types[i],
				   "data", openapi_event_data(i));
		item = json_pack(
			"{s:{s:s, s:[s], s:{s:b, s:{s:{s:o}}}, s:{s:{s:s}}}}",
			"post", "summary", types[i], "tags", "events",
			"requestBody", "required", 1, "content",
			"application/json", "schema", schema, "responses",
			"2XX", "description", "Taken.");
		json_object_set_new(out, types[i], item);
	}

	return out;
}

static json_t *header(const char *name, const char *text)
{
	return json_pack("{s:s, s:s, s:s, s:{s:s}}", "name", name, "in",
			 "header", "description", text, "schema", "type",
			 "string");
}

static json_t *path_id(const char *name)
{
	return json_pack("{s:s, s:s, s:b, s:{s:s, s:s}}", "name", name, "in",
			 "path", "required", 1, "schema", "type", "string",
			 "format", "uuid");
}

static json_t *parameters(void)
{
	json_t *out = json_object();

	json_object_set_new(out, "id", path_id("id"));
	json_object_set_new(out, "delivery_id", path_id("delivery_id"));
	json_object_set_new(out, "account",
			    header("Bifrons-Account",
				   "Act for this account; platform keys "
				   "only."));
	json_object_set_new(out, "request_id",
			    header("X-Request-Id",
				   "Echoed, and in the events that this "
				   "causes; made when left out."));
	json_object_set_new(out, "idempotency_key",
			    header("Idempotency-Key",
				   "A retry with the same key and body gets "
				   "the first answer for 24 h."));
	json_object_set_new(out, "last_event_id",
			    header("Last-Event-ID",
				   "The last event that was seen; a browser "
				   "sends it when it connects again."));

	return out;
}

json_t *openapi_components(void)
{
	json_t *schemas = json_object(), *problem;

	add_verbs(schemas);
	json_object_set_new(schemas, "Action", flow_action_schema());
	problem = opt_schema(problem_opts, true, false);
	json_object_set_new(schemas, "Problem", problem);
	json_object_set_new(schemas, "Event",
			    opt_schema(event_opts, true, false));

	return json_pack("{s:o, s:o, s:{s:{s:s, s:s, s:s}}}", "schemas",
			 schemas, "parameters", parameters(), "securitySchemes",
			 "key", "type", "http", "scheme", "bearer",
			 "description",
			 "An access key, `bfk_…`, with the scope of the "
			 "route.");
}
