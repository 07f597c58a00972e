/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Calls as records: filters, changes, the timeline, and erasing them */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/json.h"
#include "common/str.h"
#include "support/api_calls.h"

static struct api_rig rig;
static struct api_legs legs;

static int setup(void **state)
{
	memset(&rig, 0, sizeof(rig));
	api_rig_open(&rig);
	api_legs_open(&legs, &rig);

	return 0;
}

static int teardown(void **state)
{
	api_legs_close(&legs);
	api_rig_close(&rig);

	return 0;
}

static json_t *ask(const char *account, const char *verb, const char *id,
		   json_t *body)
{
	const struct api_ask a = {
		.verb = verb, .account_id = account, .id = id, .body = body};

	return api_rig_ask(&rig, &a);
}

static char *make_account(void)
{
	json_t *other = api_rig_make(&rig, "accounts.create", NULL,
				     json_pack("{s:s}", "name", "other"));
	char *id = g_strdup(json_str(other, "id", ""));

	json_decref(other);

	return id;
}

/** A call that came, was answered by nobody and hung up. @return Its id */
static char *ended_call(void)
{
	struct api_leg *leg = NULL;
	char *id = api_legs_call_in(&legs, NULL, &leg);

	api_leg_ends(leg, HANGUP_CANCELED, 487);
	json_decref(api_legs_wait_status(&legs, NULL, id, "ended"));
	/* and all that was written of it is there */
	while (!api_rig_count(&rig, "SELECT count(*) FROM event WHERE"
				    " type = 'call.ended'"))
		;

	return id;
}

/* ---- filters ---- */

#define ID_OF(n) "01900000-0000-7000-8000-00000000000" n

struct row {
	const char *id, *status, *direction, *source, *destination, *trunk_id,
		*flow_id, *parent_id, *conference_id, *reason;
	int64_t created_at, ended_at;
};

/* one that every filter finds, and one that none does */
static const struct row rows[] = {
	{ID_OF("1"), "ended", "outgoing", "+4511111111", "+4522222222",
	 ID_OF("a"), ID_OF("b"), ID_OF("c"), ID_OF("d"), "busy", 10000, 20000},
	{ID_OF("2"), "queued", "incoming", "sip:x@y.test", "1001@acme.test",
	 ID_OF("e"), ID_OF("e"), ID_OF("e"), ID_OF("e"), NULL, 90000, 0},
};

static void insert(const struct row *row)
{
	static const char sql[] =
		"INSERT INTO call (id, account_id, status, direction, source,"
		" destination, trunk_id, flow_id, parent_call_id,"
		" conference_id, hangup_reason, created_at, ended_at, node_id,"
		" sequence, doc) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9,"
		" ?10, ?11, ?12, ?13, 'test', 1, ?14)";
	json_t *doc =
		json_pack("{s:s, s:s}", "id", row->id, "status", row->status);
	char *text = json_text(doc);

	api_rig_write(&rig, sql,
		      (const struct db_value[]){
			      DB_S(row->id), DB_S(rig.account_id),
			      DB_S(row->status), DB_S(row->direction),
			      DB_S(row->source), DB_S(row->destination),
			      DB_S(row->trunk_id), DB_S(row->flow_id),
			      DB_S(row->parent_id), DB_S(row->conference_id),
			      row->reason ? DB_S(row->reason) : DB_N,
			      DB_I(row->created_at),
			      row->ended_at ? DB_I(row->ended_at) : DB_N,
			      DB_S(text)},
		      14);
	free(text);
	json_decref(doc);
}

