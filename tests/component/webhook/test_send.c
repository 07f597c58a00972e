/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What an endpoint gets: which events, how they are signed, and from where it
 * may be reached
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <glib.h>
#include <string.h>

#include "common/clock.h"
#include "common/json.h"
#include "common/webhook_sign.h"
#include "support/hook_rig.h"
#include "support/http_peer.h"

#define OTHER_SECRET "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX"

struct fix {
	struct hook_rig rig;
	struct hpeer *peer;
	char *url;
};

static void listen_with(struct fix *fix, const struct hpeer_params *prm)
{
	fix->peer = hpeer_open(prm);
	fix->url = hpeer_url(fix->peer, "/hook?a=b");
}

static int setup(void **state)
{
	static const struct hpeer_params prm = {.handler = NULL};
	struct fix *fix = g_new0(struct fix, 1);

	hook_rig_open(&fix->rig);
	listen_with(fix, &prm);
	*state = fix;

	return 0;
}

static int teardown(void **state)
{
	struct fix *fix = *state;

	hook_rig_close(&fix->rig);
	hpeer_close(fix->peer);
	g_free(fix->url);
	g_free(fix);

	return 0;
}

static void add(struct fix *fix, const char *events, char id[ID_SIZE])
{
	const struct hook_endpoint ep = {.url = fix->url, .events = events};

	hook_rig_endpoint(&fix->rig, &ep, id);
}

/* All that is to be sent has been */
static void wait_delivered(struct fix *fix, unsigned n)
{
	char *sql = g_strdup_printf("SELECT count(*) = %u FROM delivery"
				    " WHERE status = 'delivered'",
				    n);

	hook_rig_wait(&fix->rig, 1, sql);
	g_free(sql);
}

static void expect_field(const struct hpeer_request *req, const char *name,
			 const char *want)
{
	char *value = hpeer_field(req, name);

	assert_non_null(value);
	assert_string_equal(value, want);
	g_free(value);
}

/** What the endpoint computes; g_free() it */
static char *signature(const struct hpeer_request *req, const char *secret)
{
	char *id = hpeer_field(req, "webhook-id");
	char *at = hpeer_field(req, "webhook-timestamp");
	const struct webhook_message msg = {
		.id = id,
		.timestamp_s = g_ascii_strtoll(at, NULL, 10),
		.body = req->body,
		.body_len = req->body_len,
	};
	char *out = webhook_sign(secret, &msg);

	g_free(id);
	g_free(at);

	return out;
}

static void expect_signed(const struct hpeer_request *req, const char *secret,
			  const char *also)
{
	char *want = signature(req, secret);

	if (also) {
		char *second = signature(req, also);
		char *both = g_strconcat(want, " ", second, NULL);

		g_free(want);
		g_free(second);
		want = both;
	}
	expect_field(req, "webhook-signature", want);
	g_free(want);
}

static void test_an_event_arrives_signed(void **state)
{
	struct fix *fix = *state;
	const struct hook_event ev = {
		.type = "call.ended", .call_id = "c", .sequence = 7};
	const struct hpeer_request *req;
	char id[ID_SIZE], hook[ID_SIZE];
	json_t *log, *entry;
	char *text;
	int64_t row;

	add(fix, NULL, hook);
	hook_rig_start(&fix->rig);
	row = hook_rig_event(&fix->rig, &ev, id);
	courier_ring(fix->rig.courier, row);

	req = hpeer_wait(fix->peer, 1);
	assert_string_equal(req->method, "POST");
	assert_string_equal(req->target, "/hook?a=b");
	expect_field(req, "webhook-id", id);
	expect_field(req, "content-type", "application/json");
	expect_signed(req, HOOK_RIG_SECRET, NULL);
	assert_false(hpeer_has(req, "expect"));
	text = hpeer_field(req, "user-agent");
	assert_true(g_str_has_prefix(text, "Bifrons/"));
	g_free(text);

	/* the document, byte for byte */
	text = hook_rig_text(&fix->rig, "SELECT doc FROM event WHERE id = %Q",
			     id);
	assert_string_equal(req->body, text);
	g_free(text);

	wait_delivered(fix, 1);
	text = hook_rig_text(&fix->rig, "SELECT log FROM delivery");
	log = json_loads(text, 0, NULL);
	g_free(text);
	entry = json_array_get(log, 0);
	assert_int_equal(json_array_size(log), 1);
	assert_int_equal(json_int(entry, "status_code", 0), 200);
	assert_true(json_int(entry, "latency_ms", -1) >= 0);
	assert_true(json_is_null(json_object_get(entry, "error")));
	assert_int_equal(strlen(json_str(entry, "at", "")), 24);
	json_decref(log);
	assert_int_equal(hook_rig_number(&fix->rig,
					 "SELECT attempts = 1 AND next_at IS"
					 " NULL AND ended_at >= created_at AND"
					 " webhook_id = %Q AND event_id = %Q"
					 " AND call_id = 'c' FROM delivery",
					 hook, id),
			 1);
}

