/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Nothing a client or a holder of the admin secret sends is a 500 or worse */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "api/api_priv.h"
#include "common/json.h"
#include "common/str.h"
#include "support/api_rig.h"

static struct api_rig rig;

static int setup(void **state)
{
	api_rig_open(&rig);

	return 0;
}

static int teardown(void **state)
{
	api_rig_close(&rig);

	return 0;
}

/** Each type, and what is odd of each: [i] of this list */
static json_t *odd_value(size_t i)
{
	char *text;
	json_t *out;

	switch (i) {
	case 0:
		return json_null();
	case 1:
		return json_true();
	case 2:
		return json_integer(-1);
	case 3:
		return json_integer(INT64_MAX);
	case 4:
		return json_real(1e300);
	case 5:
		return json_string("");
	case 6:
		return json_string("${call.id}");
	case 7:
		return json_string("a\r\nb: c\x7f");
	case 8:
		return json_array();
	case 9:
		return json_pack("[[[[]]], {}, n, i, s]", 5, "x");
	case 10:
		return json_object();
	case 11:
		return json_pack("{s:{s:[n]}}", "x", "", "y");
	case 12:
		text = g_strnfill(70000, 'x');
		out = json_string(text);
		g_free(text);
		return out;
	default:
		return NULL;
	}
}

/** Is this type right for the member? Then no fault need be there */
static bool may_be_right(const struct opt *opt, const json_t *value)
{
	switch (opt->type) {
	case OPT_STRING:
	case OPT_ID:
	case OPT_TIME:
		return json_is_string(value) || json_is_null(value);
	case OPT_INT:
		return json_is_integer(value) || json_is_null(value);
	case OPT_NUM:
		return json_is_number(value) || json_is_null(value);
	case OPT_BOOL:
		return json_is_boolean(value) || json_is_null(value);
	case OPT_OBJECT:
	case OPT_MAP:
		return json_is_object(value) || json_is_null(value);
	case OPT_ARRAY:
		return json_is_array(value) || json_is_null(value);
	case OPT_ANY:
	case OPT_NTYPES:
		break;
	}

	return true;
}

/** The fault must be named; any other answer must be no failure of ours */
static void check_reply(json_t *reply, const struct opt *opt,
			const json_t *value)
{
	const enum api_err err = api_reply_err(reply);
	char *pointers, *want;

	assert_true(api_err_status(err) < 500);
	if (may_be_right(opt, value)) {
		json_decref(reply);
		return;
	}

	assert_true(err == API_ERR_invalid || err == API_ERR_flow_invalid);
	want = g_strconcat("/", opt->name, NULL);
	pointers = api_rig_pointers(reply);
	if (!strstr(pointers, want))
		print_error("%s is not in \"%s\"\n", want, pointers);
	assert_non_null(strstr(pointers, want));
	g_free(pointers);
	g_free(want);
}

static void torture(const struct verb_row *row, const struct opt *opt,
		    const char *id)
{
	struct api_ask ask = {.verb = row->name, .id = id};
	json_t *value;
	size_t i;

	for (i = 0; (value = odd_value(i)); ++i) {
		ask.body = json_object();
		json_object_set(ask.body, opt->name, value);
		check_reply(api_rig_ask(&rig, &ask), opt, value);
		json_decref(value);
	}
}

static json_t *make_extension(void)
{
	json_t *domain =
		api_rig_make(&rig, "domains.create", NULL,
			     json_pack("{s:s}", "name", "extensions.test"));
	json_t *doc = api_rig_make(&rig, "extensions.create", NULL,
				   json_pack("{s:s, s:s}", "domain_id",
					     json_str(domain, "id", ""),
					     "extension", "1000"));

	json_decref(domain);

	return doc;
}

/** One that has ended */
static json_t *make_call(void)
{
	static const char sql[] =
		"INSERT INTO call (id, account_id, status, direction, source,"
		" destination, created_at, ended_at, node_id, sequence, doc)"
		" VALUES (?1, ?2, 'ended', 'incoming', '', '', 1, 2, 'test',"
		" 2, ?3)";
	char id[ID_SIZE], *text;
	json_t *doc;

	id_new(id);
	doc = json_pack("{s:s, s:s, s:n}", "id", id, "status", "ended",
			"notes");
	text = json_text(doc);
	api_rig_write(&rig, sql,
		      (const struct db_value[]){DB_S(id), DB_S(rig.account_id),
						DB_S(text)},
		      3);
	free(text);

	return doc;
}

static json_t *make_recording(void)
{
	static const char sql[] =
		"INSERT INTO recording (id, account_id, status, format,"
		" node_id, sequence, created_at, doc)"
		" VALUES (?1, ?2, 'recording', 'wav', 'test', 1, 1, ?3)";
	char id[ID_SIZE], *text;
	json_t *doc;

	id_new(id);
	doc = json_pack("{s:s, s:s}", "id", id, "status", "recording");
	text = json_text(doc);
	api_rig_write(&rig, sql,
		      (const struct db_value[]){DB_S(id), DB_S(rig.account_id),
						DB_S(text)},
		      3);
	free(text);

	return doc;
}

