/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Flows are kept in memory: how much of it an account may have */
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
	rig.flow_quota_bytes = 128 * 1024;
	api_rig_open(&rig);

	return 0;
}

static int teardown(void **state)
{
	api_rig_close(&rig);

	return 0;
}

static json_t *body(void)
{
	char *text = g_strnfill(40000, 'x');
	json_t *flow = json_pack("{s:s, s:[{s:s, s:{s:s, s:s}}]}", "name",
				 "long", "actions", "type", "variable_set",
				 "option", "key", "v", "value", text);

	g_free(text);

	return flow;
}

/** @return Its id, g_free() it */
static char *make(const char *account_id)
{
	json_t *flow = api_rig_make(&rig, "flows.create", account_id, body());
	char *id = g_strdup(json_str(flow, "id", ""));

	json_decref(flow);

	return id;
}

static json_t *ask(const char *verb, const char *id, json_t *flow)
{
	const struct api_ask a = {.verb = verb, .id = id, .body = flow};

	return api_rig_ask(&rig, &a);
}

static void expect_refusal(json_t *reply)
{
	assert_string_equal(api_rig_code(reply), "flow_quota");
}

static void expect_ok(json_t *reply)
{
	json_decref(api_rig_ok(reply));
}

/* Four of 40 kB are too much */
static void test_flows_have_a_quota(void **state)
{
	char *id = NULL, *other;
	json_t *reply, *account;
	int i;

	for (i = 0; i < 3; ++i) {
		g_free(id);
		id = make(NULL);
	}
	reply = ask("flows.create", NULL, body());
	assert_non_null(
		strstr(json_str(json_object_get(reply, "error"), "detail", ""),
		       " of 131072 bytes are used by other flows"));
	expect_refusal(reply);
	assert_int_equal(api_rig_count(&rig, "SELECT COUNT(*) FROM flow"), 3);

	/* another account has its own */
	account = api_rig_make(&rig, "accounts.create", NULL,
			       json_pack("{s:s}", "name", "other"));
	other = make(json_str(account, "id", ""));
	json_decref(account);
	g_free(other);

	/* who has no room may still change what he has */
	expect_ok(ask("flows.patch", id, json_pack("{s:s}", "name", "b")));
	expect_ok(ask("flows.patch", id, json_pack("{s:[]}", "actions")));
	other = make(NULL);

	/* but not get around it by that */
	expect_refusal(ask("flows.patch", id, body()));
	expect_ok(ask("flows.delete", other, NULL));
	expect_ok(ask("flows.patch", id, body()));
	g_free(other);
	g_free(id);

	/* and the sum is the same after a restart */
	api_rig_restart(&rig);
	expect_refusal(ask("flows.create", NULL, body()));
}

/* The shortest actions take memory too: 512 bytes are counted for each */
static void test_short_actions_count(void **state)
{
	json_t *actions = json_array(), *flow;
	int i;

	for (i = 0; i < 100; ++i)
		json_array_append_new(actions,
				      json_pack("{s:s}", "type", "stop"));
	flow = json_pack("{s:s, s:o}", "name", "short", "actions", actions);
	expect_ok(ask("flows.create", NULL, json_deep_copy(flow)));
	expect_ok(ask("flows.create", NULL, json_deep_copy(flow)));
	expect_refusal(ask("flows.create", NULL, flow));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_flows_have_a_quota, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_short_actions_count, setup,
						teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