static void test_each_gets_what_it_asked_for(void **state)
{
	struct fix *fix = *state;
	char all[ID_SIZE], quiet[ID_SIZE], calls[ID_SIZE], one[ID_SIZE];

	add(fix, "[\"*\"]", all);
	add(fix, NULL, quiet);
	add(fix, "[\"call.*\", \"call.dtmf\"]", calls);
	add(fix, "[\"flow.error\"]", one);
	hook_rig_start(&fix->rig);
	hook_rig_tell(&fix->rig, "call.created", "c", 1);
	hook_rig_tell(&fix->rig, "call.dtmf", "c", 2);
	hook_rig_tell(&fix->rig, "flow.error", "c", 3);
	hook_rig_tell(&fix->rig, "flow.action", "c", 4);
	/* of a version to come */
	hook_rig_tell(&fix->rig, "room.opened", NULL, 1);

	wait_delivered(fix, 5 + 3 + 2 + 1);
#define COUNT(id)                                                              \
	hook_rig_number(&fix->rig,                                             \
			"SELECT count(*) FROM delivery WHERE webhook_id = %Q", \
			(id))
	assert_int_equal(COUNT(all), 5);
	assert_int_equal(COUNT(quiet), 3);
	assert_int_equal(COUNT(calls), 2);
	assert_int_equal(COUNT(one), 1);
	assert_int_equal(hpeer_count(fix->peer), 11);
}

static void test_nobody_else_gets_it(void **state)
{
	struct fix *fix = *state;
	struct hook_endpoint ep = {.url = fix->url, .events = "[\"*\"]"};
	char id[ID_SIZE];

	add(fix, "[\"*\"]", id);
	ep.disabled = true;
	hook_rig_endpoint(&fix->rig, &ep, id);
	ep.disabled = false;
	ep.account_id = "another";
	hook_rig_sql(&fix->rig, "INSERT INTO account (id, name, status,"
				" created_at, doc) VALUES ('another', 'a',"
				" 'active', 1, '{}')");
	hook_rig_endpoint(&fix->rig, &ep, id);
	ep.account_id = NULL;
	ep.call_id = "another call";
	hook_rig_endpoint(&fix->rig, &ep, id);

	hook_rig_start(&fix->rig);
	hook_rig_tell(&fix->rig, "call.created", "c", 1);
	wait_delivered(fix, 1);
	assert_int_equal(
		hook_rig_number(&fix->rig, "SELECT count(*) FROM delivery"), 1);
}

static void test_a_test_event_is_for_one(void **state)
{
	struct fix *fix = *state;
	char one[ID_SIZE], all[ID_SIZE];
	struct hook_event ev = {.type = "webhook.test", .resource_id = one};

	add(fix, "[\"call.ended\"]", one);
	add(fix, "[\"*\"]", all);
	hook_rig_start(&fix->rig);
	courier_ring(fix->rig.courier, hook_rig_event(&fix->rig, &ev, NULL));
	hook_rig_tell(&fix->rig, "call.created", "c", 1);

	wait_delivered(fix, 2);
	assert_int_equal(hook_rig_number(&fix->rig,
					 "SELECT count(*) FROM delivery WHERE"
					 " webhook_id = %Q AND"
					 " event_type = 'webhook.test'",
					 one),
			 1);
	assert_int_equal(hook_rig_number(&fix->rig,
					 "SELECT count(*) FROM delivery WHERE"
					 " webhook_id = %Q AND"
					 " event_type = 'call.created'",
					 all),
			 1);
}

