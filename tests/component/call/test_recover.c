/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Calls over a real store: what is written, and what a crash leaves */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <glib.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>

#include "call/call.h"
#include "common/json.h"
#include "common/obj.h"
#include "directory/directory.h"
#include "event/event.h"
#include "host/db.h"
#include "loop/loop.h"
#include "record/record.h"
#include "store/store.h"
#include "support/flow_fake.h"
#include "support/leg_still.h"

#define ACCOUNT "01890000-0000-7000-8000-000000000001"
#define FLOW "01890000-0000-7000-8000-000000000003"

struct rig {
	char *dir, *path;
	struct loop *loop;
	struct store *store;
	struct directory *directory;
	struct event_source events;
	struct call_env env;
	struct call_table *calls;
	struct leg leg;
	int recovered;
	int alive_after_ms; /**< the process was seen so much later, or 0 */
	GString *text;      /**< what a read gave */
};

/* ---- on the loop, where cmocka's jumps may not go ---- */

static void must(bool right)
{
	if (!right)
		abort();
}

static void set_up(void *arg)
{
	struct rig *rig = arg;
	json_t *doc;

	must(directory_alloc(&rig->directory) == 0);
	doc = flow_fake_json("{'id':'" ACCOUNT "'}");
	directory_apply(rig->directory, DIR_ACCOUNT, doc);
	json_decref(doc);
	doc = flow_fake_json("{'id':'" FLOW "','account_id':'" ACCOUNT "',"
			     "'actions':[{'type':'answer'},{'type':'sleep',"
			     "'option':{'duration_ms':3600000}}]}");
	directory_apply(rig->directory, DIR_FLOW, doc);
	json_decref(doc);

	rig->env.timers = loop_timers(rig->loop);
	rig->env.clock = clock_system();
	rig->env.store = rig->store;
	rig->env.dir = rig->directory;
	rig->env.events = &rig->events;
	must(call_table_alloc(&rig->calls, &rig->env) == 0);
}

static void invite(void *arg)
{
	struct rig *rig = arg;
	const struct leg_incoming in = {
		.leg = &rig->leg,
		.account_id = ACCOUNT,
		.flow_id = FLOW,
		.source = "+451",
		.source_type = "tel",
		.destination = "+452",
		.destination_type = "tel",
	};

	memset(&rig->leg, 0, sizeof(rig->leg));
	rig->leg.ops = &leg_still_ops;
	must(call_incoming(rig->calls, &in) == CALL_TAKEN);
}

static void answered(void *arg)
{
	struct rig *rig = arg;

	rig->leg.handler->answered(rig->leg.arg);
	rig->leg.handler->dtmf(rig->leg.arg, '1', 100, true);
}

static void bye(void *arg)
{
	static const struct leg_end end = {.by = HANGUP_BY_REMOTE};
	struct rig *rig = arg;

	rig->leg.handler->ended(rig->leg.arg, &end);
	rig->leg.handler->closed(rig->leg.arg);
}

static void tear_down(void *arg)
{
	struct rig *rig = arg;

	rig->calls = obj_unref(rig->calls);
	rig->directory = obj_unref(rig->directory);
}

static void recover(void *arg)
{
	struct rig *rig = arg;

	rig->recovered = call_recover(&rig->env, store_db(rig->store));
}

/* ---- the process: it starts, it goes ---- */

static void start(struct rig *rig)
{
	const struct store_params prm = {
		.path = rig->path,
		.backup_dir = rig->dir,
	};
	char *why = NULL;

	assert_int_equal(loop_start(&rig->loop, clock_system()), 0);
	assert_int_equal(store_open(&rig->store, rig->loop, &prm, &why), 0);
	loop_call(rig->loop, "set up", set_up, rig);
}

static void stop(struct rig *rig)
{
	/* calls that are up are dropped without a word, as by kill -9 */
	loop_call(rig->loop, "tear down", tear_down, rig);
	rig->store = store_close(rig->store);
	rig->loop = loop_stop(rig->loop);
}

static bool on_text(void *arg, const struct db_row *row)
{
	struct rig *rig = arg;

	g_string_append_printf(rig->text, "%s ", db_text(row, 0));

	return true;
}

static const char *read_text(struct rig *rig, const char *sql)
{
	g_string_truncate(rig->text, 0);
	assert_int_equal(
		db_read(store_db(rig->store), sql, NULL, 0, on_text, rig), 0);

	return rig->text->str;
}

/* As the process that died wrote it, some time after the last event */
static void write_alive(struct rig *rig)
{
	struct store_tx *tx = store_tx_new();

	STORE_ADD(tx, STORE_ONE_ROW,
		  "INSERT INTO meta (key, value) SELECT 'alive:node-1',"
		  " CAST(created_at + ?1 AS TEXT) FROM event"
		  " WHERE type = 'call.dtmf'",
		  DB_I(rig->alive_after_ms));
	store_commit(rig->store, tx, NULL, NULL);
	while (strcmp(read_text(rig, "SELECT count(*) FROM meta"
				     " WHERE key LIKE 'alive:%'"),
		      "1 ") != 0)
		g_usleep(1000);
}

