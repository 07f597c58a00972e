/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Events as the transport reads them, and tickets for its streams */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <glib.h>
#include <pthread.h>
#include <string.h>

#include "api/api_priv.h"
#include "common/clock.h"
#include "common/json.h"
#include "common/str.h"
#include "host/db.h"
#include "store/store.h"
#include "support/api_rig.h"

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

/* ---- events.read ---- */

struct emit {
	const char *account_id, *call_id;
	enum event_type type;
	unsigned count;
};

static void on_loop_emit(void *arg)
{
	const struct emit *emit = arg;
	struct store_tx *tx = store_tx_new();
	unsigned i;

	for (i = 0; i < emit->count; ++i) {
		const struct event ev = {
			.type = emit->type,
			.account_id = emit->account_id,
			.call_id = emit->call_id,
			.sequence = i + 1,
			.data = json_pack("{s:i}", "n", (int)i),
		};

		event_emit(&rig.events, tx, &ev, NULL);
	}
	store_commit(rig.store, tx, NULL, NULL);
}

static void emit(const char *account_id, enum event_type type, unsigned count)
{
	struct emit arg = {account_id, NULL, type, count};

	api_rig_on_loop(&rig, on_loop_emit, &arg);
}

static json_t *read_reply(int64_t after, int wait_ms, int limit)
{
	json_t *query = json_pack(
		"{s:s, s:{s:I, s:i, s:i}}", "verb", "events.read", "body",
		"after", (json_int_t)after, "wait_ms", wait_ms, "limit", limit);
	json_t *reply = api_dispatch(rig.api, query);

	json_decref(query);

	return reply;
}

static json_t *read_events(int64_t after, int wait_ms, int limit)
{
	return api_rig_ok(read_reply(after, wait_ms, limit));
}

static size_t nrows(const json_t *ok)
{
	return json_array_size(json_object_get(ok, "rows"));
}

static const json_t *row_at(const json_t *ok, size_t i)
{
	return json_array_get(json_object_get(ok, "rows"), i);
}

static void test_rows_after_a_row(void **state)
{
	const json_t *row;
	json_t *ok, *doc;
	int64_t last;

	emit("acc-1", EVENT_CALL_CREATED, 3);
	emit("acc-2", EVENT_CALL_ENDED, 2);
	ok = read_events(0, 5000, 256);
	while (nrows(ok) < 5) { /* two commits, perhaps */
		json_decref(ok);
		ok = read_events(0, 0, 256);
	}
	row = row_at(ok, 4);
	assert_string_equal(json_str(row, "account_id", ""), "acc-2");
	assert_string_equal(json_str(row, "type", ""), "call.ended");
	assert_true(id_is_valid(json_str(row, "id", "")));
	assert_null(json_str(row, "call_id", NULL));

	/* the document as text, the one that webhooks get */
	doc = json_loads(json_str(row, "doc", ""), 0, NULL);
	assert_string_equal(json_str(doc, "id", ""), json_str(row, "id", ""));
	assert_int_equal(json_int(json_object_get(doc, "data"), "n", -1), 1);
	json_decref(doc);
	last = json_int(ok, "row", 0);
	assert_int_equal(last, json_int(row, "row", -1));
	json_decref(ok);

	ok = read_events(last - 4, 0, 2);
	assert_int_equal(nrows(ok), 2);
	assert_int_equal(json_int(row_at(ok, 0), "row", 0), last - 3);
	assert_int_equal(json_int(ok, "row", 0), last - 2);
	json_decref(ok);

	ok = read_events(last, 20, 256);
	assert_int_equal(nrows(ok), 0);
	assert_int_equal(json_int(ok, "row", 0), last);
	json_decref(ok);
}

struct waiter {
	pthread_t thread;
	json_t *ok;
};

static void *wait_for_events(void *arg)
{
	struct waiter *waiter = arg;

	waiter->ok = read_events(0, 30000, 256);

	return NULL;
}

static void test_a_commit_ends_the_wait(void **state)
{
	struct waiter waiter = {.ok = NULL};

	pthread_create(&waiter.thread, NULL, wait_for_events, &waiter);
	g_usleep(20000); /* whether it waits already does not matter */
	emit("acc-1", EVENT_CALL_CREATED, 1);
	pthread_join(waiter.thread, NULL);
	assert_int_equal(nrows(waiter.ok), 1);
	json_decref(waiter.ok);
}

