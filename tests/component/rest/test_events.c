/* SPDX-License-Identifier: GPL-3.0-or-later */
/* GET /v1/events: what a client is told, live and after it was away */
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
#define LAST(id) "Last-Event-ID: " id "\r\n"

static const struct rest_event plain = {.size = 10};

static int setup(void **state)
{
	struct rest_rig *rig = g_new0(struct rest_rig, 1);

	rest_rig_init(rig);
	rest_rig_start(rig);
	*state = rig;

	return 0;
}

static int teardown(void **state)
{
	rest_rig_close(*state);
	g_free(*state);

	return 0;
}

static void expect_field(const struct rest_result *res, const char *name,
			 const char *want)
{
	char *value = rest_result_field(res, name);

	assert_non_null(value);
	assert_string_equal(value, want);
	g_free(value);
}

/* Open, and read what every stream begins with */
static void listen_to(struct rest_listener *ls, struct rest_rig *rig,
		      const char *target, const char *lines)
{
	char *first;

	rest_listen(ls, rig, target, lines);
	assert_int_equal(ls->head.status, 200);
	first = rest_listen_next(ls);
	assert_non_null(first);
	assert_string_equal(first, ": bifrons\nretry: 2000");
	g_free(first);
}

static void expect_id(struct rest_listener *ls, const char *want)
{
	char *id = rest_listen_id(ls);

	assert_non_null(id);
	assert_string_equal(id, want);
	g_free(id);
}

static char *last_event(const char *id)
{
	return g_strdup_printf(EVENTS LAST("%s"), id);
}

static void test_live(void **state)
{
	struct rest_rig *rig = *state;
	const struct rest_event other = {.account = "acc-b", .size = 3};
	struct rest_listener one, two, theirs;
	char id[ID_SIZE], id_b[ID_SIZE], *block, *want;

	listen_to(&one, rig, "/v1/events", EVENTS);
	listen_to(&two, rig, "/v1/events", REST_BEARER(REST_KEY_ADMIN));
	listen_to(&theirs, rig, "/v1/events", REST_BEARER(REST_KEY_OTHER));
	expect_field(&one.head, "Content-Type", "text/event-stream");
	expect_field(&one.head, "Cache-Control", "no-store");
	expect_field(&one.head, "X-Accel-Buffering", "no");
	expect_field(&one.head, "X-Content-Type-Options", "nosniff");

	rest_rig_emit(rig, &other, 1, id_b);
	rest_rig_emit(rig, &plain, 1, id);
	block = rest_listen_next(&one);
	want = g_strdup_printf("id: %s\nevent: call.created\ndata: "
			       "{\"id\":\"%s\",\"data\":{\"x\":\"xxxxxxxxxx\"}"
			       "}",
			       id, id);
	assert_string_equal(block, want);
	g_free(want);
	g_free(block);
	expect_id(&two, id);
	expect_id(&theirs, id_b);

	rest_listen_close(&one);
	rest_listen_close(&two);
	rest_listen_close(&theirs);
}

static void test_a_line_break_cannot_break_an_event(void **state)
{
	struct rest_rig *rig = *state;
	struct rest_listener ls;
	char *block, *data;

	rest_rig_sql(rig, "INSERT INTO event (id, type, account_id, doc)"
			  " VALUES ('01900000-0000-7000-8000-000000000001',"
			  " 'call.ended', 'acc-a', '{}'),"
			  " ('01900000-0000-7000-8000-000000000002',"
			  " 'call.ended', 'acc-a', '{\"a\":' || char(10) ||"
			  " char(13) || '1}')");
	listen_to(&ls, rig, "/v1/events",
		  EVENTS LAST("01900000-0000-7000-8000-000000000001"));
	block = rest_listen_next(&ls);
	data = rest_block_field(block, "data");
	assert_string_equal(data, "{\"a\":  1}");
	g_free(data);
	g_free(block);
	rest_listen_close(&ls);
}

