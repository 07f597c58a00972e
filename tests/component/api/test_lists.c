/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Pages that hold still while rows come and go; filters; tokens */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <glib.h>
#include <string.h>

#include "common/json.h"
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

static json_t *list(const char *verb, json_t *query)
{
	const struct api_ask ask = {.verb = verb, .query = query};

	return api_rig_ask(&rig, &ask);
}

static char *make_flow(const char *name)
{
	json_t *flow = api_rig_make(&rig, "flows.create", NULL,
				    json_pack("{s:s, s:[{s:s}]}", "name", name,
					      "actions", "type", "answer"));
	char *id = g_strdup(json_str(flow, "id", ""));

	json_decref(flow);

	return id;
}

static void delete_flow(const char *id)
{
	const struct api_ask ask = {.verb = "flows.delete", .id = id};

	json_decref(api_rig_ok(api_rig_ask(&rig, &ask)));
}

/** Names on a page, "c b a"; *tokenp the next one's (g_free) or NULL */
static char *page(json_t *query, char **tokenp)
{
	json_t *ok = api_rig_ok(list("flows.list", query)), *item;
	GString *out = g_string_new(NULL);
	size_t i;

	json_array_foreach(json_object_get(ok, "result"), i, item)
	{
		g_string_append_printf(out, "%s%s", i ? " " : "",
				       json_str(item, "name", "?"));
	}
	assert_non_null(json_object_get(ok, "next_page_token"));
	if (tokenp)
		*tokenp = g_strdup(json_str(ok, "next_page_token", NULL));
	json_decref(ok);

	return g_string_free(out, FALSE);
}

static void expect_page(json_t *query, const char *names, char **tokenp)
{
	char *got = page(query, tokenp);

	assert_string_equal(got, names);
	g_free(got);
}

static void test_newest_first_and_stable_under_inserts(void **state)
{
	char *a = make_flow("a"), *b = make_flow("b"), *c = make_flow("c");
	char *d = make_flow("d"), *e = make_flow("e"), *token = NULL, *next;

	expect_page(json_pack("{s:s}", "page_size", "2"), "e d", &token);
	assert_non_null(token);

	/* one comes before, one of the page that was read goes */
	char *f = make_flow("f");
	delete_flow(d);

	expect_page(
		json_pack("{s:s, s:s}", "page_size", "2", "page_token", token),
		"c b", &next);
	g_free(token);
	expect_page(
		json_pack("{s:s, s:s}", "page_size", "2", "page_token", next),
		"a", &token);
	assert_null(token);
	g_free(next);

	expect_page(NULL, "f e c b a", &token);
	assert_null(token);
	expect_page(json_pack("{s:s}", "order", "asc"), "a b c e f", NULL);
	delete_flow(a);
	delete_flow(b);
	delete_flow(c);
	delete_flow(e);
	delete_flow(f);
	g_free(a);
	g_free(b);
	g_free(c);
	g_free(d);
	g_free(e);
	g_free(f);
}

static void test_sort_by_name_pages_over_equal_names(void **state)
{
	char *ids[5], *token = NULL, *next = NULL;
	static const char *const names[] = {"m", "k", "m", "z", "m"};
	size_t i;

	for (i = 0; i < 5; ++i)
		ids[i] = make_flow(names[i]);

	expect_page(json_pack("{s:s, s:s, s:s}", "sort", "name", "order", "asc",
			      "page_size", "2"),
		    "k m", &token);
	expect_page(json_pack("{s:s, s:s, s:s, s:s}", "sort", "name", "order",
			      "asc", "page_size", "2", "page_token", token),
		    "m m", &next);
	g_free(token);
	expect_page(json_pack("{s:s, s:s, s:s, s:s}", "sort", "name", "order",
			      "asc", "page_size", "2", "page_token", next),
		    "z", &token);
	assert_null(token);
	g_free(next);
	expect_page(json_pack("{s:s}", "name", "k"), "k", NULL);
	for (i = 0; i < 5; ++i) {
		delete_flow(ids[i]);
		g_free(ids[i]);
	}
}