/* As the webhook module writes `webhook.disabled`: nobody rings here */
static void test_an_event_of_others_ends_the_wait(void **state)
{
	static const char sql[] =
		"INSERT INTO event (id, type, account_id, sequence,"
		" created_at, doc) VALUES ('e', 'webhook.disabled', 'acc-1', 1,"
		" 1, '{}')";
	struct waiter waiter = {.ok = NULL};

	pthread_create(&waiter.thread, NULL, wait_for_events, &waiter);
	g_usleep(20000);
	api_rig_write(&rig, sql, NULL, 0);
	pthread_join(waiter.thread, NULL);
	assert_int_equal(nrows(waiter.ok), 1);
	json_decref(waiter.ok);
}

/* The gate counts who is inside: nobody may wait half a minute there */
static void test_stopping_ends_the_wait(void **state)
{
	struct waiter waiter = {.ok = NULL};
	size_t n;

	pthread_create(&waiter.thread, NULL, wait_for_events, &waiter);
	g_usleep(20000);
	store_stop_waiting(rig.store);
	pthread_join(waiter.thread, NULL);
	assert_int_equal(nrows(waiter.ok), 0);
	json_decref(waiter.ok);

	/* and who comes later does not begin to; rows there are still read */
	wait_for_events(&waiter);
	assert_int_equal(nrows(waiter.ok), 0);
	json_decref(waiter.ok);
	emit("acc-1", EVENT_CALL_CREATED, 1);
	for (n = 0; !n;) {
		waiter.ok = read_events(0, 0, 256);
		n = nrows(waiter.ok);
		json_decref(waiter.ok);
	}
}

static void test_wrong_input(void **state)
{
	assert_string_equal(api_rig_code(read_reply(-1, 0, 1)), "invalid");
	assert_string_equal(api_rig_code(read_reply(0, 30001, 1)), "invalid");
	assert_string_equal(api_rig_code(read_reply(0, -1, 1)), "invalid");
	assert_string_equal(api_rig_code(read_reply(0, 0, 0)), "invalid");
	assert_string_equal(api_rig_code(read_reply(0, 0, 1001)), "invalid");
	json_decref(read_events(INT64_MAX, 0, 1));
}

static void test_it_has_no_route(void **state)
{
	const struct verb_row *row;

	for (row = api_rows; row->name; ++row)
		assert_string_not_equal(row->name, "events.read");
}

/* ---- tickets ---- */

static bool on_text(void *arg, const struct db_row *row)
{
	str_copy(arg, 128, db_text(row, 0));

	return false;
}

static void text_of(const char *sql, char out[128])
{
	*out = '\0';
	assert_int_equal(
		db_read(store_db(rig.store), sql, NULL, 0, on_text, out), 0);
}

static json_t *make_key(const char *expires_at)
{
	json_t *body =
		json_pack("{s:s, s:[s]}", "name", "k", "scopes", "events:read");

	if (expires_at)
		json_set_str(body, "expires_at", expires_at);

	return api_rig_make(&rig, "access_keys.create", NULL, body);
}

static json_t *ask_ticket(const char *key_id, json_t *body)
{
	const struct api_ask ask = {
		.verb = "events.ticket",
		.scope = "events:read",
		.key_id = key_id,
		.body = body,
	};

	return api_rig_ask(&rig, &ask);
}

static void test_a_ticket(void **state)
{
	const int64_t before = clock_wall_ms(clock_system());
	json_t *key = make_key(NULL);
	json_t *ok = api_rig_ok(ask_ticket(json_str(key, "id", ""), NULL));
	const char *ticket = json_str(ok, "ticket", "");
	char hash[SECRET_SHA256_HEX], stored[128], *url;
	int64_t expires = 0;

	assert_true(str_starts(ticket, "bft_"));
	url = g_strconcat("/v1/events?ticket=", ticket, NULL);
	assert_string_equal(json_str(ok, "url", ""), url);
	g_free(url);
	assert_int_equal(
		clock_parse_rfc3339(json_str(ok, "expires_at", ""), &expires),
		0);
	assert_in_range(expires - before, 43200000, 43200000 + 60000);

	/* the store has its hash */
	secret_sha256_hex(hash, ticket, strlen(ticket));
	text_of("SELECT token_hash FROM event_ticket", stored);
	assert_string_equal(stored, hash);
	text_of("SELECT key_id FROM event_ticket", stored);
	assert_string_equal(stored, json_str(key, "id", ""));
	text_of("SELECT account_id FROM event_ticket", stored);
	assert_string_equal(stored, rig.account_id);
	json_decref(ok);
	json_decref(key);
}

