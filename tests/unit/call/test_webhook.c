/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The endpoint that a number gives each of its calls */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/json.h"
#include "directory/directory.h"
#include "support/call_fake.h"
#include "support/flow_fake.h"

#define NUMBER "01890000-0000-7000-8000-000000000009"

static struct call_fake fake;

/** @param webhook  The number's, with ' for " */
static void start(const char *webhook, const char *account)
{
	json_t *doc;

	call_fake_setup(&fake, "[{'type':'answer'}]", account, NULL, 0);
	doc = json_pack("{s:s, s:s, s:s, s:s, s:o}", "id", NUMBER, "account_id",
			CALL_FAKE_ACCOUNT, "number", "+4522222222", "flow_id",
			CALL_FAKE_FLOW, "webhook", flow_fake_json(webhook));
	directory_apply(fake.dir, DIR_NUMBER, doc);
	json_decref(doc);
	fake.number_id = NUMBER;
}

static void finish(struct call_fake_leg *leg)
{
	call_fake_bye(leg);
	call_fake_closed(leg);
	call_fake_teardown(&fake);
}

static void test_it_comes_with_call_created(void **state)
{
	struct call_fake_leg leg;
	const json_t *row, *doc, *created;

	start("{'url':'https://sink.test/','events':['call.ended']}", NULL);
	call_fake_call(&fake, &leg);
	created = call_fake_event(&fake, "call.created");

	assert_int_equal(json_array_size(fake.webhooks), 1);
	row = json_array_get(fake.webhooks, 0);
	doc = json_object_get(row, "doc");
	assert_string_equal(json_str(row, "call_id", ""),
			    json_str(created, "id", "?"));
	/* in the first transaction: that of call.created */
	assert_int_equal(json_int(row, "at", -1), 0);
	assert_true(id_is_valid(json_str(row, "id", "")));
	assert_string_equal(json_str(doc, "id", ""), json_str(row, "id", "?"));
	assert_string_equal(json_str(doc, "call_id", ""),
			    json_str(created, "id", "?"));
	assert_string_equal(json_str(doc, "url", ""), "https://sink.test/");
	assert_string_equal(json_string_value(json_array_get(
				    json_object_get(doc, "events"), 0)),
			    "call.ended");
	assert_true(json_flag(doc, "enabled", false));
	finish(&leg);
}

static void test_no_filter_is_null(void **state)
{
	struct call_fake_leg leg;
	const json_t *doc;

	start("{'url':'https://sink.test/','events':null}", NULL);
	call_fake_call(&fake, &leg);
	doc = json_object_get(json_array_get(fake.webhooks, 0), "doc");
	assert_true(json_is_null(json_object_get(doc, "events")));
	finish(&leg);
}

/** Its call.created and call.ended are told as well */
static void test_a_refused_call_has_one(void **state)
{
	struct call_fake_leg leg;

	start("{'url':'https://sink.test/'}", "{'status':'suspended'}");
	assert_int_equal(call_fake_invite(&fake, &leg), CALL_REFUSED_ACCOUNT);
	assert_int_equal(json_array_size(fake.webhooks), 1);
	call_fake_teardown(&fake);
}

static void test_most_numbers_have_none(void **state)
{
	struct call_fake_leg leg;

	start("null", NULL);
	call_fake_call(&fake, &leg);
	assert_int_equal(json_array_size(fake.webhooks), 0);
	finish(&leg);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_it_comes_with_call_created),
		cmocka_unit_test(test_no_filter_is_null),
		cmocka_unit_test(test_a_refused_call_has_one),
		cmocka_unit_test(test_most_numbers_have_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