/** A flow of 400 KiB */
static void make_large_flow(void)
{
	json_t *actions = json_array();
	char text[1001];
	int i;

	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	for (i = 0; i < 400; ++i)
		json_array_append_new(
			actions, json_pack("{s:s, s:{s:s}}", "type", "talk",
					   "option", "text", text));
	json_decref(api_rig_make(
		&rig, "flows.create", NULL,
		json_pack("{s:s, s:o}", "name", "large", "actions", actions)));
}

/** Of the page behind *tokenp, which becomes the next one's */
static size_t count_large(char **tokenp)
{
	json_t *query = json_pack("{s:s, s:s, s:s*}", "name", "large",
				  "page_size", "200", "page_token", *tokenp);
	json_t *ok = api_rig_ok(list("flows.list", query)), *item;
	const size_t n = json_array_size(json_object_get(ok, "result"));
	size_t i;

	json_array_foreach(json_object_get(ok, "result"), i, item)
		delete_flow(json_str(item, "id", ""));
	g_free(*tokenp);
	*tokenp = g_strdup(json_str(ok, "next_page_token", NULL));
	json_decref(ok);

	return n;
}

static void test_pages_of_large_rows_are_short(void **state)
{
	char *token = NULL;
	int i;

	for (i = 0; i < 12; ++i)
		make_large_flow();

	assert_int_equal(count_large(&token), 5);
	assert_non_null(token);
	assert_int_equal(count_large(&token), 5);
	assert_non_null(token);
	assert_int_equal(count_large(&token), 2);
	assert_null(token);
}

static void expect_fault(const char *verb, const char *name, const char *value)
{
	char *pointers =
		api_rig_pointers(list(verb, json_pack("{s:s}", name, value)));
	char *want = g_strconcat("query/", name, NULL);

	assert_string_equal(pointers, want);
	g_free(want);
	g_free(pointers);
}

static void test_wrong_parameters_are_named(void **state)
{
	expect_fault("calls.list", "colour", "red");
	expect_fault("calls.list", "page_size", "0");
	expect_fault("calls.list", "page_size", "201");
	expect_fault("calls.list", "page_size", "x");
	expect_fault("calls.list", "page_token", "forged");
	expect_fault("calls.list", "page_token", "");
	expect_fault("calls.list", "status", "dancing");
	expect_fault("calls.list", "created_from", "yesterday");
	expect_fault("calls.list", "trunk_id", "5");
	expect_fault("calls.list", "sort", "doc");
	expect_fault("calls.list", "order", "up; DROP TABLE call");
	expect_fault("flows.list", "status", "active");
	expect_fault("meta.ready", "x", "1");
}

static void test_a_token_belongs_to_its_query(void **state)
{
	char *a = make_flow("a"), *b = make_flow("b"), *token = NULL;
	json_t *account;
	struct api_ask ask = {.verb = "flows.list"};

	g_free(page(json_pack("{s:s}", "page_size", "1"), &token));
	assert_non_null(token);

	assert_string_equal(
		api_rig_code(
			list("flows.list", json_pack("{s:s, s:s}", "page_token",
						     token, "order", "asc"))),
		"invalid");
	assert_string_equal(
		api_rig_code(
			list("flows.list", json_pack("{s:s, s:s}", "page_token",
						     token, "name", "a"))),
		"invalid");
	assert_string_equal(
		api_rig_code(list("numbers.list",
				  json_pack("{s:s}", "page_token", token))),
		"invalid");

	account = api_rig_make(&rig, "accounts.create", NULL,
			       json_pack("{s:s}", "name", "other"));
	ask.account_id = json_str(account, "id", "");
	ask.query = json_pack("{s:s}", "page_token", token);
	assert_string_equal(api_rig_code(api_rig_ask(&rig, &ask)), "invalid");

	token[5] = token[5] == 'A' ? 'B' : 'A';
	assert_string_equal(
		api_rig_code(list("flows.list",
				  json_pack("{s:s}", "page_token", token))),
		"invalid");
	json_decref(account);
	delete_flow(a);
	delete_flow(b);
	g_free(a);
	g_free(b);
	g_free(token);
}