/** Something to patch, by the first part of the verb's name */
static char *make_for(const struct verb_row *row)
{
	json_t *doc, *flow;
	char *id;

	flow = api_rig_make(&rig, "flows.create", NULL,
			    json_pack("{s:s, s:[{s:s}]}", "name", "x",
				      "actions", "type", "answer"));
	if (str_starts(row->name, "accounts."))
		doc = api_rig_make(&rig, "accounts.create", NULL,
				   json_pack("{s:s}", "name", "x"));
	else if (str_starts(row->name, "access_keys."))
		doc = api_rig_make(&rig, "access_keys.create", NULL,
				   json_pack("{s:s, s:[s]}", "name", "x",
					     "scopes", "admin"));
	else if (str_starts(row->name, "numbers."))
		doc = api_rig_make(&rig, "numbers.create", NULL,
				   json_pack("{s:s, s:s}", "number", "hostile",
					     "flow_id",
					     json_str(flow, "id", "")));
	else if (str_starts(row->name, "trunks."))
		doc = api_rig_make(&rig, "trunks.create", NULL,
				   json_pack("{s:s}", "name", "x"));
	else if (str_starts(row->name, "domains."))
		doc = api_rig_make(&rig, "domains.create", NULL,
				   json_pack("{s:s}", "name", "hostile.test"));
	else if (str_starts(row->name, "media."))
		doc = api_rig_upload(&rig, "RIFF1", "hostile");
	else if (str_starts(row->name, "extensions."))
		doc = make_extension();
	else if (str_starts(row->name, "calls."))
		doc = make_call();
	else if (str_starts(row->name, "recordings."))
		doc = make_recording();
	else if (str_starts(row->name, "webhooks."))
		doc = api_rig_make(
			&rig, "webhooks.create", NULL,
			json_pack("{s:s}", "url", "https://sink.test/"));
	else
		doc = json_incref(flow);

	id = g_strdup(json_str(doc, "id", ""));
	json_decref(doc);
	json_decref(flow);

	return id;
}

static void test_wrong_types_in_every_member(void **state)
{
	const struct verb_row *row;
	const struct opt *opt;
	char *id;

	for (row = api_rows; row->name; ++row) {
		/* a live call's verbs find no call here: 404 goes first */
		if (!row->verb->body ||
		    (row->kind != VERB_PATCH && strstr(row->path, "{id}")))
			continue;
		id = row->kind == VERB_PATCH ? make_for(row) : NULL;
		for (opt = row->verb->body; opt->name; ++opt)
			torture(row, opt, id);
		g_free(id);
	}
}

static void test_wrong_types_in_every_parameter(void **state)
{
	static const char *const values[] = {
		"",
		"x",
		"-1",
		"99999999999999999999",
		"' OR 1=1 --",
		"null",
		"{}",
		"2026-13-45T99:99:99Z",
	};
	const struct verb_row *row;
	const struct opt *opt;
	struct api_ask ask = {.verb = NULL};
	size_t i;

	for (row = api_rows; row->name; ++row) {
		ask.verb = row->name;
		for (opt = row->verb->query; opt && opt->name; ++opt) {
			for (i = 0; i < G_N_ELEMENTS(values); ++i) {
				ask.query = json_pack("{s:s}", opt->name,
						      values[i]);
				json_t *reply = api_rig_ask(&rig, &ask);

				assert_true(api_err_status(api_reply_err(
						    reply)) < 500);
				json_decref(reply);
			}
		}
	}
}

static void test_wrong_ids_are_404(void **state)
{
	static const char *const ids[] = {
		"",
		"x",
		"%00",
		"../..",
		"01900000-0000-7000-8000-00000000000G",
		"01900000-0000-7000-8000-000000000000",
		"01900000-0000-7000-8000-0000000000000",
	};
	const struct verb_row *row;
	struct api_ask ask = {.verb = NULL};
	json_t *reply;
	size_t i;

	for (row = api_rows; row->name; ++row) {
		/* without a key nobody learns which ids there are: 403 */
		if (!strstr(row->path, "{id}") || str_eq(row->scope, "public"))
			continue;
		for (i = 0; i < G_N_ELEMENTS(ids); ++i) {
			ask.verb = row->name;
			ask.id = ids[i];
			ask.body = row->verb->body ? json_object() : NULL;
			reply = api_rig_ask(&rig, &ask);
			assert_int_equal(api_err_status(api_reply_err(reply)),
					 404);
			json_decref(reply);
		}
	}
}

static void test_bodies_that_are_no_objects(void **state)
{
	const struct verb_row *row;
	struct api_ask ask = {.verb = NULL};
	json_t *value, *reply;
	size_t i;

	for (row = api_rows; row->name; ++row) {
		if (!row->verb->body)
			continue;
		ask.verb = row->name;
		for (i = 0; (value = odd_value(i)); ++i) {
			if (json_is_object(value)) {
				json_decref(value);
				continue;
			}
			ask.body = value;
			reply = api_rig_ask(&rig, &ask);
			assert_int_equal(api_reply_err(reply), API_ERR_invalid);
			json_decref(reply);
		}
	}
}