/* Wait for the store to have written so many events */
static void wait_events(struct rig *rig, const char *expected)
{
	int tries;

	for (tries = 0; tries < 4000; ++tries) {
		if (strcmp(read_text(rig, "SELECT type FROM event ORDER BY"
					  " row"),
			   expected) == 0)
			return;
		g_usleep(5000);
	}
	assert_string_equal(rig->text->str, expected);
}

static int setup(void **state)
{
	struct rig *rig = g_new0(struct rig, 1);

	rig->dir = g_dir_make_tmp("call-XXXXXX", NULL);
	rig->path = g_build_filename(rig->dir, "test.db", NULL);
	rig->text = g_string_new(NULL);
	rig->events.node_id = "node-1";
	rig->events.clock = clock_system();
	*state = rig;

	return 0;
}

static int teardown(void **state)
{
	struct rig *rig = *state;
	const char *name;
	GDir *dir = g_dir_open(rig->dir, 0, NULL);

	while (dir && (name = g_dir_read_name(dir))) {
		char *path = g_build_filename(rig->dir, name, NULL);

		g_unlink(path);
		g_free(path);
	}
	if (dir)
		g_dir_close(dir);
	g_rmdir(rig->dir);
	g_string_free(rig->text, TRUE);
	g_free(rig->path);
	g_free(rig->dir);
	g_free(rig);

	return 0;
}

static void test_a_whole_call(void **state)
{
	struct rig *rig = *state;

	start(rig);
	loop_call(rig->loop, "invite", invite, rig);
	wait_events(rig, "call.created flow.action ");
	loop_call(rig->loop, "answered", answered, rig);
	loop_call(rig->loop, "bye", bye, rig);
	wait_events(rig, "call.created flow.action call.answered flow.action "
			 "call.dtmf call.ended ");
	assert_string_equal(read_text(rig, "SELECT status || hangup_reason"
					   " || sequence FROM call"),
			    "endednormal6 ");
	loop_call(rig->loop, "recover", recover, rig);
	assert_int_equal(rig->recovered, 0);
	stop(rig);
}

static void test_a_crash(void **state)
{
	struct rig *rig = *state;
	json_t *doc, *hangup;
	char *sql;

	start(rig);
	loop_call(rig->loop, "invite", invite, rig);
	wait_events(rig, "call.created flow.action ");
	loop_call(rig->loop, "answered", answered, rig);
	wait_events(rig, "call.created flow.action call.answered flow.action "
			 "call.dtmf ");
	stop(rig);

	/* another node's calls are not ours to end */
	rig->events.node_id = "node-2";
	start(rig);
	loop_call(rig->loop, "recover", recover, rig);
	assert_int_equal(rig->recovered, 0);
	stop(rig);

	rig->events.node_id = "node-1";
	start(rig);
	if (rig->alive_after_ms)
		write_alive(rig);
	loop_call(rig->loop, "recover", recover, rig);
	assert_int_equal(rig->recovered, 1);
	wait_events(rig, "call.created flow.action call.answered flow.action "
			 "call.dtmf call.ended ");
	assert_string_equal(read_text(rig, "SELECT sequence FROM event ORDER"
					   " BY row"),
			    "1 2 3 4 5 6 ");
	assert_string_equal(read_text(rig, "SELECT status || hangup_reason ||"
					   " sequence FROM call"),
			    "endedfailed6 ");

	/* its last known time is that of the last that was heard of it, or of
	 * the process */
	sql = g_strdup_printf("SELECT count(*) FROM call WHERE ended_at ="
			      " (SELECT created_at + %d FROM event WHERE"
			      " type = 'call.dtmf')",
			      rig->alive_after_ms);
	assert_string_equal(read_text(rig, sql), "1 ");
	g_free(sql);

	read_text(rig, "SELECT doc FROM call");
	doc = json_loads(rig->text->str, 0, NULL);
	assert_string_equal(json_str(doc, "status", ""), "ended");
	hangup = json_object_get(doc, "hangup");
	assert_string_equal(json_str(hangup, "by", ""), "system");
	assert_string_equal(json_str(hangup, "code", ""), "node_lost");
	assert_true(json_is_null(json_object_get(doc, "action")));
	json_decref(doc);

	loop_call(rig->loop, "recover", recover, rig);
	assert_int_equal(rig->recovered, 0);
	stop(rig);
}

/* ---- recordings of that call ---- */

#define REC "01890000-0000-7000-8000-0000000000a%d"
#define REC_DOC                                                                \
	"{\"id\":\"" REC "\",\"status\":\"recording\",\"interrupted\":false}"

