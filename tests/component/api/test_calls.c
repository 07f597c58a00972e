/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Live calls through the API: get, hang up, suspend their account */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <glib.h>
#include <string.h>
#include <unistd.h>

#include "call/call.h"
#include "common/json.h"
#include "common/str.h"
#include "loop/loop.h"
#include "support/api_rig.h"
#include "support/leg_still.h"

#define UNKNOWN "01900000-0000-7000-8000-000000000000"

static struct api_rig rig;

static int setup(void **state)
{
	memset(&rig, 0, sizeof(rig));
	api_rig_open(&rig);

	return 0;
}

static int teardown(void **state)
{
	api_rig_close(&rig);

	return 0;
}

/* ---- a leg that rings for ever; thread: loop ---- */

struct fake_leg {
	struct leg leg; /* first */
	struct timer timer;
	unsigned hangups;
	bool closed;
	struct leg_end end;
};

/* they outlive a test whose call is still closing */
static struct fake_leg fake, mine;

static void fake_closed(void *arg)
{
	struct fake_leg *leg = arg;

	leg->closed = true;
	leg->leg.handler->closed(leg->leg.arg);
}

static int fake_hangup(struct leg *leg, const struct leg_end *end)
{
	struct fake_leg *self = (struct fake_leg *)leg;

	if (self->hangups++)
		return 0;
	self->end = *end;
	timer_start(loop_timers(rig.loop), &self->timer, 0, "fake_closed",
		    fake_closed, self);

	return end->sip_code ? end->sip_code : 480;
}

static char *fake_describe(const struct leg *leg)
{
	return g_strdup("{}");
}

static const struct leg_ops fake_ops = {
	.endpoint = "sip",
	.ring = leg_still_ok,
	.progress = leg_still_ok,
	.answer = leg_still_ok,
	.hangup = fake_hangup,
	.describe = fake_describe,
	.unref = leg_still_unref,
};

struct incoming {
	struct fake_leg *leg;
	const char *account_id, *flow_id;
	enum call_refusal refusal;
};

static void take(void *arg) /* Thread: loop */
{
	struct incoming *run = arg;
	const struct leg_incoming in = {
		.leg = &run->leg->leg,
		.account_id = run->account_id,
		.flow_id = run->flow_id,
		.source = "+4511111111",
		.source_type = "tel",
		.destination = "+4522222222",
		.destination_type = "tel",
	};

	run->leg->leg.ops = &fake_ops;
	run->refusal = call_incoming(rig.calls, &in);
}

static json_t *ask(const char *account, const char *verb, const char *id,
		   json_t *body)
{
	const struct api_ask a = {
		.verb = verb, .account_id = account, .id = id, .body = body};

	return api_rig_ask(&rig, &a);
}

/** Let a call come to a flow that waits. @return Its id, g_free() */
static char *ring(const char *account, struct fake_leg *leg)
{
	struct incoming run = {.leg = leg};
	json_t *flow, *list = NULL, *call = NULL;
	char *id;

	memset(leg, 0, sizeof(*leg));
	flow = api_rig_make(&rig, "flows.create", account,
			    json_pack("{s:s, s:[{s:s, s:{s:i}}]}", "name",
				      "wait", "actions", "type", "sleep",
				      "option", "duration_ms", 60000));
	run.account_id = account ? account : rig.account_id;
	run.flow_id = json_str(flow, "id", "");
	api_rig_on_loop(&rig, take, &run);
	assert_int_equal(run.refusal, CALL_TAKEN);
	json_decref(flow);

	/* its record comes with the next commit */
	while (!call) {
		json_decref(list);
		list = api_rig_ok(ask(account, "calls.list", NULL, NULL));
		call = json_array_get(json_object_get(list, "result"), 0);
	}
	id = g_strdup(json_str(call, "id", ""));
	json_decref(list);

	return id;
}

static void is_closed(void *arg) /* Thread: loop */
{
	bool *closedp = arg;

	*closedp = (!fake.hangups || fake.closed) &&
		   (!mine.hangups || mine.closed);
}

/** Wait for the end to be stored and the legs to be closed. @return The call */
static json_t *ended(const char *account, const char *id)
{
	json_t *call = NULL;
	bool closed = false;

	do {
		json_decref(call);
		call = api_rig_ok(ask(account, "calls.get", id, NULL));
	} while (!str_eq(json_str(call, "status", ""), "ended"));
	while (!closed)
		api_rig_on_loop(&rig, is_closed, &closed);

	return call;
}

