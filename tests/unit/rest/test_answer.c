/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Problem documents, the plugin's replies, the envelope, the pages */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <glib.h>
#include <string.h>

#include "common/json.h"
#include "rest/answer.h"
#include "rest/bridge.h"
#include "rest/metrics.h"
#include "rest/pages.h"
#include "rest/pending.h"

static const struct rest_route *route(const char *method, const char *path)
{
	static struct rest_match m;

	assert_int_equal(rest_route_find(&m, method, path), API_OK);

	return m.route;
}

static void test_problem(void **state)
{
	struct rest_fault fault = {0};
	struct rest_answer ans = {0};
	json_t *doc;

	opt_fault(&fault.faults, "/a", "is wrong");
	rest_fault_set(&fault, API_ERR_invalid, "%d faults", 1);
	rest_fault_set(&fault, API_ERR_internal, "later ones do not count");
	rest_answer_problem(&ans, &fault, "rid");
	doc = json_loads(ans.text, 0, NULL);
	assert_int_equal(ans.status, 422);
	assert_int_equal(ans.type, REST_TYPE_PROBLEM);
	assert_string_equal(json_str(doc, "type", ""), "/docs/errors#invalid");
	assert_string_equal(json_str(doc, "title", ""),
			    api_err_title(API_ERR_invalid));
	assert_int_equal(json_int(doc, "status", 0), 422);
	assert_string_equal(json_str(doc, "detail", ""), "1 faults");
	assert_string_equal(json_str(doc, "code", ""), "invalid");
	assert_string_equal(json_str(doc, "request_id", ""), "rid");
	assert_int_equal(json_array_size(json_object_get(doc, "errors")), 1);
	json_decref(doc);
	rest_answer_clear(&ans);
	rest_fault_clear(&fault);
}

/* A detail is cut between characters: JSON takes nothing else */
static void test_long_detail(void **state)
{
	struct rest_fault fault = {0};
	struct rest_answer ans = {0};
	GString *text = g_string_new("x");
	json_t *doc;

	while (text->len < 1000)
		g_string_append(text, "\xc3\xa6");
	rest_fault_set(&fault, API_ERR_unavailable, "%s\xff", text->str);
	rest_answer_problem(&ans, &fault, "rid");
	doc = json_loads(ans.text, 0, NULL);
	assert_true(strlen(json_str(doc, "detail", "")) > 250);
	assert_int_equal(ans.retry_after_s, 1);
	json_decref(doc);
	rest_answer_clear(&ans);
	rest_fault_clear(&fault);
	g_string_free(text, TRUE);
}

static void reply(const char *method, const char *path, const char *text,
		  int status, const char *code)
{
	json_t *doc = json_loads(text, JSON_DECODE_ANY, NULL);
	struct rest_answer ans = {0};
	json_t *got;

	rest_answer_reply(&ans, route(method, path), doc, "rid");
	assert_int_equal(ans.status, status);
	got = ans.len ? json_loads(ans.text, JSON_DECODE_ANY, NULL) : NULL;
	assert_string_equal(json_str(got, "code", ""), code);
	json_decref(got);
	json_decref(doc);
	rest_answer_clear(&ans);
}

static void test_replies(void **state)
{
	reply("GET", "/v1/flows", "{\"ok\":{}}", 200, "");
	reply("POST", "/v1/flows", "{\"ok\":{}}", 201, "");
	reply("DELETE", "/v1/flows/1", "{\"ok\":null}", 204, "");
	reply("DELETE", "/v1/flows/1", "{}", 204, "");
	reply("PATCH", "/v1/flows/1", "{\"ok\":{}}", 200, "");
	reply("POST", "/v1/flows/validate", "{\"ok\":{}}", 200, "");
	reply("GET", "/readyz", "{\"ok\":{\"ready\":true}}", 200, "");
	reply("GET", "/readyz", "{\"ok\":{}}", 503, "");
	reply("GET", "/v1/flows/1", "{\"error\":{\"code\":\"flow_not_found\"}}",
	      404, "flow_not_found");
	reply("DELETE", "/v1/flows/1", "{\"error\":{\"code\":\"in_use\"}}", 409,
	      "in_use");
	reply("GET", "/v1/flows", "{\"error\":{\"code\":\"\"}}", 500,
	      "internal");
	reply("GET", "/v1/flows",
	      "{\"error\":{\"code\":5,\"errors\":5,"
	      "\"retry_after_s\":-1}}",
	      500, "internal");
	reply("GET", "/v1/flows", "{\"error\":5}", 500, "internal");
	reply("GET", "/v1/flows", "{}", 500, "internal");
	reply("GET", "/v1/flows", "null", 500, "internal");
}

