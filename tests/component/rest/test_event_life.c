/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Event streams: tickets, who loses his, limits, silence, and the end */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <string.h>

#include "common/json.h"
#include "support/rest_rig.h"

#define EVENTS REST_BEARER(REST_KEY_EVENTS)
#define WITH(ticket) "/v1/events?ticket=" ticket

static const struct rest_event plain = {.size = 10};

static void start(struct rest_rig *rig, unsigned max, unsigned per_account,
		  unsigned heartbeat_s)
{
	rest_rig_init(rig);
	rig->cfg.event_streams = max;
	rig->cfg.event_streams_per_account = per_account;
	rig->cfg.event_heartbeat_s = heartbeat_s;
	/* who does not read for a while, on a busy machine, is not cut off */
	rig->cfg.connection_timeout_s = 300;
	rig->cfg.request_timeout_s = 300;
	rest_rig_start(rig);
}

static void listen_to(struct rest_listener *ls, struct rest_rig *rig,
		      const char *target, const char *lines)
{
	char *first;

	rest_listen(ls, rig, target, lines);
	assert_int_equal(ls->head.status, 200);
	first = rest_listen_next(ls);
	assert_non_null(first);
	g_free(first);
}

static void expect_id(struct rest_listener *ls, const char *want)
{
	char *id = rest_listen_id(ls);

	assert_non_null(id);
	assert_string_equal(id, want);
	g_free(id);
}

static void expect_refusal(struct rest_rig *rig, const char *target,
			   const char *lines, int status, const char *code)
{
	struct rest_result res;

	rest_rig_ask(rig, &res, "GET", target, lines, NULL);
	assert_int_equal(res.status, status);
	assert_string_equal(rest_result_str(&res, "code"), code);
	rest_result_clear(&res);
}

/* ---- tickets ---- */

static void test_tickets(void **state)
{
	struct rest_listener ls;
	struct rest_rig rig;
	char id[ID_SIZE];

	start(&rig, 100, 100, 15);
	listen_to(&ls, &rig, WITH(REST_TICKET), NULL);
	rest_rig_emit(&rig, &plain, 1, id);
	expect_id(&ls, id);
	rest_listen_close(&ls);

	expect_refusal(&rig, WITH("bft_nothing"), NULL, 401, "unauthorized");
	expect_refusal(&rig, WITH(""), NULL, 401, "unauthorized");
	expect_refusal(&rig, WITH(REST_TICKET_EXPIRED), NULL, 401,
		       "token_expired");
	expect_refusal(&rig, WITH(REST_TICKET_REVOKED), NULL, 401,
		       "key_expired");
	/* a key is no ticket, and a ticket no key */
	expect_refusal(&rig, WITH(REST_KEY_EVENTS), NULL, 401, "unauthorized");
	expect_refusal(&rig, "/v1/events", REST_BEARER(REST_TICKET), 401,
		       "unauthorized");
	/* it opens one route, for one account */
	expect_refusal(&rig, "/v1/calls?ticket=" REST_TICKET, NULL, 401,
		       "unauthorized");
	expect_refusal(&rig, WITH(REST_TICKET), "Bifrons-Account: acc-b\r\n",
		       404, "account_not_found");
	/* a key beside it counts, and the ticket does not */
	expect_refusal(&rig, WITH(REST_TICKET), REST_BEARER("bfk_none"), 401,
		       "unauthorized");
	rest_rig_close(&rig);
}

