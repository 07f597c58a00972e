/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Deliveries: what is shown of them, and sending again */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <glib.h>
#include <string.h>

#include "common/clock.h"
#include "common/json.h"
#include "common/str.h"
#include "support/api_rig.h"

#define CALL "01900000-0000-7000-8000-0000000000ca"
#define UNKNOWN "01900000-0000-7000-8000-000000000000"

static struct api_rig rig;
static json_t *webhook;

static const char *hook_id(void)
{
	return json_str(webhook, "id", "");
}

static int setup(void **state)
{
	memset(&rig, 0, sizeof(rig));
	api_rig_open(&rig);
	webhook = api_rig_make(&rig, "webhooks.create", NULL,
			       json_pack("{s:s}", "url", "https://sink.test/"));

	return 0;
}

static int teardown(void **state)
{
	json_decref(webhook);
	api_rig_close(&rig);

	return 0;
}

/** Each test begins with none */
static int clear(void **state)
{
	api_rig_write(&rig, "DELETE FROM delivery", NULL, 0);
	api_rig_write(&rig, "DELETE FROM event", NULL, 0);

	return 0;
}

static void add_event(int64_t n)
{
	static const char sql[] =
		"INSERT INTO event (row, id, type, account_id, sequence,"
		" created_at, doc) VALUES (?1, ?2, 'call.ended', ?3, 1, 1,"
		" '{}')";
	char id[ID_SIZE];
	const struct db_value params[] = {DB_I(n), DB_S(id),
					  DB_S(rig.account_id)};

	id_new(id);
	api_rig_write(&rig, sql, params, G_N_ELEMENTS(params));
}

/** As the webhook module does: number n, made n seconds after 1970, of event
 * row n */
static void add(int64_t n, const char *status, const char *type)
{
	static const char sql[] =
		"INSERT INTO delivery (id, account_id, webhook_id, event_row,"
		" event_id, event_type, call_id, status, attempts, next_at,"
		" created_at, ended_at, log) VALUES (?1, ?2, ?3, ?4, ?1, ?5,"
		" ?6, ?7, 2, ?8, ?9, ?10, '[{\"at\":"
		"\"1970-01-01T00:00:01.000Z\",\"status_code\":500,"
		"\"latency_ms\":3,\"error\":null}]')";
	const bool pending = str_eq(status, "pending");
	char id[ID_SIZE];
	const struct db_value params[] = {
		DB_S(id),        DB_S(rig.account_id),
		DB_S(hook_id()), DB_I(n),
		DB_S(type),      n % 2 ? DB_S(CALL) : DB_N,
		DB_S(status),    pending ? DB_I(9000 * n) : DB_N,
		DB_I(1000 * n),  pending ? DB_N : DB_I(1000 * n + 500),
	};

	g_snprintf(id, sizeof(id), "01900000-0000-7000-8000-%012d", (int)n);
	api_rig_write(&rig, sql, params, G_N_ELEMENTS(params));
}

static const char *id_of(int n)
{
	static _Thread_local char id[ID_SIZE];

	g_snprintf(id, sizeof(id), "01900000-0000-7000-8000-%012d", n);

	return id;
}

static json_t *ask(const char *verb, const char *delivery_id, json_t *body)
{
	const struct api_ask a = {
		.verb = verb,
		.id = hook_id(),
		.delivery_id = delivery_id,
		.body = body,
	};

	return api_rig_ask(&rig, &a);
}

static int number_of(const json_t *item)
{
	int64_t n = -1;
	const char *id = json_str(item, "id", "");

	assert_int_equal(strlen(id), ID_SIZE - 1);
	id += strspn(id + 24, "0") + 24;
	(void)str_to_int(id, 0, 1000, &n);

	return (int)n;
}

/** Numbers of those listed; *tokenp the next page's (g_free) */
static void expect_list(json_t *query, const char *want, char **tokenp)
{
	const struct api_ask a = {
		.verb = "deliveries.list",
		.id = hook_id(),
		.query = query,
	};
	json_t *ok = api_rig_ok(api_rig_ask(&rig, &a)), *item;
	GString *got = g_string_new(NULL);
	size_t i;

	json_array_foreach(json_object_get(ok, "result"), i, item)
	{
		g_string_append_printf(got, "%s%d", i ? " " : "",
				       number_of(item));
	}
	assert_string_equal(got->str, want);
	if (tokenp)
		*tokenp = g_strdup(json_str(ok, "next_page_token", NULL));
	g_string_free(got, TRUE);
	json_decref(ok);
}

