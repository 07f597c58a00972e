/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "support/flow_fake.h"

#define SLEEP "{'type':'sleep','option':{'duration_ms':1000}}"
#define SEND(rest)                                                             \
	"[{'type':'webhook_send','option':{'uri':'http://a.test/x'" rest       \
	"}}," SLEEP "]"
#define SYNC(rest) SEND(",'sync':true" rest)

static void start(struct flow_fake *fake, const char *text)
{
	assert_int_equal(flow_fake_setup(fake, text), 0);
	flow_fake_start(fake);
}

static void test_nobody_waits(void **state)
{
	struct flow_fake fake;

	(void)state;
	start(&fake, SEND(",'data':'hello ${call.source}'"));
	assert_string_equal(fake.http, "POST http://a.test/x");
	assert_string_equal(fake.http_body, "hello +4520123456");
	assert_string_equal(fake.http_type, "text/plain; charset=utf-8");
	assert_true(fake.http_signed);
	assert_false(fake.http_waits);
	assert_string_equal(fake.trace->str, "webhook_send sleep");
	flow_run_cancel(fake.run);
	assert_int_equal(fake.http_cancels, 0);
	flow_fake_teardown(&fake);
}

static void test_data(void **state)
{
	struct flow_fake fake;

	(void)state;
	start(&fake, SEND(",'data':{'a':['${call.source}',1,null]}"));
	assert_string_equal(fake.http_body, "{\"a\":[\"+4520123456\",1,null]}");
	assert_string_equal(fake.http_type, "application/json");
	flow_fake_teardown(&fake);

	/* a text that is JSON is JSON */
	start(&fake, SEND(",'data':'{}','method':'PUT',"
			  "'headers':{'X-A':'b'}"));
	assert_string_equal(fake.http, "PUT http://a.test/x");
	assert_string_equal(fake.http_type, "application/json");
	assert_string_equal(fake.http_headers, "{\"X-A\":\"b\"}");
	flow_fake_teardown(&fake);

	start(&fake, SEND(",'data':'x','method':'GET'"));
	assert_string_equal(fake.http, "GET http://a.test/x");
	assert_null(fake.http_body);
	assert_null(fake.http_type);
	flow_fake_teardown(&fake);

	start(&fake, SEND(",'method':'DELETE'"));
	assert_null(fake.http_body);
	flow_fake_teardown(&fake);
}

static void test_answer_in_variables(void **state)
{
	struct flow_fake fake;

	(void)state;
	start(&fake, SYNC(""));
	assert_true(fake.http_waits);
	assert_string_equal(fake.trace->str, "webhook_send");
	flow_fake_http(&fake, 200,
		       "{'name':'Anna','open':true,'n':-7,'f':0.5,'no':null,"
		       "'a b':'x','list':[{'id':1},{'id':2}]}");
	assert_string_equal(flow_fake_var(&fake, "response.status"), "200");
	assert_string_equal(flow_fake_var(&fake, "response.body.name"), "Anna");
	assert_string_equal(flow_fake_var(&fake, "response.body.open"), "true");
	assert_string_equal(flow_fake_var(&fake, "response.body.n"), "-7");
	assert_string_equal(flow_fake_var(&fake, "response.body.f"), "0.5");
	assert_string_equal(flow_fake_var(&fake, "response.body.list.1.id"),
			    "2");
	assert_null(flow_vars_get(fake.vars, "response.body.no", NULL));
	assert_null(flow_vars_get(fake.vars, "response.body", NULL));
	assert_string_equal(fake.trace->str, "webhook_send sleep");
	flow_fake_teardown(&fake);

	start(&fake, SYNC("")); /* after a byte order mark */
	flow_fake_http(&fake, 200, "\xef\xbb\xbf{'name':'Anna'}");
	assert_string_equal(flow_fake_var(&fake, "response.body.name"), "Anna");
	flow_fake_teardown(&fake);
}

static void test_text_and_other_answers(void **state)
{
	static const struct {
		int status;
		const char *body, *text;
	} answers[] = {
		{200, "hello", "hello"},
		{404, "<html>no", "<html>no"},
		{500, "{'cut':", "{\"cut\":"},
		{204, NULL, ""},
		{200, "\xe9t\xe9", "\xef\xbf\xbdt\xef\xbf\xbd"},
	};
	struct flow_fake fake;
	char status[8];
	size_t i;

	(void)state;
	for (i = 0; i < G_N_ELEMENTS(answers); ++i) {
		start(&fake, SYNC(""));
		flow_fake_http(&fake, answers[i].status, answers[i].body);
		g_snprintf(status, sizeof(status), "%d", answers[i].status);
		assert_string_equal(flow_fake_var(&fake, "response.status"),
				    status);
		assert_string_equal(flow_fake_var(&fake, "response.body"),
				    answers[i].text);
		assert_int_equal(fake.errors, 0);
		flow_fake_teardown(&fake);
	}
}