static void test_pages_of_one_account_only(void **state)
{
	json_t *account = api_rig_make(&rig, "accounts.create", NULL,
				       json_pack("{s:s}", "name", "other"));
	const struct api_ask ask = {
		.verb = "flows.list",
		.account_id = json_str(account, "id", ""),
		.scope = "flows:read",
	};
	char *mine = make_flow("mine");
	json_t *ok = api_rig_ok(api_rig_ask(&rig, &ask));

	assert_int_equal(json_array_size(json_object_get(ok, "result")), 0);
	json_decref(ok);
	json_decref(account);
	delete_flow(mine);
	g_free(mine);
}

/* ---- calls: rows as call/ writes them ---- */

static void insert_call(int64_t n, const char *status, const char *source)
{
	static const char sql[] =
		"INSERT INTO call (id, account_id, status, direction, source,"
		" destination, created_at, ended_at, hangup_reason, node_id,"
		" sequence, doc) VALUES (?1, ?2, ?3, 'incoming', ?4, '+45',"
		" ?5, ?6, ?7, 'n', 1, ?8)";
	const bool ended = !strcmp(status, "ended");
	char id[ID_SIZE], doc[200];
	const struct db_value params[] = {
		DB_S(id),
		DB_S(rig.account_id),
		DB_S(status),
		DB_S(source),
		DB_I(1000 * n),
		ended ? DB_I(1000 * n + 500) : DB_N,
		ended ? DB_S("normal") : DB_N,
		DB_S(doc),
	};

	id_new(id);
	g_snprintf(doc, sizeof(doc), "{\"id\":\"%s\",\"n\":%d}", id, (int)n);
	api_rig_write(&rig, sql, params, G_N_ELEMENTS(params));
}

static void expect_calls(json_t *query, const char *want)
{
	json_t *ok = api_rig_ok(list("calls.list", query)), *item;
	GString *out = g_string_new(NULL);
	size_t i;

	json_array_foreach(json_object_get(ok, "result"), i, item)
	{
		g_string_append_printf(out, "%s%d", i ? " " : "",
				       (int)json_int(item, "n", 0));
	}
	assert_string_equal(out->str, want);
	g_string_free(out, TRUE);
	json_decref(ok);
}

static void test_calls_are_filtered(void **state)
{
	insert_call(1, "ended", "+4511111111");
	insert_call(2, "answered", "+4511111111");
	insert_call(3, "ended", "+4522222222");
	insert_call(4, "ringing", "+4522222222");

	expect_calls(NULL, "4 3 2 1");
	expect_calls(json_pack("{s:s}", "status", "ended"), "3 1");
	expect_calls(json_pack("{s:s}", "source", "+4511111111"), "2 1");
	expect_calls(json_pack("{s:s, s:s}", "source", "+4511111111", "status",
			       "ended"),
		     "1");
	expect_calls(json_pack("{s:s}", "hangup_reason", "normal"), "3 1");
	expect_calls(json_pack("{s:s}", "direction", "outgoing"), "");
	expect_calls(json_pack("{s:s, s:s}", "created_from",
			       "1970-01-01T00:00:02Z", "created_to",
			       "1970-01-01T00:00:04Z"),
		     "3 2");
	expect_calls(json_pack("{s:s}", "ended_from", "1970-01-01T00:00:02Z"),
		     "3");
	expect_calls(json_pack("{s:s}", "sort", "ended_at"), "3 1");
	expect_calls(
		json_pack("{s:s, s:s}", "sort", "ended_at", "order", "asc"),
		"1 3");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_newest_first_and_stable_under_inserts),
		cmocka_unit_test(test_sort_by_name_pages_over_equal_names),
		cmocka_unit_test(test_pages_of_large_rows_are_short),
		cmocka_unit_test(test_wrong_parameters_are_named),
		cmocka_unit_test(test_a_token_belongs_to_its_query),
		cmocka_unit_test(test_pages_of_one_account_only),
		cmocka_unit_test(test_calls_are_filtered),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