static void test_filters(void **state)
{
	static const char call[] = "01900000-0000-7000-8000-0000000000aa";
	struct rest_rig *rig = *state;
	const struct rest_event dtmf = {.type = "call.dtmf", .call_id = call};
	const struct rest_event ended = {.type = "call.ended", .call_id = call};
	const struct rest_event error = {.type = "flow.error"};
	struct rest_listener usual, all, calls, two, of_call;
	char id[4][ID_SIZE];

	listen_to(&usual, rig, "/v1/events", EVENTS);
	listen_to(&all, rig, "/v1/events?types=*", EVENTS);
	listen_to(&calls, rig, "/v1/events?types=call.ended", EVENTS);
	listen_to(&two, rig, "/v1/events?types=call.dtmf,flow.*", EVENTS);
	listen_to(&of_call, rig,
		  "/v1/events?call_id=01900000-0000-7000-8000-0000000000aa",
		  EVENTS);
	rest_rig_emit(rig, &dtmf, 1, id[0]);
	rest_rig_emit(rig, &error, 1, id[1]);
	rest_rig_emit(rig, &ended, 1, id[2]);
	rest_rig_emit(rig, &error, 1, id[3]);

	expect_id(&usual, id[1]);
	expect_id(&usual, id[2]);
	expect_id(&usual, id[3]);
	expect_id(&all, id[0]);
	expect_id(&all, id[1]);
	expect_id(&calls, id[2]);
	expect_id(&two, id[0]);
	expect_id(&two, id[1]);
	expect_id(&two, id[3]);
	expect_id(&of_call, id[2]);

	rest_listen_close(&usual);
	rest_listen_close(&all);
	rest_listen_close(&calls);
	rest_listen_close(&two);
	rest_listen_close(&of_call);
}

/* As many events for others as would make it too slow, if they counted */
static void test_what_is_not_for_it_costs_it_nothing(void **state)
{
	struct rest_rig *rig = *state;
	const struct rest_event dtmf = {.type = "call.dtmf"};
	const struct rest_event other = {.account = "acc-b"};
	struct rest_listener ls;
	char id[ID_SIZE];

	listen_to(&ls, rig, "/v1/events", EVENTS);
	rest_rig_emit(rig, &dtmf, 1500, NULL);
	rest_rig_emit(rig, &other, 1500, NULL);
	rest_rig_emit(rig, &plain, 1, id);
	expect_id(&ls, id);
	rest_listen_close(&ls);
}

static void test_wrong_parameters(void **state)
{
	static const struct {
		const char *query, *pointer;
		int status;
	} wrong[] = {
		{"nothing=1", "query/nothing", 422},
		{"types=", "query/types", 422},
		{"types=call.created,", "query/types", 422},
		{"types=call.*,,flow.*", "query/types", 422},
		{"types=no.such", "query/types", 422},
		{"types=call", "query/types", 422},
		{"call_id=x", "query/call_id", 422},
		{"types=*&types=*", "query/types", 422},
		{"types=%ff", NULL, 400},
	};
	struct rest_rig *rig = *state;
	struct rest_result res;
	size_t i;

	for (i = 0; i < G_N_ELEMENTS(wrong); ++i) {
		char *target = g_strdup_printf("/v1/events?%s", wrong[i].query);
		const json_t *fault;

		rest_rig_ask(rig, &res, "GET", target, EVENTS, NULL);
		fault = json_array_get(json_object_get(res.json, "errors"), 0);
		assert_int_equal(res.status, wrong[i].status);
		if (wrong[i].pointer)
			assert_string_equal(json_str(fault, "pointer", ""),
					    wrong[i].pointer);
		rest_result_clear(&res);
		rest_rig_ask(rig, &res, "HEAD", target, EVENTS, NULL);
		assert_int_equal(res.status, wrong[i].status);
		rest_result_clear(&res);
		g_free(target);
	}
}