static void test_hang_up(void **state)
{
	char *id = ring(NULL, &fake);
	const struct api_ask hangup = {
		.verb = "calls.hangup",
		.id = id,
		.request_id = "req-7",
		.body = json_pack("{s:s, s:i}", "reason", "busy", "sip_code",
				  486),
	};
	json_t *call = api_rig_ok(ask(NULL, "calls.get", id, NULL));
	const json_t *how;

	assert_string_not_equal(json_str(call, "status", ""), "ended");
	json_decref(call);

	call = api_rig_ok(api_rig_ask(&rig, &hangup));
	assert_string_equal(json_str(call, "id", ""), id);
	json_decref(call);

	call = ended(NULL, id);
	how = json_object_get(call, "hangup");
	assert_string_equal(json_str(how, "by", ""), "local");
	assert_string_equal(json_str(how, "reason", ""), "busy");
	json_decref(call);
	assert_int_equal(fake.hangups, 1);
	assert_int_equal(fake.end.sip_code, 486);

	assert_string_equal(api_rig_code(ask(NULL, "calls.hangup", id, NULL)),
			    "call_ended");

	/* the loop knows of it before its event is committed */
	while (!api_rig_count(&rig, "SELECT count(*) FROM event WHERE"
				    " type = 'call.ended' AND doc"
				    " LIKE '%req-7%'"))
		;
	g_free(id);
}

static void test_a_retried_hangup_gets_the_first_answer(void **state)
{
	char *id = ring(NULL, &fake);
	struct api_ask hangup = {
		.verb = "calls.hangup", .id = id, .idem_key = "h1"};
	json_t *again;

	json_decref(api_rig_ok(api_rig_ask(&rig, &hangup)));
	json_decref(ended(NULL, id));
	again = api_rig_ask(&rig, &hangup);
	assert_true(json_flag(again, "replayed", false));
	json_decref(api_rig_ok(again));
	g_free(id);
}

static void test_hang_up_what_is_not_there(void **state)
{
	char *id = ring(NULL, &fake), *pointers;
	json_t *other = api_rig_make(&rig, "accounts.create", NULL,
				     json_pack("{s:s}", "name", "other"));

	assert_string_equal(
		api_rig_code(ask(NULL, "calls.hangup", UNKNOWN, NULL)),
		"call_not_found");
	assert_string_equal(api_rig_code(ask(json_str(other, "id", ""),
					     "calls.hangup", id, NULL)),
			    "call_not_found");
	assert_string_equal(api_rig_code(ask(json_str(other, "id", ""),
					     "calls.get", id, NULL)),
			    "call_not_found");
	pointers = api_rig_pointers(ask(
		NULL, "calls.hangup", id,
		json_pack("{s:s, s:i}", "reason", "tired", "sip_code", 200)));
	assert_string_equal(pointers, "/reason /sip_code");
	g_free(pointers);
	assert_int_equal(fake.hangups, 0);

	json_decref(api_rig_ok(ask(NULL, "calls.hangup", id, NULL)));
	json_decref(ended(NULL, id));
	json_decref(other);
	g_free(id);
}

static void test_suspending_ends_calls(void **state)
{
	json_t *other = api_rig_make(&rig, "accounts.create", NULL,
				     json_pack("{s:s}", "name", "other"));
	const char *account = json_str(other, "id", "");
	char *id = ring(account, &fake), *my_id = ring(NULL, &mine);
	struct incoming run = {.leg = &fake};
	json_t *call;

	assert_string_equal(
		api_rig_code(ask(NULL, "accounts.delete", account, NULL)),
		"in_use");
	json_decref(api_rig_ok(ask(NULL, "accounts.patch", account,
				   json_pack("{s:s}", "status", "suspended"))));
	call = ended(account, id);
	assert_string_equal(
		json_str(json_object_get(call, "hangup"), "code", ""),
		"account_suspended");
	assert_int_equal(fake.hangups, 1);
	assert_int_equal(mine.hangups, 0);

	/* and new ones are refused */
	run.account_id = account;
	run.flow_id = json_str(call, "flow_id", "");
	api_rig_on_loop(&rig, take, &run);
	assert_int_equal(run.refusal, CALL_REFUSED_ACCOUNT);
	json_decref(call);

	json_decref(api_rig_ok(ask(NULL, "calls.hangup", my_id, NULL)));
	json_decref(ended(NULL, my_id));
	json_decref(other);
	g_free(id);
	g_free(my_id);
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_hang_up),
		TEST(test_a_retried_hangup_gets_the_first_answer),
		TEST(test_hang_up_what_is_not_there),
		TEST(test_suspending_ends_calls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