static void test_its_life(void **state)
{
	const int64_t now = clock_wall_ms(clock_system());
	char soon[CLOCK_RFC3339_SIZE], *pointers;
	json_t *key, *ok;
	int64_t expires = 0;

	clock_rfc3339(soon, sizeof(soon), now + 600000);
	key = make_key(soon);
	ok = api_rig_ok(ask_ticket(json_str(key, "id", ""),
				   json_pack("{s:i}", "expires_s", 43200)));
	assert_string_equal(json_str(ok, "expires_at", ""), soon);
	json_decref(ok);

	ok = api_rig_ok(ask_ticket(json_str(key, "id", ""),
				   json_pack("{s:i}", "expires_s", 60)));
	clock_parse_rfc3339(json_str(ok, "expires_at", ""), &expires);
	assert_in_range(expires - now, 60000, 120000);
	json_decref(ok);

	pointers = api_rig_pointers(
		ask_ticket(json_str(key, "id", ""),
			   json_pack("{s:i}", "expires_s", 43201)));
	assert_string_equal(pointers, "/expires_s");
	g_free(pointers);
	assert_string_equal(
		api_rig_code(ask_ticket(json_str(key, "id", ""),
					json_pack("{s:i}", "expires_s", 59))),
		"invalid");
	json_decref(key);
}

static void test_only_a_key_that_holds_makes_one(void **state)
{
	json_t *key = make_key(NULL);
	const struct api_ask revoke = {.verb = "access_keys.delete",
				       .id = json_str(key, "id", "")};
	const struct api_ask other = {.verb = "events.ticket",
				      .scope = "calls:read"};

	json_decref(api_rig_ok(api_rig_ask(&rig, &revoke)));
	assert_string_equal(
		api_rig_code(ask_ticket(json_str(key, "id", ""), NULL)),
		"unauthorized");
	assert_string_equal(api_rig_code(ask_ticket(rig.account_id, NULL)),
			    "unauthorized");
	assert_string_equal(api_rig_code(api_rig_ask(&rig, &other)),
			    "forbidden");
	assert_int_equal(
		api_rig_count(&rig, "SELECT count(*) FROM event_ticket"), 0);
	json_decref(key);
}

static void test_a_retry_gets_the_same(void **state)
{
	json_t *key = make_key(NULL), *first, *second;
	const struct api_ask ask = {
		.verb = "events.ticket",
		.scope = "events:read",
		.key_id = json_str(key, "id", ""),
		.idem_key = "once",
		.idem_hash = "h",
	};

	first = api_rig_ok(api_rig_ask(&rig, &ask));
	second = api_rig_ok(api_rig_ask(&rig, &ask));
	assert_true(json_equal(first, second));
	assert_int_equal(
		api_rig_count(&rig, "SELECT count(*) FROM event_ticket"), 1);
	/* what is kept for it cannot be read */
	assert_int_equal(api_rig_count(&rig, "SELECT count(*) FROM idempotency"
					     " WHERE answer LIKE '%bft_%'"),
			 0);
	json_decref(first);
	json_decref(second);
	json_decref(key);
}

static void test_the_stream_is_not_the_plugins(void **state)
{
	const struct api_ask ask = {.verb = "events.stream"};

	assert_string_equal(api_rig_code(api_rig_ask(&rig, &ask)),
			    "bad_request");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_rows_after_a_row, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_a_commit_ends_the_wait,
						setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_an_event_of_others_ends_the_wait, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stopping_ends_the_wait,
						setup, teardown),
		cmocka_unit_test_setup_teardown(test_wrong_input, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_it_has_no_route, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_a_ticket, setup, teardown),
		cmocka_unit_test_setup_teardown(test_its_life, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_only_a_key_that_holds_makes_one, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_retry_gets_the_same,
						setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_the_stream_is_not_the_plugins, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