/* What the one before said must not be taken for this one's */
static void test_old_answers_go(void **state)
{
	struct flow_fake fake;

	(void)state;
	start(&fake,
	      "[{'type':'variable_set','option':{'key':'response.body.a',"
	      "'value':'old'}},{'type':'webhook_send','option':{'uri':"
	      "'http://a.test/','sync':true}}," SLEEP "]");
	flow_fake_http_failed(&fake, "timeout");
	assert_string_equal(fake.error_code, "timeout");
	assert_string_equal(fake.error_detail, "a reason");
	assert_null(flow_vars_get(fake.vars, "response.body.a", NULL));
	assert_string_equal(fake.trace->str, "variable_set webhook_send sleep");
	flow_fake_teardown(&fake);
}

static void test_bounds(void **state)
{
	GString *body = g_string_new("[0");
	struct flow_fake fake;
	char *big;
	int i;

	(void)state;
	for (i = 1; i < 1000; ++i)
		g_string_append_printf(body, ",%d", i);
	g_string_append_c(body, ']');
	start(&fake, SYNC(""));
	flow_fake_http(&fake, 200, body->str);
	assert_string_equal(flow_fake_var(&fake, "response.body.99"), "99");
	assert_null(flow_vars_get(fake.vars, "response.body.100", NULL));
	assert_int_equal(fake.errors, 0);
	flow_fake_teardown(&fake);
	g_string_free(body, TRUE);

	big = g_strnfill(60000, 'x');
	start(&fake, SYNC(""));
	flow_fake_http(&fake, 200, big);
	assert_in_range(strlen(flow_fake_var(&fake, "response.body")), 16000,
			16384);
	flow_fake_teardown(&fake);
	g_free(big);

	/* depth, and a member that is too long a name */
	body = g_string_new(NULL);
	for (i = 0; i < 40; ++i)
		g_string_append(body, "[");
	g_string_append(body, "1");
	for (i = 0; i < 40; ++i)
		g_string_append(body, "]");
	start(&fake, SYNC(""));
	flow_fake_http(&fake, 200, body->str);
	assert_string_equal(flow_fake_var(&fake, "response.status"), "200");
	assert_int_equal(fake.errors, 0);
	flow_fake_teardown(&fake);
	g_string_free(body, TRUE);
}

/* What was made from secret digits stays masked */
static void test_secret(void **state)
{
	struct flow_fake fake;
	bool secret = false;

	(void)state;
	assert_int_equal(
		flow_fake_setup(&fake,
				"[{'type':'dtmf_receive','option':{'length':4,"
				"'sensitive':true}},{'type':'webhook_send',"
				"'option':{'uri':'http://a.test/${digits}',"
				"'sync':true}}," SLEEP "]"),
		0);
	fake.answered = true;
	flow_fake_start(&fake);
	flow_fake_digits(&fake, "1234");
	assert_string_equal(fake.http, "POST http://a.test/1234");
	flow_fake_http(&fake, 200, "you typed 1234");
	assert_non_null(flow_vars_get(fake.vars, "response.body", &secret));
	assert_true(secret);
	flow_fake_teardown(&fake);
}

static void test_caller_leaves(void **state)
{
	struct flow_fake fake;

	(void)state;
	start(&fake, SYNC(""));
	flow_run_cancel(fake.run);
	assert_int_equal(fake.http_cancels, 1);
	flow_fake_http(&fake, 200, "late");
	assert_string_equal(flow_fake_var(&fake, "response.status"), "");
	assert_int_equal(fake.ends, 1);
	flow_fake_teardown(&fake);
}

static void test_it_cannot_be_sent(void **state)
{
	struct flow_fake fake;

	(void)state;
	assert_int_equal(flow_fake_setup(&fake, SEND("")), 0);
	fake.http_err = EAGAIN;
	flow_fake_start(&fake);
	assert_string_equal(fake.error_code, "busy");
	flow_fake_teardown(&fake);

	assert_int_equal(flow_fake_setup(&fake, SYNC("")), 0);
	fake.http_err = EINVAL;
	flow_fake_start(&fake);
	assert_string_equal(fake.error_code, "invalid_value");
	flow_fake_teardown(&fake);

	start(&fake, "[{'type':'webhook_send','option':{'uri':"
		     "'${x:-gopher://a.test/}'}}," SLEEP "]");
	assert_string_equal(fake.error_code, "invalid_value");
	assert_int_equal(fake.https, 0);
	flow_fake_teardown(&fake);
}

static void test_refused_when_saved(void **state)
{
	char *faults = flow_fake_faults(
		"[{'type':'webhook_send','option':{'uri':'a.test','method':"
		"'TRACE','sync':1}},{'type':'webhook_send','option':{'uri':"
		"'http://a.test/','headers':{'a b':'x'}}}]");

	(void)state;
	assert_non_null(strstr(faults, "/actions/0/option/uri must be a URL"));
	assert_non_null(strstr(faults, "/actions/0/option/method must be"));
	assert_non_null(strstr(faults, "/actions/0/option/sync must be"));
	assert_non_null(strstr(faults, "/actions/1/option/headers/a b is no"));
	g_free(faults);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nobody_waits),
		cmocka_unit_test(test_data),
		cmocka_unit_test(test_answer_in_variables),
		cmocka_unit_test(test_text_and_other_answers),
		cmocka_unit_test(test_old_answers_go),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_secret),
		cmocka_unit_test(test_caller_leaves),
		cmocka_unit_test(test_it_cannot_be_sent),
		cmocka_unit_test(test_refused_when_saved),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