/* Streams end with what they were opened with */
static void test_what_does_not_hold_any_more(void **state)
{
	static const char *const ends[] = {
		"UPDATE access_key SET revoked_at = 1000"
		" WHERE id = 'id-" REST_KEY_EVENTS "'",
		"UPDATE access_key SET expires_at = 1000"
		" WHERE id = 'id-" REST_KEY_ADMIN "'",
		"UPDATE account SET status = 'suspended' WHERE id = 'acc-b'",
	};
	struct rest_listener key, ticket, expires, other, scope, stays;
	struct rest_listener *over[] = {&key, &ticket, &expires, &other,
					&scope};
	struct rest_rig rig;
	char id[ID_SIZE];
	size_t i;

	start(&rig, 100, 100, 15);
	rest_rig_sql(&rig, "UPDATE access_key SET scopes = 'events:read'"
			   " WHERE id = 'id-" REST_KEY_METRICS "'");
	listen_to(&key, &rig, "/v1/events", EVENTS);
	listen_to(&ticket, &rig, WITH(REST_TICKET), NULL);
	listen_to(&expires, &rig, "/v1/events", REST_BEARER(REST_KEY_ADMIN));
	listen_to(&other, &rig, "/v1/events", REST_BEARER(REST_KEY_OTHER));
	listen_to(&scope, &rig, "/v1/events", REST_BEARER(REST_KEY_METRICS));
	listen_to(&stays, &rig, "/v1/events", REST_BEARER(REST_KEY_PLATFORM));
	for (i = 0; i < G_N_ELEMENTS(ends); ++i)
		rest_rig_sql(&rig, ends[i]);
	rest_rig_sql(&rig, "UPDATE access_key SET scopes = 'metrics'"
			   " WHERE id = 'id-" REST_KEY_METRICS "'");

	for (i = 0; i < G_N_ELEMENTS(over); ++i) {
		char *why = rest_listen_next(over[i]);

		assert_non_null(why);
		assert_non_null(strstr(why, "does not hold any more"));
		g_free(why);
		assert_null(rest_listen_next(over[i]));
		assert_true(over[i]->ended);
		rest_listen_close(over[i]);
	}
	rest_rig_emit(&rig, &plain, 1, id);
	expect_id(&stays, id);
	rest_listen_close(&stays);
	rest_rig_close(&rig);
}

/* ---- limits ---- */

static void test_limits(void **state)
{
	struct rest_listener mine[2], theirs, again;
	struct rest_rig rig;
	unsigned i;

	start(&rig, 3, 2, 15);
	for (i = 0; i < 2; ++i)
		listen_to(&mine[i], &rig, "/v1/events", EVENTS);
	expect_refusal(&rig, "/v1/events", EVENTS, 429, "rate_limit");
	listen_to(&theirs, &rig, "/v1/events", REST_BEARER(REST_KEY_OTHER));
	expect_refusal(&rig, "/v1/events", REST_BEARER(REST_KEY_OTHER), 503,
		       "busy");

	/* whoever leaves makes room: libmicrohttpd does not look while it is
	 * suspended, so it takes a moment */
	rest_listen_close(&mine[0]);
	for (;;) {
		rest_listen(&again, &rig, "/v1/events", EVENTS);
		if (again.head.status == 200)
			break;
		rest_listen_close(&again);
		g_usleep(20000);
	}
	rest_listen_close(&again);
	rest_listen_close(&mine[1]);
	rest_listen_close(&theirs);
	rest_rig_close(&rig);
}

static void test_silence(void **state)
{
	struct rest_listener ls;
	struct rest_rig rig;
	char id[ID_SIZE], *block;

	start(&rig, 10, 10, 1);
	listen_to(&ls, &rig, "/v1/events", EVENTS);
	block = rest_listen_next(&ls);
	assert_string_equal(block, ":");
	g_free(block);
	rest_rig_emit(&rig, &plain, 1, id);
	expect_id(&ls, id);
	rest_listen_close(&ls);
	rest_rig_close(&rig);
}

/* It does not read: after a thousand events more it has lost its place; what
 * it gets is whole, in order, and then it is told */
