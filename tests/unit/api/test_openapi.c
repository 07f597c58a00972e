/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The description holds every verb, scope, error and event, and is sound */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <glib.h>
#include <string.h>

#include "api/api_priv.h"
#include "common/json.h"
#include "common/str.h"
#include "event/event.h"

static json_t *doc;

static int setup(void **state)
{
	json_t *made = api_openapi();
	char *text = json_dumps(made, JSON_COMPACT);

	/* through its text: what a client gets */
	doc = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	free(text);
	json_decref(made);

	return doc ? 0 : -1;
}

static int teardown(void **state)
{
	json_decref(doc);

	return 0;
}

static json_t *at(const json_t *j, const char *a, const char *b)
{
	json_t *inner = json_object_get(j, a);

	return b ? json_object_get(inner, b) : inner;
}

static json_t *operation_of(const struct verb_row *row)
{
	char *method = g_ascii_strdown(row->method, -1);
	json_t *item =
		json_object_get(json_object_get(doc, "paths"), row->path);
	json_t *op = json_object_get(item, method);

	g_free(method);

	return op;
}

static void test_every_verb_is_described(void **state)
{
	const struct verb_row *row;
	json_t *op, *responses;
	unsigned n = 0;

	for (row = api_rows; row->name; ++row, ++n) {
		op = operation_of(row);
		assert_non_null(op);
		assert_true(*json_str(op, "summary", ""));
		assert_true(*json_str(op, "operationId", ""));
		responses = json_object_get(op, "responses");
		assert_true(json_object_get(responses, "200") ||
			    json_object_get(responses, "201") ||
			    json_object_get(responses, "204"));
		assert_non_null(json_object_get(responses, "503"));
		/* a query that cannot be decoded, an unknown Bifrons-Account,
		 * too long a head */
		assert_non_null(json_object_get(responses, "400"));
		assert_non_null(json_object_get(responses, "414"));
		assert_non_null(json_object_get(responses, "431"));
		assert_true(str_eq(row->scope, "public") ||
			    json_object_get(responses, "404"));
		assert_true(row->kind != VERB_PATCH ||
			    json_object_get(responses, "411"));
		assert_int_equal(!row->verb->body,
				 !json_object_get(op, "requestBody"));
	}
	assert_true(n > 30);
}

static void test_every_verb_does_something(void **state)
{
	const struct verb_row *row;

	for (row = api_rows; row->name; ++row) {
		assert_true(row->verb->read ||
			    (row->verb->prepare && row->verb->act));
		if (row->kind == VERB_LIST)
			assert_non_null(row->verb->read);
		if (row->kind == VERB_CREATE || row->kind == VERB_PATCH)
			assert_non_null(row->verb->body);
		if (row->kind == VERB_LIST)
			assert_non_null(row->verb->query);
	}
}

static void test_scopes_are_known(void **state)
{
	const struct verb_row *row;
	const char *const *scope;

	for (row = api_rows; row->name; ++row) {
		if (!*row->scope || str_eq(row->scope, "public"))
			continue;
		for (scope = api_scopes; *scope; ++scope)
			if (str_eq(*scope, row->scope))
				break;
		assert_non_null(*scope);
	}
}

/** Every "$ref" below j leads to something */
static void check_refs(const json_t *j)
{
	const char *key, *ref;
	char **parts;
	json_t *value, *target;
	size_t i;

	json_array_foreach(j, i, value) check_refs(value);
	if (!json_is_object(j))
		return;

	json_object_foreach((json_t *)j, key, value) check_refs(value);
	ref = json_str(j, "$ref", NULL);
	if (!ref)
		return;

	assert_true(g_str_has_prefix(ref, "#/components/"));
	parts = g_strsplit(ref, "/", -1);
	target = json_object_get(at(doc, "components", parts[2]), parts[3]);
	if (!target)
		print_error("%s leads nowhere\n", ref);
	assert_non_null(target);
	g_strfreev(parts);
}