static void test_other_methods(void **state)
{
	struct rest_rig *rig = *state;
	struct rest_result res;

	rest_rig_ask(rig, &res, "HEAD", "/v1/events", EVENTS, NULL);
	assert_int_equal(res.status, 200);
	expect_field(&res, "Content-Type", "text/event-stream");
	expect_field(&res, "Cache-Control", "no-store");
	rest_result_clear(&res);

	rest_rig_ask(rig, &res, "POST", "/v1/events", EVENTS REST_JSON, "{}");
	assert_int_equal(res.status, 405);
	expect_field(&res, "Allow", "GET, HEAD, OPTIONS");
	rest_result_clear(&res);

	rest_rig_ask(rig, &res, "OPTIONS", "/v1/events", NULL, NULL);
	assert_int_equal(res.status, 204);
	expect_field(&res, "Allow", "GET, HEAD, OPTIONS");
	rest_result_clear(&res);
}

static void test_who_may(void **state)
{
	struct rest_rig *rig = *state;
	struct rest_result res;

	rest_rig_ask(rig, &res, "GET", "/v1/events", NULL, NULL);
	assert_int_equal(res.status, 401);
	rest_result_clear(&res);
	rest_rig_ask(rig, &res, "GET", "/v1/events",
		     REST_BEARER(REST_KEY_FLOWS), NULL);
	assert_int_equal(res.status, 403);
	rest_result_clear(&res);
	rest_rig_ask(rig, &res, "GET", "/v1/events",
		     REST_BEARER(REST_KEY_SUSPENDED), NULL);
	assert_string_equal(rest_result_str(&res, "code"), "account_suspended");
	rest_result_clear(&res);
}

static void test_the_platform_acts_for_an_account(void **state)
{
	struct rest_rig *rig = *state;
	const struct rest_event other = {.account = "acc-b"};
	struct rest_listener ls;
	char id[ID_SIZE];

	listen_to(&ls, rig, "/v1/events",
		  REST_BEARER(REST_KEY_PLATFORM) "Bifrons-Account: acc-b\r\n");
	rest_rig_emit(rig, &plain, 1, NULL);
	rest_rig_emit(rig, &other, 1, id);
	expect_id(&ls, id);
	rest_listen_close(&ls);
}

static void test_http_1_0(void **state)
{
	struct rest_rig *rig = *state;
	struct rest_listener ls = {.text = g_string_new(NULL)};
	char id[ID_SIZE], *block;

	rest_client_open(&ls.http, rig->port);
	rest_client_say(&ls.http, "GET /v1/events HTTP/1.0\r\n" EVENTS "\r\n");
	rest_client_read(&ls.http, &ls.head, false);
	assert_int_equal(ls.head.status, 200);
	g_string_append(ls.text, ls.http.in->str);
	block = rest_listen_next(&ls);
	assert_string_equal(block, ": bifrons\nretry: 2000");
	g_free(block);
	rest_rig_emit(rig, &plain, 1, id);
	expect_id(&ls, id);
	rest_listen_close(&ls);
}

/* ---- after it was away ---- */