static void test_every_filter_of_the_list(void **state)
{
	static const char *const filters[][2] = {
		{"status", "ended"},
		{"direction", "outgoing"},
		{"source", "+4511111111"},
		{"destination", "+4522222222"},
		{"trunk_id", ID_OF("a")},
		{"flow_id", ID_OF("b")},
		{"parent_call_id", ID_OF("c")},
		{"conference_id", ID_OF("d")},
		{"hangup_reason", "busy"},
		{"created_to", "1970-01-01T00:00:20Z"},
		{"ended_from", "1970-01-01T00:00:20Z"},
		{"ended_to", "1970-01-01T00:00:20.001Z"},
	};
	struct api_ask list = {.verb = "calls.list"};
	const json_t *result;
	json_t *ok;
	size_t i;

	insert(&rows[0]);
	insert(&rows[1]);
	for (i = 0; i < G_N_ELEMENTS(filters); ++i) {
		list.query = json_pack("{s:s}", filters[i][0], filters[i][1]);
		ok = api_rig_ok(api_rig_ask(&rig, &list));
		result = json_object_get(ok, "result");
		assert_int_equal(json_array_size(result), 1);
		assert_string_equal(
			json_str(json_array_get(result, 0), "id", ""),
			rows[0].id);
		json_decref(ok);
	}

	/* from that time on: the other one */
	list.query = json_pack("{s:s}", "created_from", "1970-01-01T00:01:30Z");
	ok = api_rig_ok(api_rig_ask(&rig, &list));
	result = json_object_get(ok, "result");
	assert_int_equal(json_array_size(result), 1);
	assert_string_equal(json_str(json_array_get(result, 0), "id", ""),
			    rows[1].id);
	json_decref(ok);

	list.query = json_pack("{s:s}", "colour", "red");
	assert_string_equal(api_rig_code(api_rig_ask(&rig, &list)), "invalid");
}

/* ---- PATCH ---- */

static void test_notes_of_an_ended_call(void **state)
{
	char *id = ended_call();
	json_t *call = api_rig_ok(
		ask(NULL, "calls.patch", id,
		    json_pack("{s:s}", "notes", "wants a call back")));

	assert_string_equal(json_str(call, "notes", ""), "wants a call back");
	assert_string_equal(json_str(call, "status", ""), "ended");
	json_decref(call);
	call = api_rig_ok(ask(NULL, "calls.get", id, NULL));
	assert_string_equal(json_str(call, "notes", ""), "wants a call back");
	json_decref(call);

	call = api_rig_ok(
		ask(NULL, "calls.patch", id, json_pack("{s:n}", "notes")));
	assert_null(json_str(call, "notes", NULL));
	json_decref(call);

	/* nothing else of it changes any more */
	assert_string_equal(
		api_rig_code(ask(NULL, "calls.patch", id,
				 json_pack("{s:s, s:{s:s}}", "notes", "x",
					   "variables", "a", "b"))),
		"call_ended");
	assert_string_equal(
		api_rig_code(ask(NULL, "calls.patch", id,
				 json_pack("{s:i}", "max_duration_s", 5))),
		"call_ended");
	g_free(id);
}

static void test_wrong_changes_are_named(void **state)
{
	char *id = ended_call(), *pointers;
	json_t *other = NULL;
	char *account = make_account();

	pointers = api_rig_pointers(
		ask(NULL, "calls.patch", id,
		    json_pack("{s:i, s:{s:s, s:i}, s:s, s:s}", "notes", 5,
			      "variables", "call.id", "x", "b", 5,
			      "max_duration_s", "long", "status", "ended")));
	assert_string_equal(pointers, "/status /variables/b /notes "
				      "/max_duration_s /variables/call.id");
	g_free(pointers);
	assert_string_equal(
		api_rig_code(ask(account, "calls.patch", id, json_object())),
		"call_not_found");
	json_decref(other);
	g_free(account);
	g_free(id);
}

/* ---- the timeline ---- */

/** "TEXT; TEXT": those of this kind */
static char *told(const json_t *timeline, const char *kind)
{
	GString *out = g_string_new(NULL);
	json_t *item;
	size_t i;

	json_array_foreach(json_object_get(timeline, "result"), i, item)
	{
		if (str_eq(json_str(item, "kind", ""), kind))
			g_string_append_printf(out, "%s%s",
					       out->len ? "; " : "",
					       json_str(item, "text", "?"));
	}

	return g_string_free(out, FALSE);
}

