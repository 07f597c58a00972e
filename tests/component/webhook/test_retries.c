/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Endpoints that fail in every way, and what becomes of the events. The clock
 * is moved by hand; nothing is waited for that it decides
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <glib.h>
#include <stdatomic.h>
#include <string.h>

#include "common/json.h"
#include "support/hook_rig.h"
#include "support/http_peer.h"

enum {
	NOT_YET = -1, /* a status: it is waited for */
	S = 1000,
	MIN = 60 * S,
	HOUR = 60 * MIN
};

struct fix {
	struct hook_rig rig;
	struct hpeer *peer;
	char *url;
	char id[ID_SIZE]; /* of the endpoint */

	/* what the endpoint does; any thread */
	_Atomic int status;           /* 0 = breaks the connection */
	_Atomic(const char *) fields; /* or NULL */
	_Atomic(hpeer_h *) handler;   /* instead, or NULL */
};

static void on_request(struct hpeer_conn *conn, const struct hpeer_request *req,
		       void *arg)
{
	struct fix *fix = arg;
	hpeer_h *handler = atomic_load(&fix->handler);

	while (atomic_load(&fix->status) == NOT_YET)
		g_usleep(1000);
	if (handler)
		handler(conn, req, fix);
	else if (atomic_load(&fix->status))
		(void)hpeer_answer(conn, atomic_load(&fix->status),
				   atomic_load(&fix->fields), "");
	else
		hpeer_reset(conn);
}