static void test_resume(void **state)
{
	struct rest_rig *rig = *state;
	const struct rest_event dtmf = {.type = "call.dtmf"};
	char id[3][ID_SIZE], *lines, *target;
	struct rest_listener ls;

	/* nobody listens meanwhile */
	rest_rig_emit(rig, &plain, 1, id[0]);
	rest_rig_emit(rig, &dtmf, 1, NULL);
	rest_rig_emit(rig, &plain, 1, id[1]);

	lines = last_event(id[0]);
	listen_to(&ls, rig, "/v1/events", lines);
	expect_id(&ls, id[1]);
	rest_rig_emit(rig, &plain, 1, id[2]);
	expect_id(&ls, id[2]);
	rest_listen_close(&ls);

	target = g_strdup_printf("/v1/events?last_event_id=%s", id[0]);
	listen_to(&ls, rig, target, EVENTS);
	expect_id(&ls, id[1]);
	expect_id(&ls, id[2]);
	rest_listen_close(&ls);
	g_free(lines);

	/* a browser's URL stays, its header goes on */
	lines = last_event(id[1]);
	listen_to(&ls, rig, target, lines);
	expect_id(&ls, id[2]);
	rest_listen_close(&ls);
	g_free(lines);

	/* up to date already */
	lines = last_event(id[2]);
	listen_to(&ls, rig, target, lines);
	rest_rig_emit(rig, &plain, 1, id[0]);
	expect_id(&ls, id[0]);
	rest_listen_close(&ls);
	g_free(lines);
	g_free(target);
}

struct flood {
	struct rest_rig *rig;
	unsigned batches;
	char last[ID_SIZE];
};

enum {
	FLOOD_BATCH = 7
};

static void *flood(void *arg)
{
	struct flood *flood = arg;
	unsigned i;

	for (i = 0; i < flood->batches; ++i)
		rest_rig_emit(flood->rig, &plain, FLOOD_BATCH, flood->last);

	return NULL;
}

/* Pages from the store, then the log, while events go on coming: each one
 * once, in their order */
static void test_resume_while_events_come(void **state)
{
	struct rest_rig *rig = *state;
	struct flood more = {.rig = rig, .batches = 60};
	struct rest_listener ls[4];
	const size_t before = json_array_size(rig->events.rows);
	char id[ID_SIZE], *lines;
	pthread_t thread;
	size_t i, n;

	rest_rig_emit(rig, &plain, 1, id);
	rest_rig_emit(rig, &plain, 450, NULL);
	lines = last_event(id);

	pthread_create(&thread, NULL, flood, &more);
	for (i = 0; i < G_N_ELEMENTS(ls); ++i)
		listen_to(&ls[i], rig, "/v1/events", lines);
	pthread_join(thread, NULL);

	for (i = 0; i < G_N_ELEMENTS(ls); ++i) {
		for (n = before + 1; n < json_array_size(rig->events.rows);
		     ++n) {
			const json_t *row = json_array_get(rig->events.rows, n);

			expect_id(&ls[i], json_str(row, "id", ""));
		}
		rest_listen_close(&ls[i]);
	}
	g_free(lines);
}

static void expect_reset(struct rest_listener *ls, const char *reason,
			 const char *id)
{
	char *block = rest_listen_next(ls);
	char *type = rest_block_field(block, "event");
	char *data = rest_block_field(block, "data");
	char *at = rest_block_field(block, "id");
	json_t *doc = json_loads(data ? data : "", 0, NULL);

	assert_string_equal(type, "reset");
	assert_string_equal(json_str(doc, "reason", ""), reason);
	assert_true(*json_str(doc, "detail", ""));
	if (id)
		assert_string_equal(at, id);
	json_decref(doc);
	g_free(at);
	g_free(data);
	g_free(type);
	g_free(block);
}

/* Unknown, another account's, and what nobody should send: it says so, and
 * goes on live */