static void in_order(const json_t *timeline)
{
	int64_t last = 0, at;
	json_t *item;
	size_t i;

	json_array_foreach(json_object_get(timeline, "result"), i, item)
	{
		assert_int_equal(
			clock_parse_rfc3339(json_str(item, "at", ""), &at), 0);
		assert_true(at >= last);
		last = at;
	}
	assert_true(i > 0);
}

static void deliver(const char *call_id)
{
	static const char sql[] =
		"INSERT INTO delivery (id, account_id, webhook_id, event_row,"
		" event_id, event_type, call_id, status, attempts, created_at,"
		" log) VALUES (?1, ?2, ?3, 1, ?4, 'call.created', ?5,"
		" 'delivered', 1, ?6, ?7)";
	const int64_t now_ms = clock_wall_ms(clock_system());
	json_t *log = json_array(), *attempt;
	char *text;

	attempt = json_pack("{s:i, s:i, s:n}", "status_code", 200, "latency_ms",
			    12, "error");
	json_set_time(attempt, "at", now_ms);
	json_array_append_new(log, attempt);
	text = json_text(log);
	api_rig_write(&rig, sql,
		      (const struct db_value[]){
			      DB_S(ID_OF("1")), DB_S(rig.account_id),
			      DB_S(ID_OF("2")), DB_S(ID_OF("3")), DB_S(call_id),
			      DB_I(now_ms), DB_S(text)},
		      7);
	free(text);
	json_decref(log);
}

static void test_the_story_of_an_ended_call(void **state)
{
	char *id = ended_call(), *text;
	json_t *tl;

	deliver(id);
	tl = api_rig_ok(ask(NULL, "calls.timeline", id, NULL));
	in_order(tl);
	text = told(tl, "event");
	assert_string_equal(text, "created; action sleep; "
				  "ended by remote: canceled, SIP 487");
	g_free(text);
	text = told(tl, "delivery");
	assert_string_equal(text, "call.created sent: 200 after 12 ms");
	g_free(text);
	assert_int_equal(json_int(tl, "truncated", -1), 0);
	json_decref(tl);
	g_free(id);
}

static void note_leg(void *arg) /* Thread: loop */
{
	struct api_leg *leg = arg;

	leg->leg.handler->note(leg->leg.arg, "INVITE received");
}

static void test_what_a_leg_noted_stays(void **state)
{
	struct api_leg *leg = NULL;
	char *id = api_legs_call_in(&legs, NULL, &leg), *text;
	json_t *tl;

	api_rig_on_loop(&rig, note_leg, leg);
	tl = api_rig_ok(ask(NULL, "calls.timeline", id, NULL));
	in_order(tl);
	text = json_dumps(tl, 0);
	assert_non_null(strstr(text, "INVITE received"));
	free(text);
	json_decref(tl);

	api_leg_ends(leg, HANGUP_CANCELED, 487);
	json_decref(api_legs_wait_status(&legs, NULL, id, "ended"));
	tl = api_rig_ok(ask(NULL, "calls.timeline", id, NULL));
	in_order(tl);
	text = json_dumps(tl, 0);
	assert_non_null(strstr(text, "INVITE received"));
	free(text);
	json_decref(tl);
	g_free(id);
}

static void test_others_read_no_story(void **state)
{
	char *id = ended_call(), *account = make_account();

	assert_string_equal(
		api_rig_code(ask(account, "calls.timeline", id, NULL)),
		"call_not_found");
	g_free(account);
	g_free(id);
}

/* ---- DELETE ---- */

static void webhook(const char *call_id)
{
	static const char sql[] =
		"INSERT INTO webhook (id, account_id, call_id, enabled,"
		" created_at, doc) VALUES (?1, ?2, ?3, 1, 1, '{}')";

	api_rig_write(&rig, sql,
		      (const struct db_value[]){DB_S(ID_OF("2")),
						DB_S(rig.account_id),
						DB_S(call_id)},
		      3);
}