static int setup(void **state)
{
	struct fix *fix = g_new0(struct fix, 1);
	const struct hpeer_params prm = {.handler = on_request, .arg = fix};
	struct hook_endpoint ep = {0};

	fix->status = 200;
	hook_rig_open(&fix->rig);
	fix->peer = hpeer_open(&prm);
	fix->url = hpeer_url(fix->peer, "/");
	ep.url = fix->url;
	hook_rig_endpoint(&fix->rig, &ep, fix->id);
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

/* So many attempts are recorded */
static void wait_attempts(struct fix *fix, unsigned n)
{
	char *sql = g_strdup_printf(
		"SELECT coalesce(sum(attempts), 0) >= %u FROM delivery", n);

	hook_rig_wait(&fix->rig, 1, sql);
	g_free(sql);
}

static char *status_of(struct fix *fix)
{
	return hook_rig_text(&fix->rig, "SELECT status FROM delivery");
}

static void expect_status(struct fix *fix, const char *want)
{
	char *status = status_of(fix);

	assert_string_equal(status, want);
	g_free(status);
}

static json_t *attempt(struct fix *fix, size_t nth)
{
	char *text = hook_rig_text(&fix->rig, "SELECT log FROM delivery");
	json_t *log = json_loads(text, 0, NULL);
	json_t *entry = json_incref(json_array_get(log, nth));

	assert_non_null(entry);
	json_decref(log);
	g_free(text);

	return entry;
}

static void expect_attempt(struct fix *fix, size_t nth, int status,
			   const char *error)
{
	json_t *entry = attempt(fix, nth);
	const char *said = json_str(entry, "error", "");

	assert_int_equal(json_int(entry, "status_code", 0), status);
	if (error && !strstr(said, error))
		fail_msg("\"%s\" says nothing of \"%s\"", said, error);
	if (!error)
		assert_true(json_is_null(json_object_get(entry, "error")));
	json_decref(entry);
}

static void start_with(struct fix *fix, int status)
{
	fix->status = status;
	hook_rig_start(&fix->rig);
	hook_rig_tell(&fix->rig, "call.ended", "c", 1);
}

/** ms from the attempt to the next */
static int64_t delay(struct fix *fix)
{
	return hook_rig_number(&fix->rig,
			       "SELECT next_at - created_at FROM delivery");
}

static void test_comes_again_with_the_same_id(void **state)
{
	struct fix *fix = *state;
	char *a, *b;

	start_with(fix, 500);
	wait_attempts(fix, 1);
	expect_status(fix, "pending");
	expect_attempt(fix, 0, 500, NULL);
	/* a tenth less or more, and what passed before the answer: not the
	 * 5 minutes that come next */
	assert_in_range(delay(fix), 27 * S, 2 * MIN);

	fix->status = 204;
	hook_rig_advance(&fix->rig, HOOK_RIG_TO_RETRY_MS);
	wait_attempts(fix, 2);
	expect_status(fix, "delivered");
	expect_attempt(fix, 1, 204, NULL);

	assert_int_equal(hpeer_count(fix->peer), 2);
	a = hpeer_field(hpeer_request(fix->peer, 0), "webhook-id");
	b = hpeer_field(hpeer_request(fix->peer, 1), "webhook-id");
	assert_string_equal(a, b);
	g_free(a);
	g_free(b);
	/* each attempt is signed for its own time */
	a = hpeer_field(hpeer_request(fix->peer, 0), "webhook-timestamp");
	b = hpeer_field(hpeer_request(fix->peer, 1), "webhook-timestamp");
	assert_string_not_equal(a, b);
	g_free(a);
	g_free(b);
}

static void test_an_endpoint_comes_back_after_an_hour(void **state)
{
	struct fix *fix = *state;
	unsigned i;

	start_with(fix, 0);
	for (i = 2; i <= 20; ++i)
		hook_rig_tell(&fix->rig, "call.ended", NULL, i);
	/* down: most have not even been tried again; it does not matter */
	wait_attempts(fix, 8);

	fix->status = 200;
	hook_rig_advance(&fix->rig, HOUR);
	hook_rig_wait(&fix->rig, 20,
		      "SELECT count(*) FROM delivery WHERE status ="
		      " 'delivered'");
}

static void test_gives_up_after_the_last_attempt(void **state)
{
	struct fix *fix = *state;
	unsigned i;

	start_with(fix, 503);
	for (i = 1; i < 10; ++i) {
		wait_attempts(fix, i);
		expect_status(fix, "pending");
		hook_rig_advance(&fix->rig, 27 * HOUR);
	}
	wait_attempts(fix, 10);
	expect_status(fix, "failed");
	assert_int_equal(hook_rig_number(&fix->rig,
					 "SELECT next_at IS NULL AND ended_at"
					 " > created_at AND"
					 " json_array_length(log) = 10"
					 " FROM delivery"),
			 1);
	hook_rig_advance(&fix->rig, (int64_t)1000 * HOUR);
	hook_rig_tell(&fix->rig, "call.ended", "d", 1);
	(void)hpeer_wait(fix->peer, 11);
	assert_non_null(strstr(hpeer_request(fix->peer, 10)->body, "\"d\""));
}

static void test_waits_as_long_as_it_is_asked_to(void **state)
{
	struct fix *fix = *state;

	fix->fields = "Retry-After: 120\r\n";
	start_with(fix, 429);
	wait_attempts(fix, 1);
	assert_in_range(delay(fix), 120 * S, 140 * S);
	expect_attempt(fix, 0, 429, NULL);

	/* a date, whatever the status; in the past: the schedule */
	fix->fields = "retry-after:  Thu, 01 Jan 1970 00:00:00 GMT \r\n";
	fix->status = 400;
	hook_rig_advance(&fix->rig, 140 * S);
	wait_attempts(fix, 2);
	assert_in_range(hook_rig_number(&fix->rig,
					"SELECT next_at - created_at - 140000"
					" FROM delivery"),
			270 * S, 340 * S);

	/* bounded: a day */
	fix->fields = "Retry-After: 99999999999\r\n";
	hook_rig_advance(&fix->rig, 340 * S);
	wait_attempts(fix, 3);
	assert_in_range(hook_rig_number(&fix->rig,
					"SELECT next_at - created_at - 480000"
					" FROM delivery"),
			24 * HOUR, 27 * HOUR);
}

/** The request with this in its body; all have come */
static const struct hpeer_request *find(struct hpeer *peer, const char *part)
{
	const unsigned n = hpeer_count(peer);
	unsigned i;

	for (i = 0; i < n; ++i)
		if (strstr(hpeer_request(peer, i)->body, part))
			return hpeer_request(peer, i);
	fail_msg("no request holds %s", part);

	return NULL;
}

static void test_gone_is_gone(void **state)
{
	struct fix *fix = *state;
	struct hpeer *other = hpeer_open(&(struct hpeer_params){0});
	char *url = hpeer_url(other, "/"), other_id[ID_SIZE];
	const struct hook_endpoint ep = {.url = url};
	const struct hpeer_request *req;
	unsigned i;

	hook_rig_endpoint(&fix->rig, &ep, other_id);
	for (i = 1; i <= 600; ++i)
		hook_rig_tell(&fix->rig, "call.ended", "c", i);
	fix->status = NOT_YET;
	hook_rig_start(&fix->rig);
	hook_rig_wait_row(&fix->rig, 600); /* all are matched by now */
	fix->status = 410;

	hook_rig_wait(&fix->rig, 599,
		      "SELECT count(*) FROM delivery WHERE status ="
		      " 'canceled' AND ended_at IS NOT NULL AND next_at IS"
		      " NULL");
	assert_int_equal(hook_rig_number(&fix->rig,
					 "SELECT count(*) FROM delivery WHERE"
					 " webhook_id = %Q AND status ="
					 " 'failed'",
					 fix->id),
			 1);
	assert_int_equal(hpeer_count(fix->peer), 1);
	assert_int_equal(
		hook_rig_number(&fix->rig,
				"SELECT enabled = 0 AND doc ->> 'enabled' = 0"
				" AND doc ->> 'disabled_reason' LIKE '%%410%%'"
				" AND sequence = 1 FROM webhook WHERE id = %Q",
				fix->id),
		1);

	/* the others are told, and hear no secret */
	(void)hpeer_wait(other, 601);
	req = find(other, "\"webhook.disabled\"");
	assert_non_null(strstr(req->body, "\"the node\""));
	assert_non_null(strstr(req->body, fix->id));
	assert_null(strstr(req->body, "_sealed"));
	g_free(url);
	hook_rig_stop(&fix->rig);
	hpeer_close(other);
}

static void test_enabled_again_it_gets_what_comes(void **state)
{
	struct fix *fix = *state;

	start_with(fix, 410);
	hook_rig_wait(&fix->rig, 0,
		      "SELECT count(*) FROM webhook WHERE enabled = 1");
	hook_rig_tell(&fix->rig, "call.ended", "c", 2);
	fix->status = 200;
	hook_rig_wait_row(&fix->rig, 3);

	hook_rig_sql(&fix->rig, "UPDATE webhook SET enabled = 1, doc ="
				" json_set(doc, '$.enabled', json('true'))");
	hook_rig_changed(&fix->rig);
	hook_rig_tell(&fix->rig, "call.ended", "c", 3);
	hook_rig_wait(&fix->rig, 1,
		      "SELECT count(*) FROM delivery WHERE status ="
		      " 'delivered'");
	assert_int_equal(hpeer_count(fix->peer), 2);
}

static void test_redirects_are_not_followed(void **state)
{
	struct fix *fix = *state;
	char *fields = g_strdup_printf("Location: http://127.0.0.1:%u/in\r\n",
				       hpeer_port(fix->peer));

	fix->fields = fields;
	start_with(fix, 307);
	wait_attempts(fix, 1);
	expect_status(fix, "pending");
	expect_attempt(fix, 0, 307, "redirect");
	assert_int_equal(hpeer_count(fix->peer), 1);
	hook_rig_stop(&fix->rig);
	g_free(fields);
}

static void hang(struct hpeer_conn *conn, const struct hpeer_request *req,
		 void *arg)
{
	(void)req;
	(void)arg;
	hpeer_hang(conn);
}

static void test_one_that_hangs(void **state)
{
	struct fix *fix = *state;

	fix->handler = hang;
	fix->rig.prm.timeout_ms = 200;
	start_with(fix, 200);
	wait_attempts(fix, 1);
	expect_status(fix, "pending");
	expect_attempt(fix, 0, 0, "timeout");
}

static void talk_nonsense(struct hpeer_conn *conn,
			  const struct hpeer_request *req, void *arg)
{
	(void)req;
	(void)arg;
	(void)hpeer_say(conn, "220 mail.test ESMTP\r\n");
	hpeer_end(conn);
}

static void test_one_that_is_no_web_server(void **state)
{
	struct fix *fix = *state;

	fix->handler = talk_nonsense;
	start_with(fix, 200);
	wait_attempts(fix, 1);
	expect_status(fix, "pending");
	expect_attempt(fix, 0, 0, "");
}

static void break_off(struct hpeer_conn *conn, const struct hpeer_request *req,
		      void *arg)
{
	(void)req;
	(void)arg;
	(void)hpeer_say(conn, "HTTP/1.1 200 OK\r\nRetry-");
	hpeer_reset(conn);
}

/* The status line alone is no answer */
static void test_one_that_breaks_off(void **state)
{
	struct fix *fix = *state;

	fix->handler = break_off;
	start_with(fix, 200);
	wait_attempts(fix, 1);
	expect_status(fix, "pending");
	expect_attempt(fix, 0, 0, "");
}

static void flood(struct hpeer_conn *conn, const struct hpeer_request *req,
		  void *arg)
{
	static const char junk[4096] = "x";

	(void)req;
	(void)arg;
	(void)hpeer_say(conn, "HTTP/1.1 200 OK\r\n\r\n");
	hpeer_flood(conn, junk, sizeof(junk));
}

/* It took the event; what else it says nobody reads to the end */
static void test_an_answer_without_an_end(void **state)
{
	struct fix *fix = *state;

	fix->handler = flood;
	start_with(fix, 200);
	wait_attempts(fix, 1);
	expect_status(fix, "delivered");
	hpeer_wait_closed(fix->peer, 1);
}

static void early_hints(struct hpeer_conn *conn,
			const struct hpeer_request *req, void *arg)
{
	(void)req;
	(void)arg;
	(void)hpeer_say(conn, "HTTP/1.1 103 Early Hints\r\n"
			      "Retry-After: 3600\r\n\r\n");
	(void)hpeer_answer(conn, 500, NULL, "");
}

static void test_only_the_last_answer_counts(void **state)
{
	struct fix *fix = *state;

	fix->handler = early_hints;
	start_with(fix, 200);
	wait_attempts(fix, 1);
	expect_attempt(fix, 0, 500, NULL);
	assert_in_range(delay(fix), 27 * S, 2 * MIN);
}

static void test_nobody_listens(void **state)
{
	struct fix *fix = *state;
	/* before the first one is closed: it has another port */
	struct hpeer *other = hpeer_open(&(struct hpeer_params){0});

	hpeer_close(fix->peer);
	fix->peer = other;
	start_with(fix, 200);
	wait_attempts(fix, 1);
	expect_status(fix, "pending");
	expect_attempt(fix, 0, 0, "onnect");
}

static void test_an_event_that_was_trimmed(void **state)
{
	struct fix *fix = *state;

	start_with(fix, 500);
	wait_attempts(fix, 1);
	hook_rig_sql(&fix->rig, "DELETE FROM event");
	hook_rig_advance(&fix->rig, HOOK_RIG_TO_RETRY_MS);
	wait_attempts(fix, 2);
	expect_attempt(fix, 1, 0, "not stored");
	assert_int_equal(hpeer_count(fix->peer), 1);
}

/* ---- What the API does ---- */

static void replay(struct fix *fix)
{
	hook_rig_sql(&fix->rig,
		     "UPDATE delivery SET status = 'pending', attempts = 0,"
		     " ended_at = NULL, next_at = %lld",
		     (long long)clock_wall_ms(&fix->rig.clock));
}

static void test_a_replay_is_found(void **state)
{
	struct fix *fix = *state;

	start_with(fix, 200);
	wait_attempts(fix, 1);
	replay(fix);
	(void)hpeer_wait(fix->peer, 2);
	hook_rig_wait(&fix->rig, 2,
		      "SELECT json_array_length(log) FROM delivery");
	expect_status(fix, "delivered");
}

/* The bell rings for no new row: something is due */
static void test_a_replay_is_rung_for(void **state)
{
	struct fix *fix = *state;

	fix->rig.prm.poll_ms = HOUR;
	start_with(fix, 200);
	wait_attempts(fix, 1);
	replay(fix);
	courier_ring(fix->rig.courier, 1);
	(void)hpeer_wait(fix->peer, 2);
}

static void test_a_disabled_endpoint_gets_nothing_more(void **state)
{
	struct fix *fix = *state;

	start_with(fix, 500);
	wait_attempts(fix, 1);
	hook_rig_sql(&fix->rig, "UPDATE webhook SET enabled = 0");
	hook_rig_changed(&fix->rig);
	hook_rig_wait(&fix->rig, 1,
		      "SELECT count(*) FROM delivery WHERE status ="
		      " 'canceled'");
	hook_rig_advance(&fix->rig, HOUR);
	hook_rig_tell(&fix->rig, "call.ended", "d", 1);
	hook_rig_wait_row(&fix->rig, 2);
	assert_int_equal(hpeer_count(fix->peer), 1);
}

/* While nobody looked */
static void test_deleted_between_two_starts(void **state)
{
	struct fix *fix = *state;

	start_with(fix, 500);
	wait_attempts(fix, 1);
	hook_rig_stop(&fix->rig);
	hook_rig_sql(&fix->rig, "DELETE FROM webhook");
	hook_rig_changed(&fix->rig);
	hook_rig_start(&fix->rig);
	hook_rig_wait(&fix->rig, 1,
		      "SELECT count(*) FROM delivery WHERE status ="
		      " 'canceled'");
}

/* A row of a call's endpoint, and a retry that is due after a restart */
static void test_a_calls_endpoint_after_a_restart(void **state)
{
	struct fix *fix = *state;
	const struct hook_endpoint ep = {.url = fix->url, .call_id = "c"};
	char id[ID_SIZE];

	hook_rig_sql(&fix->rig, "DELETE FROM webhook");
	hook_rig_endpoint(&fix->rig, &ep, id);
	start_with(fix, 500);
	wait_attempts(fix, 1);
	hook_rig_stop(&fix->rig);
	fix->status = 200;
	hook_rig_advance(&fix->rig, HOOK_RIG_TO_RETRY_MS);
	hook_rig_start(&fix->rig);
	wait_attempts(fix, 2);
	expect_status(fix, "delivered");
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_comes_again_with_the_same_id),
		TEST(test_an_endpoint_comes_back_after_an_hour),
		TEST(test_gives_up_after_the_last_attempt),
		TEST(test_waits_as_long_as_it_is_asked_to),
		TEST(test_gone_is_gone),
		TEST(test_enabled_again_it_gets_what_comes),
		TEST(test_redirects_are_not_followed),
		TEST(test_one_that_hangs),
		TEST(test_one_that_is_no_web_server),
		TEST(test_one_that_breaks_off),
		TEST(test_an_answer_without_an_end),
		TEST(test_only_the_last_answer_counts),
		TEST(test_nobody_listens),
		TEST(test_an_event_that_was_trimmed),
		TEST(test_a_replay_is_found),
		TEST(test_a_replay_is_rung_for),
		TEST(test_a_disabled_endpoint_gets_nothing_more),
		TEST(test_deleted_between_two_starts),
		TEST(test_a_calls_endpoint_after_a_restart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