static void test_reset_of_an_unknown_id(void **state)
{
	static const char *const odd[] = {
		"01900000-0000-7000-8000-00000000dead",
		"01900000-0000-7000-8000-00000000DEAD",
		"x",
		"' OR 1=1 --",
		"\xff\xfe\x01",
		"0",
		"-1",
		"99999999999999999999999999",
		"%00",
	};
	struct rest_rig *rig = *state;
	const struct rest_event other = {.account = "acc-b"};
	char id[ID_SIZE], newest[ID_SIZE], *lines;
	struct rest_listener ls;
	size_t i;

	rest_rig_emit(rig, &plain, 1, newest);
	rest_rig_emit(rig, &other, 1, id);
	lines = last_event(id);
	listen_to(&ls, rig, "/v1/events", lines);
	expect_reset(&ls, "unknown_id", newest);
	rest_rig_emit(rig, &plain, 1, newest);
	expect_id(&ls, newest);
	rest_listen_close(&ls);
	g_free(lines);

	for (i = 0; i < G_N_ELEMENTS(odd); ++i) {
		lines = last_event(odd[i]);
		listen_to(&ls, rig, "/v1/events", lines);
		expect_reset(&ls, "unknown_id", newest);
		rest_listen_close(&ls);
		g_free(lines);
	}

	lines = g_strnfill(9000, 'a');
	memcpy(lines, EVENTS LAST(""), strlen(EVENTS LAST("")) - 2);
	memcpy(lines + 8998, "\r\n", 2);
	listen_to(&ls, rig, "/v1/events", lines);
	expect_reset(&ls, "unknown_id", newest);
	rest_listen_close(&ls);
	g_free(lines);

	/* none is what a browser has at first */
	listen_to(&ls, rig, "/v1/events?last_event_id=", EVENTS LAST(""));
	rest_rig_emit(rig, &plain, 1, id);
	expect_id(&ls, id);
	rest_listen_close(&ls);
}

/* It begins behind the event that its reset names, though the plugin brings
 * that one only now */
static void test_reset_comes_before_what_is_new(void **state)
{
	struct rest_rig *rig = *state;
	struct rest_listener first, ls;
	char old[ID_SIZE], id[ID_SIZE];

	listen_to(&first, rig, "/v1/events", EVENTS);
	rest_rig_feed(rig, true, false);
	rest_rig_emit(rig, &plain, 1, old);
	listen_to(&ls, rig, "/v1/events", EVENTS LAST("x"));
	expect_reset(&ls, "unknown_id", old);
	rest_rig_feed(rig, false, false);
	expect_id(&first, old);
	rest_rig_emit(rig, &plain, 1, id);
	expect_id(&first, id);
	expect_id(&ls, id);
	rest_listen_close(&first);
	rest_listen_close(&ls);
}

/* Is the next one this? */
static bool is_at(struct rest_listener *ls, const char *want)
{
	char *id = rest_listen_id(ls);
	bool same;

	assert_non_null(id);
	same = !strcmp(id, want);
	g_free(id);

	return same;
}

static void test_reset_of_one_too_old(void **state)
{
	struct rest_rig *rig = *state;
	char old[ID_SIZE], ok[ID_SIZE], newest[ID_SIZE], *lines;
	struct rest_listener ls;

	rest_rig_emit(rig, &plain, 1, old);
	rest_rig_emit(rig, &plain, 1, ok);
	rest_rig_emit(rig, &plain, 10000, newest);

	lines = last_event(old);
	listen_to(&ls, rig, "/v1/events", lines);
	expect_reset(&ls, "too_old", newest);
	rest_listen_close(&ls);
	g_free(lines);

	lines = last_event(ok);
	listen_to(&ls, rig, "/v1/events", lines);
	while (!is_at(&ls, newest))
		;
	rest_listen_close(&ls);
	g_free(lines);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_live),
		cmocka_unit_test(test_a_line_break_cannot_break_an_event),
		cmocka_unit_test(test_filters),
		cmocka_unit_test(test_what_is_not_for_it_costs_it_nothing),
		cmocka_unit_test(test_wrong_parameters),
		cmocka_unit_test(test_other_methods),
		cmocka_unit_test(test_who_may),
		cmocka_unit_test(test_the_platform_acts_for_an_account),
		cmocka_unit_test(test_http_1_0),
		cmocka_unit_test(test_resume),
		cmocka_unit_test(test_resume_while_events_come),
		cmocka_unit_test(test_reset_of_an_unknown_id),
		cmocka_unit_test(test_reset_comes_before_what_is_new),
		cmocka_unit_test(test_reset_of_one_too_old),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