/* Made with the call, in the transaction of its first event */
static void test_the_endpoint_of_a_call(void **state)
{
	struct fix *fix = *state;
	const struct hook_endpoint ep = {.url = fix->url, .call_id = "c"};
	char id[ID_SIZE];

	hook_rig_start(&fix->rig);
	hook_rig_endpoint(&fix->rig, &ep, id);
	hook_rig_tell(&fix->rig, "call.created", "c", 1);
	hook_rig_tell(&fix->rig, "call.dtmf", "c", 2);
	hook_rig_tell(&fix->rig, "call.created", "d", 1);
	hook_rig_tell(&fix->rig, "call.ended", "c", 3);

	wait_delivered(fix, 2);
	assert_int_equal(hpeer_count(fix->peer), 2);
	expect_signed(hpeer_request(fix->peer, 0), HOOK_RIG_ACCOUNT_SECRET,
		      NULL);
	assert_non_null(
		strstr(hpeer_request(fix->peer, 1)->body, "call.ended"));
}

static void test_endpoints_come_change_and_go(void **state)
{
	struct fix *fix = *state;
	char a[ID_SIZE], b[ID_SIZE];

	/* before there was one */
	hook_rig_start(&fix->rig);
	hook_rig_tell(&fix->rig, "call.created", "c", 1);
	hook_rig_wait_row(&fix->rig, 1);
	add(fix, NULL, a);
	hook_rig_tell(&fix->rig, "call.created", "d", 1);
	wait_delivered(fix, 1);

	hook_rig_sql(&fix->rig,
		     "UPDATE webhook SET doc = json_set(doc, '$.events',"
		     " json('[\"call.ended\"]')) WHERE id = %Q",
		     a);
	hook_rig_changed(&fix->rig);
	hook_rig_tell(&fix->rig, "call.created", "e", 1);
	hook_rig_tell(&fix->rig, "call.ended", "e", 2);
	wait_delivered(fix, 2);

	hook_rig_sql(&fix->rig, "DELETE FROM webhook WHERE id = %Q", a);
	hook_rig_changed(&fix->rig);
	add(fix, NULL, b);
	hook_rig_tell(&fix->rig, "call.ended", "f", 1);
	wait_delivered(fix, 3);
	assert_int_equal(
		hook_rig_number(&fix->rig, "SELECT count(*) FROM delivery"), 3);
	assert_int_equal(COUNT(b), 1);
}

static void test_two_secrets_sign_while_they_change(void **state)
{
	struct fix *fix = *state;
	struct hook_endpoint ep = {.url = fix->url,
				   .previous_secret = OTHER_SECRET};
	char until[CLOCK_RFC3339_SIZE], id[ID_SIZE];

	clock_rfc3339(until, sizeof(until),
		      clock_wall_ms(clock_system()) + 60000);
	ep.previous_until = until;
	hook_rig_endpoint(&fix->rig, &ep, id);
	hook_rig_start(&fix->rig);
	hook_rig_tell(&fix->rig, "call.created", "c", 1);
	expect_signed(hpeer_wait(fix->peer, 1), HOOK_RIG_SECRET, OTHER_SECRET);

	hook_rig_advance(&fix->rig, 60000);
	hook_rig_tell(&fix->rig, "call.ended", "c", 2);
	expect_signed(hpeer_wait(fix->peer, 2), HOOK_RIG_SECRET, NULL);
}

/* ---- Where it may go ---- */

static char *first_error(struct fix *fix)
{
	hook_rig_wait(&fix->rig, 1,
		      "SELECT count(*) FROM delivery WHERE attempts = 1");

	return hook_rig_text(&fix->rig, "SELECT json_extract(log, '$[0].error')"
					" FROM delivery");
}