static void test_too_slow(void **state)
{
	const struct rest_event big = {.size = 20000};
	struct rest_listener slow, quick;
	struct rest_rig rig;
	size_t n = 0;
	char *block = NULL, *type = NULL, *data;
	unsigned i;

	start(&rig, 10, 10, 15);
	listen_to(&slow, &rig, "/v1/events", EVENTS);
	listen_to(&quick, &rig, "/v1/events", EVENTS);

	for (i = 0; i < 20; ++i) {
		char id[ID_SIZE];

		rest_rig_emit(&rig, &big, 100, id);
		for (unsigned k = 0; k < 100; ++k)
			g_free(rest_listen_id(&quick));
	}

	for (;;) {
		char *id;

		block = rest_listen_next(&slow);
		assert_non_null(block);
		type = rest_block_field(block, "event");
		if (!strcmp(type, "reset"))
			break;
		id = rest_block_field(block, "id");
		assert_string_equal(
			id,
			json_str(json_array_get(rig.events.rows, n), "id", ""));
		++n;
		g_free(id);
		g_free(type);
		g_free(block);
	}
	assert_in_range(n, 1, 1000);
	data = rest_block_field(block, "data");
	assert_non_null(strstr(data, "\"too_slow\""));
	g_free(data);
	g_free(type);
	g_free(block);
	assert_null(rest_listen_next(&slow));
	assert_true(slow.ended);
	rest_listen_close(&slow);
	rest_listen_close(&quick);
	rest_rig_close(&rig);
}

/* ---- the call plugin ---- */

static void test_one_poll_at_a_time(void **state)
{
	struct rest_listener ls[3];
	struct rest_rig rig;
	char id[ID_SIZE];
	unsigned i;

	start(&rig, 10, 10, 15);
	assert_int_equal(rig.events.asked, 0);
	for (i = 0; i < G_N_ELEMENTS(ls); ++i)
		listen_to(&ls[i], &rig, "/v1/events", EVENTS);
	rest_rig_wait_asked(&rig, 1);
	rest_rig_emit(&rig, &plain, 1, id);
	for (i = 0; i < G_N_ELEMENTS(ls); ++i)
		expect_id(&ls[i], id);
	rest_rig_wait_asked(&rig, 2);
	assert_int_equal(rig.events.asked, 2);
	for (i = 0; i < G_N_ELEMENTS(ls); ++i)
		rest_listen_close(&ls[i]);
	rest_rig_close(&rig);
}

static void test_a_plugin_that_fails(void **state)
{
	struct rest_listener ls;
	struct rest_rig rig;
	char id[ID_SIZE];

	start(&rig, 10, 10, 15);
	rest_rig_feed(&rig, false, true);
	listen_to(&ls, &rig, "/v1/events", EVENTS);
	rest_rig_wait_asked(&rig, 2);
	rest_rig_feed(&rig, false, false);
	rest_rig_emit(&rig, &plain, 1, id);
	expect_id(&ls, id);
	rest_listen_close(&ls);
	rest_rig_close(&rig);
}

/* Nonsense from it is no harm */
static void test_a_plugin_that_makes_no_sense(void **state)
{
	static const char *const odd[] = {
		"{\"ok\":{}}",
		"{\"ok\":[]}",
		"{\"ok\":{\"rows\":7,\"row\":\"x\"}}",
		"{\"ok\":{\"rows\":[1,null,{},{\"account_id\":\"acc-a\"}],"
		"\"row\":-5}}",
		"{\"ok\":{\"rows\":[{\"account_id\":\"acc-a\",\"row\":3,"
		"\"type\":\"no.such\",\"id\":7}],\"row\":3}}",
		"{}",
		"[]",
	};
	struct rest_listener ls;
	struct rest_rig rig;
	char id[ID_SIZE];
	size_t i;

	start(&rig, 10, 10, 15);
	rest_rig_feed(&rig, true, false);
	listen_to(&ls, &rig, "/v1/events", EVENTS);
	for (i = 0; i < G_N_ELEMENTS(odd); ++i) {
		json_t *reply = json_loads(odd[i], 0, NULL);
		char *transaction;

		rest_rig_wait_asked(&rig, (unsigned)i + 1);
		transaction = g_strdup(rig.events.transaction);
		rest_deliver(rig.rest, "events-", API_OK, reply);
		rest_deliver(rig.rest, "events-00000000", API_OK, reply);
		rest_deliver(rig.rest, transaction, API_OK, reply);
		rest_deliver(rig.rest, transaction, API_OK, reply);
		g_free(transaction);
		json_decref(reply);
	}
	rest_rig_wait_asked(&rig, (unsigned)i + 1);
	rest_rig_emit(&rig, &plain, 5, id);
	rest_rig_feed(&rig, false, false);
	while (strcmp(id, "")) {
		char *got = rest_listen_id(&ls);

		assert_non_null(got);
		if (!strcmp(got, id))
			*id = '\0';
		g_free(got);
	}
	rest_listen_close(&ls);
	rest_rig_close(&rig);
}