static const char *dispatch(json_t *query)
{
	json_t *reply = api_dispatch(rig.api, query);

	json_decref(query);

	return api_rig_code(reply);
}

static void test_requests_that_are_no_requests(void **state)
{
	json_t *value;
	size_t i;

	for (i = 0; (value = odd_value(i)); ++i) {
		assert_string_equal(dispatch(json_incref(value)),
				    "bad_request");
		assert_string_equal(dispatch(json_pack("{s:O}", "verb", value)),
				    json_is_string(value) ? "not_found"
							  : "bad_request");
		assert_string_equal(
			dispatch(json_pack("{s:s, s:O}", "verb", "flows.list",
					   "auth", value)),
			"unauthorized");
		json_decref(value);
	}
	assert_string_equal(dispatch(json_object()), "bad_request");
	assert_string_equal(dispatch(json_pack("{s:s}", "verb", "flows.list")),
			    "unauthorized");
	assert_string_equal(api_rig_code(api_dispatch(rig.api, NULL)),
			    "bad_request");
}

static json_t *good_request(void)
{
	return json_pack("{s:s, s:{s:s, s:s, s:[s], s:b}}", "verb",
			 "flows.create", "auth", "account_id", rig.account_id,
			 "key_id", rig.account_id, "scopes", "platform",
			 "platform", 1);
}

/** Odd values in every member around a body that is right */
static void test_odd_envelopes(void **state)
{
	static const char *const members[] = {
		"request_id", "path", "query", "body", "idempotency", "auth",
	};
	json_t *value, *query, *reply;
	size_t i, k;

	for (k = 0; k < G_N_ELEMENTS(members); ++k) {
		for (i = 0; (value = odd_value(i)); ++i) {
			query = good_request();
			json_object_set_new(query, "body",
					    json_pack("{s:s, s:[]}", "name",
						      "x", "actions"));
			json_object_set_new(query, members[k], value);
			reply = api_dispatch(rig.api, query);
			assert_true(api_err_status(api_reply_err(reply)) < 500);
			json_decref(reply);
			json_decref(query);
		}
	}
}

static void test_odd_auth(void **state)
{
	static const char *const members[] = {"account_id", "key_id", "scopes",
					      "platform"};
	json_t *value, *query, *reply;
	size_t i, k;

	for (k = 0; k < G_N_ELEMENTS(members); ++k) {
		for (i = 0; (value = odd_value(i)); ++i) {
			query = good_request();
			json_set_str(query, "verb", "accounts.list");
			json_object_set_new(json_object_get(query, "auth"),
					    members[k], value);
			reply = api_dispatch(rig.api, query);
			assert_true(api_err_status(api_reply_err(reply)) < 500);
			json_decref(reply);
			json_decref(query);
		}
	}
}

static void test_a_flag_alone_makes_no_platform(void **state)
{
	json_t *query = good_request();
	json_t *auth = json_object_get(query, "auth");

	json_set_str(query, "verb", "accounts.list");
	json_object_set_new(auth, "scopes", json_pack("[s]", "admin"));
	assert_string_equal(dispatch(query), "forbidden");
}

static void test_missing_scopes_are_forbidden(void **state)
{
	const struct verb_row *row;
	struct api_ask ask = {.scope = "none:at-all"};

	for (row = api_rows; row->name; ++row) {
		if (!*row->scope || str_eq(row->scope, "public"))
			continue;
		ask.verb = row->name;
		assert_string_equal(api_rig_code(api_rig_ask(&rig, &ask)),
				    "forbidden");
	}
}

static void test_a_hundred_faults_are_enough(void **state)
{
	const struct api_ask ask = {.verb = "flows.create",
				    .body = json_object()};
	json_t *reply;
	char name[16];
	size_t n;
	int i;

	for (i = 0; i < 500; ++i) {
		g_snprintf(name, sizeof(name), "x%d", i);
		json_object_set_new(ask.body, name, json_null());
	}
	reply = api_rig_ask(&rig, &ask);
	n = json_array_size(
		json_object_get(json_object_get(reply, "error"), "errors"));
	assert_int_equal(n, 100);
	json_decref(reply);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wrong_types_in_every_member),
		cmocka_unit_test(test_wrong_types_in_every_parameter),
		cmocka_unit_test(test_wrong_ids_are_404),
		cmocka_unit_test(test_bodies_that_are_no_objects),
		cmocka_unit_test(test_requests_that_are_no_requests),
		cmocka_unit_test(test_odd_envelopes),
		cmocka_unit_test(test_odd_auth),
		cmocka_unit_test(test_a_flag_alone_makes_no_platform),
		cmocka_unit_test(test_missing_scopes_are_forbidden),
		cmocka_unit_test(test_a_hundred_faults_are_enough),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