static void test_envelope(void **state)
{
	const char *transaction, *why;
	const json_t *answer;
	json_t *env;

	env = rest_bridge_wrap("t1", "secret", json_pack("{s:s}", "verb", "v"));
	assert_string_equal(json_str(env, "janus", ""), "message_plugin");
	assert_string_equal(json_str(env, "plugin", ""),
			    "janus.plugin.bifrons");
	assert_string_equal(json_str(env, "transaction", ""), "t1");
	assert_string_equal(json_str(env, "admin_secret", ""), "secret");
	assert_string_equal(
		json_str(json_object_get(env, "request"), "verb", ""), "v");
	json_decref(env);

	env = rest_bridge_wrap("t1", NULL, json_object());
	assert_null(json_object_get(env, "admin_secret"));
	json_decref(env);

	env = json_loads("{\"janus\":\"success\",\"transaction\":\"t1\","
			 "\"response\":{\"ok\":{}}}",
			 0, NULL);
	assert_int_equal(rest_bridge_unwrap(env, &transaction, &answer, &why),
			 API_OK);
	assert_string_equal(transaction, "t1");
	assert_non_null(json_object_get(answer, "ok"));
	json_decref(env);

	env = json_loads("{\"janus\":\"error\",\"transaction\":\"t1\","
			 "\"error\":{\"code\":403,\"reason\":\"no\"}}",
			 0, NULL);
	assert_int_equal(rest_bridge_unwrap(env, &transaction, &answer, &why),
			 API_ERR_unavailable);
	assert_string_equal(transaction, "t1");
	assert_null(answer);
	assert_string_equal(why, "no");
	json_decref(env);

	assert_int_equal(rest_bridge_unwrap(NULL, &transaction, &answer, &why),
			 API_ERR_unavailable);
	assert_null(transaction);
}

static void test_transactions(void **state)
{
	char text[REST_TRANSACTION_SIZE];
	uint64_t id = 0;

	rest_transaction_text(text, 0x0000000700000003u);
	assert_string_equal(text, "0000000700000003");
	assert_int_equal(rest_transaction_parse(text, &id), 0);
	assert_true(id == 0x0000000700000003u);
	assert_int_not_equal(rest_transaction_parse(NULL, &id), 0);
	assert_int_not_equal(rest_transaction_parse("", &id), 0);
	assert_int_not_equal(rest_transaction_parse("000000070000000g", &id),
			     0);
	assert_int_not_equal(rest_transaction_parse("00000007000000030", &id),
			     0);
}

static void test_pages(void **state)
{
	int page;

	for (page = REST_PAGE_HEALTH; page <= REST_PAGE_ERRORS; ++page) {
		struct rest_answer ans = {0};

		rest_page_answer(&ans, (enum rest_page)page);
		assert_int_equal(ans.status, 200);
		assert_true(ans.len > 0);
		rest_answer_clear(&ans);
	}
}

/* What is compiled in is what lies in docs/ (tools/embed) */
static void test_docs_are_up_to_date(void **state)
{
	const char *top = g_getenv("BIFRONS_SRCDIR");
	const struct rest_doc_file *doc;

	for (doc = rest_doc_files; doc->name; ++doc) {
		char *path = g_build_filename(top ? top : ".",
					      "transports/rest/docs", doc->name,
					      NULL);
		char *text = NULL;

		if (!g_file_get_contents(path, &text, NULL, NULL))
			print_message("not there: %s\n", path);
		else
			assert_string_equal(text, doc->text);
		g_free(text);
		g_free(path);
	}
}

static void test_metrics(void **state)
{
	const struct rest_gauges gauges = {.connections = 3, .timeouts = 2};
	struct rest_metrics *metrics = rest_metrics_new();
	GString *out = g_string_new(NULL);

	rest_metrics_count(metrics, route("GET", "/v1/flows/1"), 404, 700);
	rest_metrics_count(metrics, NULL, 418, 9000000);
	rest_metrics_text(metrics, out, &gauges);
	assert_non_null(strstr(out->str, "{method=\"GET\",route=\"/v1/flows/"
					 "{id}\",status=\"404\"} 1\n"));
	assert_non_null(strstr(out->str, "{method=\"\",route=\"\",status="
					 "\"0\"} 1\n"));
	assert_non_null(strstr(out->str, "_bucket{le=\"0.0005\"} 0\n"));
	assert_non_null(strstr(out->str, "_bucket{le=\"0.001\"} 1\n"));
	assert_non_null(strstr(out->str, "_bucket{le=\"2.5\"} 1\n"));
	assert_non_null(strstr(out->str, "_bucket{le=\"+Inf\"} 2\n"));
	assert_non_null(strstr(out->str, "_seconds_sum 9.000700\n"));
	assert_non_null(strstr(out->str, "bifrons_rest_connections 3\n"));
	assert_non_null(strstr(out->str, "bifrons_rest_timeouts_total 2\n"));
	g_string_free(out, TRUE);
	rest_metrics_free(metrics);
}

/* 0 stands for what we never send */
static void test_metrics_know_what_is_sent(void **state)
{
	static const int sent[] = {200, 201, 204, 206, 304, 406, 416, 507};
	struct rest_metrics *metrics = rest_metrics_new();
	const struct rest_gauges gauges = {0};
	GString *out = g_string_new(NULL);
	size_t i;

	for (i = 0; i < G_N_ELEMENTS(sent); ++i)
		rest_metrics_count(metrics, NULL, sent[i], 100);
	rest_metrics_text(metrics, out, &gauges);
	for (i = 0; i < G_N_ELEMENTS(sent); ++i) {
		char *line = g_strdup_printf("status=\"%d\"} 1\n", sent[i]);

		assert_non_null(strstr(out->str, line));
		g_free(line);
	}
	assert_null(strstr(out->str, "status=\"0\""));
	g_string_free(out, TRUE);
	rest_metrics_free(metrics);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_problem),
		cmocka_unit_test(test_long_detail),
		cmocka_unit_test(test_replies),
		cmocka_unit_test(test_envelope),
		cmocka_unit_test(test_transactions),
		cmocka_unit_test(test_pages),
		cmocka_unit_test(test_docs_are_up_to_date),
		cmocka_unit_test(test_metrics),
		cmocka_unit_test(test_metrics_know_what_is_sent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