static void expect_error(struct fix *fix, const char *part)
{
	char *error = first_error(fix);

	assert_non_null(error);
	if (!strstr(error, part))
		fail_msg("\"%s\" says nothing of \"%s\"", error, part);
	g_free(error);
	assert_int_equal(hook_rig_number(&fix->rig,
					 "SELECT status = 'pending' AND"
					 " next_at > created_at FROM delivery"),
			 1);
}

static void test_private_addresses_are_refused(void **state)
{
	struct fix *fix = *state;
	struct hook_endpoint ep = {.url = fix->url};
	char id[ID_SIZE];

	fix->rig.prm.allow_private = false;
	hook_rig_endpoint(&fix->rig, &ep, id);
	hook_rig_start(&fix->rig);
	hook_rig_tell(&fix->rig, "call.created", "c", 1);
	expect_error(fix, "forbidden address");
	assert_int_equal(hpeer_connections(fix->peer), 0);
}

/* It is the address that counts, not how it is written */
static void test_a_name_that_leads_inside_is_refused(void **state)
{
	struct fix *fix = *state;
	char *url =
		g_strdup_printf("http://localhost:%u/", hpeer_port(fix->peer));
	struct hook_endpoint ep = {.url = url};
	char id[ID_SIZE];

	fix->rig.prm.allow_private = false;
	hook_rig_endpoint(&fix->rig, &ep, id);
	hook_rig_start(&fix->rig);
	hook_rig_tell(&fix->rig, "call.created", "c", 1);
	expect_error(fix, "forbidden address");
	assert_int_equal(hpeer_connections(fix->peer), 0);
	g_free(url);
}

static void test_a_proxy_of_the_environment_is_not_asked(void **state)
{
	struct fix *fix = *state;
	char id[ID_SIZE];

	assert_true(g_setenv("http_proxy", "http://127.0.0.1:1/", TRUE));
	assert_true(g_setenv("ALL_PROXY", "http://127.0.0.1:1/", TRUE));
	add(fix, NULL, id);
	hook_rig_start(&fix->rig);
	hook_rig_tell(&fix->rig, "call.created", "c", 1);
	wait_delivered(fix, 1);
	g_unsetenv("http_proxy");
	g_unsetenv("ALL_PROXY");
}

static void test_certificates_are_verified(void **state)
{
	static const struct hpeer_params prm = {.tls = true};
	struct fix *fix = *state;
	char id[ID_SIZE];

	g_free(fix->url);
	hpeer_close(fix->peer);
	listen_with(fix, &prm);
	add(fix, NULL, id);
	hook_rig_start(&fix->rig);
	hook_rig_tell(&fix->rig, "call.created", "c", 1);
	expect_error(fix, "certificate");
	assert_int_equal(hpeer_count(fix->peer), 0);
	hook_rig_stop(&fix->rig);

	fix->rig.prm.ca_file = hpeer_ca_file(fix->peer);
	hook_rig_start(&fix->rig);
	hook_rig_tell(&fix->rig, "call.created", "d", 1);
	wait_delivered(fix, 1);
}

static void test_without_its_secret_nothing_is_sent(void **state)
{
	struct fix *fix = *state;
	char id[ID_SIZE];

	add(fix, NULL, id);
	hook_rig_sql(&fix->rig,
		     "UPDATE webhook SET doc = json_set(doc, '$.id', 'x',"
		     " '$._sealed.secret', 'v1:AAAA')");
	hook_rig_start(&fix->rig);
	hook_rig_tell(&fix->rig, "call.created", "c", 1);
	expect_error(fix, "secret");
	assert_int_equal(hpeer_connections(fix->peer), 0);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_an_event_arrives_signed),
		TEST(test_each_gets_what_it_asked_for),
		TEST(test_nobody_else_gets_it),
		TEST(test_a_test_event_is_for_one),
		TEST(test_the_endpoint_of_a_call),
		TEST(test_endpoints_come_change_and_go),
		TEST(test_two_secrets_sign_while_they_change),
		TEST(test_private_addresses_are_refused),
		TEST(test_a_name_that_leads_inside_is_refused),
		TEST(test_a_proxy_of_the_environment_is_not_asked),
		TEST(test_certificates_are_verified),
		TEST(test_without_its_secret_nothing_is_sent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
