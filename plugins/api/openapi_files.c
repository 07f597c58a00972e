/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "api/openapi_priv.h"

#include "common/json.h"

static void add_raw(json_t *content, const char *type)
{
	json_object_set_new(content, type,
			    json_pack("{s:{s:s, s:s}}", "schema", "type",
				      "string", "format", "binary"));
}

json_t *openapi_file_body(const struct verb_row *row)
{
	json_t *content = json_object(), *properties, *form;

	properties = json_pack(
		"{s:{s:s, s:s, s:s}}", "file", "type", "string", "format",
		"binary", "description",
		"The file; its filename counts when nothing else gives a "
		"name.");
	if (row->kind == VERB_UPLOAD)
		json_object_set_new(
			properties, "name",
			json_pack("{s:s, s:i, s:i, s:s}", "type", "string",
				  "minLength", 1, "maxLength", 128,
				  "description",
				  "Unique in the account; before the query's "
				  "`name`."));
	form = json_pack("{s:{s:s, s:[s], s:o, s:b}}", "schema", "type",
			 "object", "required", "file", "properties", properties,
			 "additionalProperties", 0);
	json_object_set_new(content, "multipart/form-data", form);
	add_raw(content, "audio/*");
	add_raw(content, "video/*");
	add_raw(content, "application/ogg");
	add_raw(content, "application/octet-stream");

	return json_pack("{s:b, s:o}", "required", 1, "content", content);
}

static json_t *header(const char *description)
{
	return json_pack("{s:s, s:{s:s}}", "description", description, "schema",
			 "type", "string");
}

static json_t *bytes(const char *description)
{
	json_t *content = json_object();

	add_raw(content, "*/*");

	return json_pack("{s:s, s:o}", "description", description, "content",
			 content);
}

void openapi_file_answers(json_t *responses)
{
	json_t *whole = bytes("The file."), *part = bytes("A range of it.");

	json_object_set_new(whole, "headers",
			    json_pack("{s:o, s:o}", "ETag",
				      header("Changes with the content."),
				      "Content-Disposition",
				      header("`attachment`, with its name.")));
	json_object_set_new(part, "headers",
			    json_pack("{s:o}", "Content-Range",
				      header("Which, and of how much.")));
	json_object_set_new(responses, "200", whole);
	json_object_set_new(responses, "206", part);
	json_object_set_new(responses, "304",
			    json_pack("{s:s}", "description",
				      "Unchanged: `If-None-Match` has it."));
}