static void add_recording(struct rig *rig, int n, const char *status)
{
	static const char sql[] =
		"INSERT INTO recording (id, account_id, call_id, status,"
		" format, node_id, sequence, created_at, doc)"
		" SELECT ?1, '" ACCOUNT "', id, ?2, 'wav', 'node-1', 5, ?3, ?4"
		" FROM call";
	char id[ID_SIZE], doc[160];
	struct store_tx *tx = store_tx_new();

	g_snprintf(id, sizeof(id), REC, n);
	g_snprintf(doc, sizeof(doc), REC_DOC, n);
	STORE_ADD(tx, STORE_ONE_ROW, sql, DB_S(id), DB_S(status), DB_I(n),
		  DB_S(doc));
	store_commit(rig->store, tx, NULL, NULL);
}

/* As it was when the process died: sizes of the last flush, half a sample */
static void leave_file(struct rig *rig, int n)
{
	static const char head[44] = "RIFF\x24\0\0\0WAVEfmt \x10\0\0\0"
				     "\1\0\1\0\x40\x1f\0\0\x80\x3e\0\0"
				     "\2\0\x10\0data";
	char *dir = g_build_filename(rig->dir, "recordings", NULL);
	char *name = g_strdup_printf(REC ".wav", n);
	char *path = g_build_filename(dir, name, NULL);
	char *data = g_malloc0(44 + 24001);

	memcpy(data, head, 44);
	assert_int_equal(g_mkdir_with_parents(dir, 0700), 0);
	assert_true(g_file_set_contents(path, data, 44 + 24001, NULL));
	g_free(data);
	g_free(path);
	g_free(name);
	g_free(dir);
}

static json_t *recording(struct rig *rig, int n)
{
	char *sql = g_strdup_printf(
		"SELECT doc FROM recording WHERE id = '" REC "'", n);
	json_t *doc = json_loads(read_text(rig, sql), 0, NULL);

	g_free(sql);

	return doc;
}

static void drop_files(struct rig *rig)
{
	char *dir = g_build_filename(rig->dir, "recordings", NULL);
	char *name = g_strdup_printf(REC ".wav", 1);
	char *path = g_build_filename(dir, name, NULL);

	assert_int_equal(g_unlink(path), 0);
	assert_int_equal(g_rmdir(dir), 0);
	g_free(path);
	g_free(name);
	g_free(dir);
}

/* One whose file is there, one that had none yet, one that was over */
static void test_a_crash_while_recording(void **state)
{
	static const char json_ids[] =
		"[\"01890000-0000-7000-8000-0000000000a1\","
		"\"01890000-0000-7000-8000-0000000000a2\","
		"\"01890000-0000-7000-8000-0000000000a3\"] ";
	struct recorder_params prm = {.flush_ms = 0};
	struct rig *rig = *state;
	json_t *doc;

	start(rig);
	loop_call(rig->loop, "invite", invite, rig);
	loop_call(rig->loop, "answered", answered, rig);
	wait_events(rig, "call.created flow.action call.answered flow.action "
			 "call.dtmf ");
	add_recording(rig, 1, "paused");
	add_recording(rig, 2, "recording");
	add_recording(rig, 3, "finished");
	leave_file(rig, 1);
	stop(rig);

	start(rig);
	prm.loop = rig->loop;
	prm.data_dir = rig->dir;
	assert_int_equal(recorder_start(&rig->env.recorder, &prm), 0);
	loop_call(rig->loop, "recover", recover, rig);
	assert_int_equal(rig->recovered, 1);
	wait_events(rig, "call.created flow.action call.answered flow.action "
			 "call.dtmf call.ended recording.finished "
			 "recording.failed ");
	assert_string_equal(read_text(rig, "SELECT sequence FROM event ORDER"
					   " BY row"),
			    "1 2 3 4 5 6 7 8 ");
	assert_string_equal(read_text(rig, "SELECT status || sequence FROM"
					   " recording ORDER BY id"),
			    "finished7 failed8 finished5 ");
	/* the call's own list had not been written */
	assert_string_equal(read_text(rig, "SELECT doc ->> '$.recording_ids'"
					   " FROM call"),
			    json_ids);
	doc = recording(rig, 1);
	assert_true(json_flag(doc, "interrupted", false));
	assert_string_equal(json_str(doc, "reason", ""), "interrupted");
	assert_int_equal(json_int(doc, "duration_ms", 0), 1500);
	assert_int_equal(json_int(doc, "size_bytes", 0), 44 + 24000);
	json_decref(doc);
	doc = recording(rig, 2);
	assert_string_equal(json_str(doc, "status", ""), "failed");
	assert_int_equal(json_int(doc, "size_bytes", -1), 0);
	json_decref(doc);
	doc = recording(rig, 3);
	assert_false(json_flag(doc, "interrupted", true));
	json_decref(doc);
	rig->env.recorder = recorder_stop(rig->env.recorder);
	stop(rig);
	drop_files(rig);
}

static void test_a_crash_in_a_quiet_call(void **state)
{
	struct rig *rig = *state;

	rig->alive_after_ms = 600000;
	test_a_crash(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_a_whole_call, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_a_crash, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_crash_in_a_quiet_call,
						setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_crash_while_recording,
						setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