static void test_a_delivery_is_shown(void **state)
{
	json_t *doc, *tried;

	add(3, "pending", "call.created");
	doc = api_rig_ok(ask("deliveries.get", id_of(3), NULL));
	assert_string_equal(json_str(doc, "webhook_id", ""), hook_id());
	assert_string_equal(json_str(doc, "event_id", ""), id_of(3));
	assert_string_equal(json_str(doc, "event_type", ""), "call.created");
	assert_string_equal(json_str(doc, "call_id", ""), CALL);
	assert_string_equal(json_str(doc, "status", ""), "pending");
	assert_int_equal(json_int(doc, "attempt_count", 0), 2);
	assert_string_equal(json_str(doc, "next_attempt_at", ""),
			    "1970-01-01T00:00:27.000Z");
	assert_string_equal(json_str(doc, "created_at", ""),
			    "1970-01-01T00:00:03.000Z");
	assert_true(json_is_null(json_object_get(doc, "ended_at")));
	tried = json_array_get(json_object_get(doc, "attempts"), 0);
	assert_int_equal(json_int(tried, "status_code", 0), 500);
	json_decref(doc);

	assert_string_equal(api_rig_code(ask("deliveries.get", UNKNOWN, NULL)),
			    "delivery_not_found");
	assert_string_equal(api_rig_code(ask("deliveries.get", "x", NULL)),
			    "delivery_not_found");
}

static void test_lists_are_filtered_and_paged(void **state)
{
	char *token = NULL;

	add(1, "delivered", "call.created");
	add(2, "failed", "call.ended");
	add(3, "pending", "call.ended");
	add(4, "canceled", "flow.error");
	add(5, "failed", "call.created");

	expect_list(NULL, "5 4 3 2 1", NULL);
	expect_list(json_pack("{s:s}", "order", "asc"), "1 2 3 4 5", NULL);
	expect_list(json_pack("{s:s}", "status", "failed"), "5 2", NULL);
	expect_list(json_pack("{s:s}", "event_type", "call.ended"), "3 2",
		    NULL);
	expect_list(json_pack("{s:s}", "event_id", id_of(4)), "4", NULL);
	expect_list(json_pack("{s:s}", "call_id", CALL), "5 3 1", NULL);
	expect_list(json_pack("{s:s, s:s}", "created_from",
			      "1970-01-01T00:00:02Z", "created_to",
			      "1970-01-01T00:00:04Z"),
		    "3 2", NULL);

	expect_list(json_pack("{s:s}", "page_size", "2"), "5 4", &token);
	expect_list(
		json_pack("{s:s, s:s}", "page_size", "2", "page_token", token),
		"3 2", NULL);
	g_free(token);
}

/* not an empty list */
static void test_a_type_that_there_is_not_is_refused(void **state)
{
	const struct api_ask a = {
		.verb = "deliveries.list",
		.id = hook_id(),
		.query = json_pack("{s:s}", "event_type", "call.endet"),
	};
	char *where = api_rig_pointers(api_rig_ask(&rig, &a));

	assert_non_null(strstr(where, "query/event_type"));
	g_free(where);
}

static void test_a_page_belongs_to_its_webhook(void **state)
{
	json_t *other =
		api_rig_make(&rig, "webhooks.create", NULL,
			     json_pack("{s:s}", "url", "https://sink.test/2"));
	struct api_ask a = {
		.verb = "deliveries.list",
		.id = json_str(other, "id", ""),
	};
	char *token = NULL;
	json_t *ok;

	add(1, "failed", "call.ended");
	add(2, "failed", "call.ended");
	expect_list(json_pack("{s:s}", "page_size", "1"), "2", &token);
	ok = api_rig_ok(api_rig_ask(&rig, &a));
	assert_int_equal(json_array_size(json_object_get(ok, "result")), 0);
	json_decref(ok);
	a.query =
		json_pack("{s:s, s:s}", "page_size", "1", "page_token", token);
	assert_string_equal(api_rig_code(api_rig_ask(&rig, &a)), "invalid");

	a = (struct api_ask){.verb = "deliveries.get",
			     .id = json_str(other, "id", ""),
			     .delivery_id = id_of(1)};
	assert_string_equal(api_rig_code(api_rig_ask(&rig, &a)),
			    "delivery_not_found");
	g_free(token);
	json_decref(other);
}