static void test_every_reference_leads_somewhere(void **state)
{
	check_refs(doc);
}

static void test_operation_ids_are_unique(void **state)
{
	GHashTable *seen = g_hash_table_new(g_str_hash, g_str_equal);
	const struct verb_row *row;
	const char *id;

	for (row = api_rows; row->name; ++row) {
		id = json_str(operation_of(row), "operationId", "");
		assert_true(g_hash_table_add(seen, (gpointer)id));
	}
	g_hash_table_destroy(seen);
}

static void test_every_event_is_a_webhook(void **state)
{
	unsigned i;

	for (i = 0; i < EVENT_NTYPES; ++i)
		assert_non_null(json_object_get(
			json_object_get(doc, "webhooks"), event_type_name(i)));
	assert_int_equal(json_object_size(json_object_get(doc, "webhooks")),
			 EVENT_NTYPES);
}

/* data's own schema, of one event */
static json_t *data_of(const char *type)
{
	json_t *body = at(at(doc, "webhooks", type), "post", "requestBody");
	json_t *all =
		at(at(body, "content", "application/json"), "schema", "allOf");

	return at(json_array_get(all, 1), "properties", "data");
}

static void test_events_say_what_their_data_is(void **state)
{
	unsigned i;

	for (i = 0; i < EVENT_NTYPES; ++i)
		assert_true(json_object_size(data_of(event_type_name(i))) > 0);

	assert_string_equal(json_str(data_of("call.held"), "$ref", ""),
			    "#/components/schemas/Call");
	assert_string_equal(json_str(data_of("recording.failed"), "$ref", ""),
			    "#/components/schemas/Recording");
	assert_string_equal(json_str(data_of("webhook.test"), "$ref", ""),
			    "#/components/schemas/Webhook");
	assert_non_null(at(data_of("flow.error"), "properties", "code"));
	/* a call's first event and its last may have it, GET never does */
	assert_non_null(at(at(at(doc, "components", "schemas"), "Call", NULL),
			   "properties", "truncated"));
}

static void test_secrets_are_never_shown(void **state)
{
	json_t *schemas = at(doc, "components", "schemas");
	json_t *trunk = at(schemas, "Trunk", "properties");
	json_t *body = at(schemas, "trunks_create_body", "properties");

	assert_non_null(trunk);
	assert_null(json_object_get(trunk, "password"));
	assert_true(json_flag(json_object_get(body, "password"), "writeOnly",
			      false));
	assert_null(json_object_get(at(schemas, "Account", "properties"),
				    "signing_secret"));
	assert_null(json_object_get(at(schemas, "Webhook", "properties"),
				    "secret"));
	assert_non_null(json_object_get(
		at(schemas, "AccountCreated", "properties"), "access_key"));
}

static void test_actions_have_their_schema(void **state)
{
	json_t *flow =
		at(at(doc, "components", "schemas"), "Flow", "properties");
	const json_t *items =
		json_object_get(json_object_get(flow, "actions"), "items");

	assert_string_equal(json_str(items, "$ref", ""),
			    "#/components/schemas/Action");
}

static void test_version_and_security(void **state)
{
	const struct verb_row *row;
	json_t *security;

	assert_string_equal(json_str(doc, "openapi", ""), "3.1.0");
	for (row = api_rows; row->name; ++row) {
		security = json_object_get(operation_of(row), "security");
		assert_int_equal(json_array_size(security),
				 str_eq(row->scope, "public") ? 0 : 1);
	}
}