/* ---- the end ---- */

enum {
	MANY = 200
};

static void test_stop_with_open_streams(void **state)
{
	const struct rest_event big = {.size = 50000};
	struct rest_listener ls[MANY], deaf;
	struct rest_rig rig;
	unsigned i;

	start(&rig, 1000, 1000, 15);
	for (i = 0; i < MANY; ++i)
		listen_to(&ls[i], &rig, "/v1/events", EVENTS);
	/* one is in the middle of an answer that it does not read */
	listen_to(&deaf, &rig, "/v1/events", REST_BEARER(REST_KEY_OTHER));
	rest_rig_emit(
		&rig,
		&(struct rest_event){.account = "acc-b", .size = big.size}, 200,
		NULL);
	rest_rig_stop(&rig);
	for (i = 0; i < MANY; ++i) {
		char *last = rest_listen_next(&ls[i]);

		assert_non_null(last);
		assert_string_equal(last, ": shutting down");
		g_free(last);
		assert_null(rest_listen_next(&ls[i]));
		assert_true(ls[i].ended);
		rest_listen_close(&ls[i]);
	}
	rest_listen_close(&deaf);
	rest_rig_close(&rig);
}

struct visitor {
	struct rest_rig *rig;
	pthread_t thread;
};

/* Comes and goes until the door is shut */
static void *visit(void *arg)
{
	struct visitor *visitor = arg;
	bool open = true;

	while (open) {
		struct rest_listener ls = {.text = g_string_new(NULL)};

		open = rest_client_try(&ls.http, visitor->rig->port) &&
		       rest_client_say(&ls.http,
				       "GET /v1/events HTTP/1.1\r\nHost: x\r\n"
				       "Last-Event-ID: x\r\n" EVENTS "\r\n");
		if (open)
			rest_client_read(&ls.http, &ls.head, false);
		open = open && ls.head.status == 200;
		ls.chunked = true;
		if (open)
			g_free(rest_listen_id(&ls));
		if (open)
			g_free(rest_listen_id(&ls));
		open = open && !ls.ended;
		rest_listen_close(&ls);
	}

	return NULL;
}

/* Streams begin, end and are written to while it stops */
static void test_stop_in_traffic(void **state)
{
	unsigned round, i;

	for (round = 0; round < 5; ++round) {
		struct rest_listener ls[20];
		struct visitor visitors[4];
		struct rest_rig rig;

		start(&rig, 1000, 1000, 1);
		for (i = 0; i < G_N_ELEMENTS(ls); ++i)
			listen_to(&ls[i], &rig, "/v1/events", EVENTS);
		for (i = 0; i < G_N_ELEMENTS(visitors); ++i) {
			visitors[i].rig = &rig;
			pthread_create(&visitors[i].thread, NULL, visit,
				       &visitors[i]);
		}
		for (i = 0; i < 40; ++i)
			rest_rig_emit(&rig, &plain, 5, NULL);
		rest_rig_stop(&rig);
		for (i = 0; i < G_N_ELEMENTS(visitors); ++i)
			pthread_join(visitors[i].thread, NULL);
		for (i = 0; i < G_N_ELEMENTS(ls); ++i)
			rest_listen_close(&ls[i]);
		rest_rig_close(&rig);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tickets),
		cmocka_unit_test(test_what_does_not_hold_any_more),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_silence),
		cmocka_unit_test(test_too_slow),
		cmocka_unit_test(test_one_poll_at_a_time),
		cmocka_unit_test(test_a_plugin_that_fails),
		cmocka_unit_test(test_a_plugin_that_makes_no_sense),
		cmocka_unit_test(test_stop_with_open_streams),
		cmocka_unit_test(test_stop_in_traffic),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