/** In the store: "status attempts next_at>0 ended" */
static void expect_row(int n, const char *want)
{
	char *got = api_rig_text(
		&rig,
		"SELECT status || ' ' || attempts || ' ' ||"
		" (next_at IS NOT NULL) || ' ' || (ended_at IS NOT NULL)"
		" FROM delivery WHERE id = ?1",
		id_of(n));

	assert_string_equal(got, want);
	g_free(got);
}

static void test_one_is_sent_again(void **state)
{
	unsigned rings;
	json_t *doc;
	char *log;

	add_event(1);
	add(1, "failed", "call.ended");
	rings = rig.rings;
	doc = api_rig_ok(ask("deliveries.replay", id_of(1), NULL));
	assert_string_equal(json_str(doc, "status", ""), "pending");
	assert_int_equal(json_int(doc, "attempt_count", 9), 0);
	assert_non_null(json_str(doc, "next_attempt_at", NULL));
	assert_int_equal(json_array_size(json_object_get(doc, "attempts")), 1);
	json_decref(doc);

	expect_row(1, "pending 0 1 0");
	log = api_rig_text(&rig, "SELECT log FROM delivery WHERE id = ?1",
			   id_of(1));
	assert_non_null(strstr(log, "500"));
	g_free(log);
	/* the webhook module need not wait for its next look */
	assert_int_equal(rig.rings, rings + 1);

	/* the event was removed, its delivery not yet */
	add(2, "failed", "call.ended");
	assert_string_equal(
		api_rig_code(ask("deliveries.replay", id_of(2), NULL)),
		"wrong_state");
	expect_row(2, "failed 2 0 1");
	assert_string_equal(
		api_rig_code(ask("deliveries.replay", UNKNOWN, NULL)),
		"delivery_not_found");
}

static json_t *range(const char *from, const char *to, const char *status)
{
	json_t *body = json_pack("{s:s}", "from", from);

	if (to)
		json_set_str(body, "to", to);
	if (status)
		json_set_str(body, "status", status);

	return ask("webhooks.replay", NULL, body);
}

static void expect_range(json_t *reply, int count)
{
	json_t *ok = api_rig_ok(reply);

	assert_int_equal(json_int(ok, "count", -1), count);
	assert_true(json_is_null(json_object_get(ok, "next_from")));
	json_decref(ok);
}

static void test_a_while_is_sent_again(void **state)
{
	int n;

	for (n = 1; n <= 6; ++n)
		add_event(n);
	add(1, "failed", "call.ended");
	add(2, "failed", "call.ended");
	add(3, "delivered", "call.ended");
	add(4, "failed", "call.ended");
	add(5, "pending", "call.ended");
	add(6, "canceled", "call.ended");
	add(7, "failed", "call.ended"); /* its event is gone */

	expect_range(
		range("1970-01-01T00:00:02Z", "1970-01-01T00:00:04Z", NULL), 1);
	expect_row(1, "failed 2 0 1");
	expect_row(2, "pending 0 1 0");
	expect_row(3, "delivered 2 0 1");
	expect_row(4, "failed 2 0 1");

	expect_range(range("1970-01-01T00:00:00Z", NULL, NULL), 2);
	expect_row(1, "pending 0 1 0");
	expect_row(4, "pending 0 1 0");
	expect_row(5, "pending 2 1 0");
	expect_row(7, "failed 2 0 1");
	expect_range(range("1970-01-01T00:00:00Z", NULL, "delivered"), 1);
	expect_row(3, "pending 0 1 0");
	expect_range(range("1970-01-01T00:00:00Z", NULL, "canceled"), 1);
	expect_row(6, "pending 0 1 0");
	expect_range(range("1970-01-01T00:00:00Z", NULL, NULL), 0);
}