static void test_files_come_and_go(void **state)
{
	json_t *paths = json_object_get(doc, "paths");
	json_t *post = at(paths, "/v1/media", "post");
	json_t *file = at(paths, "/v1/media/{id}/content", "get");
	json_t *put = at(paths, "/v1/media/{id}/content", "put");
	json_t *form, *answers;

	form = at(at(post, "requestBody", "content"), "multipart/form-data",
		  "schema");
	assert_non_null(at(form, "properties", "file"));
	assert_non_null(at(form, "properties", "name"));
	assert_non_null(
		at(at(post, "requestBody", "content"), "audio/*", "schema"));
	assert_non_null(at(post, "responses", "201"));
	assert_non_null(at(post, "responses", "507"));
	form = at(at(put, "requestBody", "content"), "multipart/form-data",
		  "schema");
	assert_null(at(form, "properties", "name"));
	assert_non_null(at(put, "responses", "200"));

	answers = json_object_get(file, "responses");
	assert_non_null(at(at(answers, "200", "content"), "*/*", NULL));
	assert_non_null(json_object_get(answers, "206"));
	assert_non_null(json_object_get(answers, "304"));
	assert_non_null(json_object_get(answers, "416"));
	/* what the transport tells us is no client's business */
	assert_null(at(at(doc, "components", "schemas"), "media_create_body",
		       NULL));
}

/* ---- docs/errors.md, docs/events.md ---- */

static char *docs_page(const char *name)
{
	const char *root = g_getenv("BIFRONS_SRCDIR");
	char *path = g_build_filename(root ? root : ".", "docs", name, NULL);
	char *text = NULL;

	g_file_get_contents(path, &text, NULL, NULL);
	g_free(path);

	return text;
}

static void test_every_error_is_documented(void **state)
{
	char *page = docs_page("errors.md"), *want;
	unsigned err;

	assert_non_null(page);

	for (err = API_OK + 1; err < API_NERRORS; ++err) {
		want = g_strdup_printf("| `%s` | %d |", api_err_code(err),
				       api_err_status(err));
		if (!strstr(page, want))
			print_error("docs/errors.md lacks: %s\n", want);
		assert_non_null(strstr(page, want));
		g_free(want);
	}
	g_free(page);
}

static void test_every_event_is_documented(void **state)
{
	char *page = docs_page("events.md"), *want;
	unsigned type;

	assert_non_null(page);

	for (type = 0; type < EVENT_NTYPES; ++type) {
		want = g_strdup_printf("\n| `%s` | %s|", event_type_name(type),
				       event_type_is_noisy(type) ? "noisy "
								 : "");
		if (!strstr(page, want))
			print_error("docs/events.md lacks: %s\n", want);
		assert_non_null(strstr(page, want));
		g_free(want);
	}
	g_free(page);
}

/** Rows of the table begin with a type; no other line does */
static void test_no_event_is_made_up(void **state)
{
	char *page = docs_page("events.md"), **lines, **line, *end;
	unsigned n = 0;

	assert_non_null(page);
	lines = g_strsplit(page, "\n", 0);
	for (line = lines; *line; ++line) {
		if (!str_starts(*line, "| `"))
			continue;
		end = strchr(*line + 3, '`');
		assert_non_null(end);
		*end = '\0';
		assert_int_not_equal(event_type_by_name(*line + 3),
				     EVENT_NTYPES);
		++n;
	}
	assert_int_equal(n, EVENT_NTYPES);
	g_strfreev(lines);
	g_free(page);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_verb_is_described),
		cmocka_unit_test(test_every_verb_does_something),
		cmocka_unit_test(test_scopes_are_known),
		cmocka_unit_test(test_every_reference_leads_somewhere),
		cmocka_unit_test(test_operation_ids_are_unique),
		cmocka_unit_test(test_every_event_is_a_webhook),
		cmocka_unit_test(test_events_say_what_their_data_is),
		cmocka_unit_test(test_secrets_are_never_shown),
		cmocka_unit_test(test_actions_have_their_schema),
		cmocka_unit_test(test_version_and_security),
		cmocka_unit_test(test_files_come_and_go),
		cmocka_unit_test(test_every_error_is_documented),
		cmocka_unit_test(test_every_event_is_documented),
		cmocka_unit_test(test_no_event_is_made_up),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