/** Rows that belong to a call, in all tables */
static int64_t left(const char *id)
{
	char *text = api_rig_text(
		&rig,
		"SELECT CAST((SELECT count(*) FROM call WHERE id = ?1)"
		" + (SELECT count(*) FROM event WHERE call_id = ?1)"
		" + (SELECT count(*) FROM webhook WHERE call_id = ?1)"
		" + (SELECT count(*) FROM recording WHERE call_id = ?1)"
		" + (SELECT count(*) FROM delivery WHERE call_id = ?1)"
		" AS TEXT)",
		id);
	const int64_t n = g_ascii_strtoll(text, NULL, 10);

	g_free(text);

	return n;
}

static void test_erasing_leaves_nothing(void **state)
{
	char *id = ended_call(), *other = api_legs_call_in(&legs, NULL, NULL);
	char *account = make_account();

	webhook(id);
	deliver(id);
	assert_true(left(id) >= 5);

	assert_string_equal(
		api_rig_code(ask(account, "calls.delete", id, NULL)),
		"call_not_found");
	json_decref(api_rig_ok(ask(NULL, "calls.delete", id, NULL)));
	assert_int_equal(left(id), 0);
	assert_string_equal(api_rig_code(ask(NULL, "calls.get", id, NULL)),
			    "call_not_found");
	assert_string_equal(api_rig_code(ask(NULL, "calls.timeline", id, NULL)),
			    "call_not_found");
	assert_string_equal(api_rig_code(ask(NULL, "calls.delete", id, NULL)),
			    "call_not_found");
	/* and nothing of others went */
	assert_true(left(other) >= 2);
	g_free(account);
	g_free(other);
	g_free(id);
}

static void recording(const char *call_id, const char *id, const char *status)
{
	static const char sql[] =
		"INSERT INTO recording (id, account_id, call_id, status,"
		" format, node_id, sequence, created_at, doc) VALUES (?1, ?2,"
		" ?3, ?4, 'wav', 'test', 1, 1, '{}')";

	api_rig_write(&rig, sql,
		      (const struct db_value[]){DB_S(id), DB_S(rig.account_id),
						DB_S(call_id), DB_S(status)},
		      4);
}

static void test_its_recordings_go_too(void **state)
{
	char *id = ended_call(), *dir, *file;

	recording(id, ID_OF("7"), "finished");
	dir = g_build_filename(rig.dir, "recordings", NULL);
	file = g_strconcat(dir, "/", ID_OF("7"), ".wav", NULL);
	g_mkdir_with_parents(dir, 0700);
	assert_true(g_file_set_contents(file, "RIFF", -1, NULL));

	json_decref(api_rig_ok(ask(NULL, "calls.delete", id, NULL)));
	assert_int_equal(left(id), 0);
	while (g_file_test(file, G_FILE_TEST_EXISTS))
		api_legs_sync(&legs); /* a worker's */
	g_free(file);
	g_free(dir);
	g_free(id);
}

static void test_not_while_one_is_recorded(void **state)
{
	char *id = ended_call();

	recording(id, ID_OF("7"), "recording");
	assert_string_equal(api_rig_code(ask(NULL, "calls.delete", id, NULL)),
			    "wrong_state");
	assert_true(left(id) > 1);
	g_free(id);
}

static void test_a_call_that_is_up_is_not_erased(void **state)
{
	char *id = api_legs_call_in(&legs, NULL, NULL);
	const int64_t before = left(id);

	assert_string_equal(api_rig_code(ask(NULL, "calls.delete", id, NULL)),
			    "wrong_state");
	assert_true(left(id) >= before);
	json_decref(api_rig_ok(ask(NULL, "calls.get", id, NULL)));
	g_free(id);
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_every_filter_of_the_list),
		TEST(test_notes_of_an_ended_call),
		TEST(test_wrong_changes_are_named),
		TEST(test_the_story_of_an_ended_call),
		TEST(test_what_a_leg_noted_stays),
		TEST(test_others_read_no_story),
		TEST(test_erasing_leaves_nothing),
		TEST(test_its_recordings_go_too),
		TEST(test_not_while_one_is_recorded),
		TEST(test_a_call_that_is_up_is_not_erased),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