static void test_wrong_ranges(void **state)
{
	char *pointers;

	pointers = api_rig_pointers(
		range("1970-01-01T00:00:04Z", "1970-01-01T00:00:02Z", NULL));
	assert_string_equal(pointers, "/from");
	g_free(pointers);
	pointers = api_rig_pointers(range("2970-01-01T00:00:00Z", NULL, NULL));
	assert_string_equal(pointers, "/from");
	g_free(pointers);
	pointers = api_rig_pointers(
		range("1970-01-01T00:00:00Z", NULL, "pending"));
	assert_string_equal(pointers, "/status");
	g_free(pointers);
	pointers =
		api_rig_pointers(ask("webhooks.replay", NULL, json_object()));
	assert_string_equal(pointers, "/from");
	g_free(pointers);
}

/** A thousand at a time: the rest by next_from */
static void test_a_long_while_goes_in_pieces(void **state)
{
	static const char events[] =
		"WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL"
		" SELECT n + 1 FROM c WHERE n < 1100)"
		" INSERT INTO event (row, id, type, account_id, sequence,"
		" created_at, doc) SELECT n, 'e' || n, 'call.ended', ?1, n, n,"
		" '{}' FROM c";
	static const char deliveries[] =
		"INSERT INTO delivery (id, account_id, webhook_id, event_row,"
		" event_id, event_type, status, attempts, created_at, log)"
		" SELECT 'd' || row, ?1, ?2, row, id, type, 'failed', 9,"
		" 1000 * row, '[]' FROM event";
	const struct db_value params[] = {DB_S(rig.account_id),
					  DB_S(hook_id())};
	char *next;
	json_t *ok;

	api_rig_write(&rig, events, params, 1);
	api_rig_write(&rig, deliveries, params, 2);

	ok = api_rig_ok(range("1970-01-01T00:00:00Z", NULL, NULL));
	assert_int_equal(json_int(ok, "count", 0), 1000);
	next = g_strdup(json_str(ok, "next_from", ""));
	assert_string_equal(next, "1970-01-01T00:16:41.000Z");
	json_decref(ok);
	expect_range(range(next, NULL, NULL), 100);
	assert_int_equal(api_rig_count(&rig, "SELECT count(*) FROM delivery"
					     " WHERE status = 'failed'"),
			 0);
	g_free(next);
}

static void test_a_disabled_webhook_sends_nothing(void **state)
{
	struct api_ask a = {
		.verb = "webhooks.patch",
		.id = hook_id(),
		.body = json_pack("{s:b}", "enabled", 0),
	};

	add_event(1);
	add(1, "failed", "call.ended");
	json_decref(api_rig_ok(api_rig_ask(&rig, &a)));
	assert_string_equal(
		api_rig_code(ask("deliveries.replay", id_of(1), NULL)),
		"wrong_state");
	assert_string_equal(
		api_rig_code(range("1970-01-01T00:00:00Z", NULL, NULL)),
		"wrong_state");
	expect_row(1, "failed 2 0 1");
	/* what was sent can still be read */
	expect_list(NULL, "1", NULL);
	a.body = json_pack("{s:b}", "enabled", 1);
	json_decref(api_rig_ok(api_rig_ask(&rig, &a)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_a_delivery_is_shown, clear),
		cmocka_unit_test_setup(test_lists_are_filtered_and_paged,
				       clear),
		cmocka_unit_test_setup(test_a_type_that_there_is_not_is_refused,
				       clear),
		cmocka_unit_test_setup(test_a_page_belongs_to_its_webhook,
				       clear),
		cmocka_unit_test_setup(test_one_is_sent_again, clear),
		cmocka_unit_test_setup(test_a_while_is_sent_again, clear),
		cmocka_unit_test_setup(test_wrong_ranges, clear),
		cmocka_unit_test_setup(test_a_long_while_goes_in_pieces, clear),
		cmocka_unit_test_setup(test_a_disabled_webhook_sends_nothing,
				       clear),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
