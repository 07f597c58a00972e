/* SPDX-License-Identifier: GPL-3.0-or-later */
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
#include "event/event.h"
#include "store/backend.h"

/* what the row would hold: the transaction is run against a recorder */
struct row {
	char *cols[8];
	unsigned runs;
};

static int record(void *conn, const char *sql, const struct db_value *params,
		  size_t nparams, int64_t *changed, char why[STORE_WHY_SIZE])
{
	struct row *row = conn;
	size_t i;

	assert_non_null(strstr(sql, "INSERT INTO event"));
	assert_int_equal(nparams, 8);
	for (i = 0; i < nparams; ++i) {
		g_free(row->cols[i]);
		if (params[i].type == DB_TEXT)
			row->cols[i] = g_strdup(params[i].s);
		else if (params[i].type == DB_INT)
			row->cols[i] =
				g_strdup_printf("%lld", (long long)params[i].i);
		else
			row->cols[i] = NULL;
	}
	++row->runs;
	*changed = 1;

	return 0;
}

static const struct store_backend recorder = {.run = record};

static void row_free(struct row *row)
{
	size_t i;

	for (i = 0; i < G_N_ELEMENTS(row->cols); ++i)
		g_free(row->cols[i]);
}

static struct clock_fake fake;

/** Emit and give back the document */
static json_t *emit(struct row *row, const struct event *ev, char id[ID_SIZE])
{
	const struct event_source src = {.node_id = "n1", .clock = &fake.clock};
	struct store_tx *tx = store_tx_new();
	json_t *doc = NULL;

	clock_fake_init(&fake, 1795446245678);
	event_emit(&src, tx, ev, id);
	assert_true(tx->has_event);
	assert_int_equal(store_tx_run(tx, &recorder, row), 0);
	store_tx_free(tx);

	doc = json_loads(row->cols[7], 0, NULL);
	assert_non_null(doc);

	return doc;
}

static void test_document_is_as_the_contract_says(void **state)
{
	static const char *const members[] = {
		"id",      "type",       "created_at", "account_id", "node_id",
		"call_id", "request_id", "sequence",   "data",
	};
	const struct event ev = {
		.type = EVENT_CALL_ANSWERED,
		.account_id = "acc",
		.call_id = "call",
		.request_id = "req \"1\"",
		.sequence = 3,
		.data = json_pack("{s:s}", "status", "answered"),
	};
	struct row row = {0};
	char id[ID_SIZE];
	json_t *doc = emit(&row, &ev, id), *value;
	const char *key;
	size_t i = 0;

	assert_int_equal(row.runs, 1);
	json_object_foreach(doc, key, value)
		assert_string_equal(key, members[i++]);
	assert_int_equal(i, G_N_ELEMENTS(members));

	assert_true(id_is_valid(id));
	assert_string_equal(json_str(doc, "id", ""), id);
	assert_string_equal(json_str(doc, "type", ""), "call.answered");
	assert_string_equal(json_str(doc, "created_at", ""),
			    "2026-11-23T15:04:05.678Z");
	assert_string_equal(json_str(doc, "request_id", ""), "req \"1\"");
	assert_int_equal(json_int(doc, "sequence", 0), 3);
	assert_string_equal(
		json_str(json_object_get(doc, "data"), "status", ""),
		"answered");

	assert_string_equal(row.cols[0], id);
	assert_string_equal(row.cols[1], "call.answered");
	assert_string_equal(row.cols[2], "acc");
	assert_string_equal(row.cols[3], "call");
	assert_null(row.cols[4]);
	assert_string_equal(row.cols[5], "3");
	assert_string_equal(row.cols[6], "1795446245678");
	json_decref(doc);
	row_free(&row);
}

static void test_absent_members_are_null(void **state)
{
	const struct event ev = {
		.type = EVENT_NODE_STOPPED,
		.account_id = "acc",
		.resource_id = "n1",
		.sequence = 1,
	};
	struct row row = {0};
	json_t *doc = emit(&row, &ev, NULL);

	assert_true(json_is_null(json_object_get(doc, "call_id")));
	assert_true(json_is_null(json_object_get(doc, "request_id")));
	assert_true(json_is_object(json_object_get(doc, "data")));
	assert_null(row.cols[3]);
	assert_string_equal(row.cols[4], "n1");
	json_decref(doc);
	row_free(&row);
}

static json_t *with_variables(enum event_type type, size_t count)
{
	struct event ev = {.type = type, .account_id = "a", .sequence = 1};
	json_t *variables = json_object(), *doc, *data;
	struct row row = {0};
	char name[16], text[101];
	size_t i;

	memset(text, 'x', 100);
	text[100] = '\0';
	for (i = 0; i < count; ++i) {
		g_snprintf(name, sizeof(name), "v%zu", i);
		json_object_set_new(variables, name, json_string(text));
	}
	ev.data =
		json_pack("{s:s, s:o}", "status", "x", "variables", variables);
	doc = emit(&row, &ev, NULL);
	data = json_incref(json_object_get(doc, "data"));
	json_decref(doc);
	row_free(&row);

	return data;
}

static void test_variables_travel_at_start_and_end_only(void **state)
{
	json_t *data = with_variables(EVENT_CALL_RINGING, 3);

	assert_null(json_object_get(data, "variables"));
	assert_string_equal(json_str(data, "status", ""), "x");
	json_decref(data);

	data = with_variables(EVENT_CALL_ENDED, 3);
	assert_int_equal(json_object_size(json_object_get(data, "variables")),
			 3);
	assert_null(json_object_get(data, "truncated"));
	json_decref(data);
}

static void test_variables_are_cut_at_8_kib(void **state)
{
	json_t *data = with_variables(EVENT_CALL_CREATED, 600);
	const size_t kept =
		json_object_size(json_object_get(data, "variables"));

	assert_in_range(kept, 70, 81);
	assert_true(json_flag(data, "truncated", false));
	json_decref(data);
}

static void test_caller_keeps_its_document_whole(void **state)
{
	json_t *data = json_pack("{s:{s:s}}", "variables", "a", "b");
	const struct event ev = {
		.type = EVENT_CALL_DTMF,
		.account_id = "a",
		.sequence = 1,
		.data = json_incref(data),
	};
	struct row row = {0};

	json_decref(emit(&row, &ev, NULL));
	assert_non_null(json_object_get(data, "variables"));
	json_decref(data);
	row_free(&row);
}

static void test_data_may_be_text_already(void **state)
{
	const struct event ev = {
		.type = EVENT_CALL_RINGING,
		.account_id = "acc",
		.sequence = 2,
		.data_text = "{\"status\":\"ringing\",\"x\":[1,{}]}",
	};
	struct row row = {0};
	json_t *doc = emit(&row, &ev, NULL);

	assert_string_equal(
		json_str(json_object_get(doc, "data"), "status", ""),
		"ringing");
	assert_int_equal(json_int(doc, "sequence", 0), 2);
	assert_int_equal(json_object_size(doc), 9);
	json_decref(doc);
	row_free(&row);
}

static void test_every_type_has_a_name_of_its_own(void **state)
{
	unsigned i, k;

	for (i = 0; i < EVENT_NTYPES; ++i) {
		assert_non_null(strchr(event_type_name(i), '.'));
		for (k = 0; k < i; ++k)
			assert_string_not_equal(event_type_name(i),
						event_type_name(k));
	}
	assert_true(event_type_is_noisy(EVENT_CALL_DTMF));
	assert_true(event_type_is_noisy(EVENT_FLOW_ACTION));
	assert_false(event_type_is_noisy(EVENT_CALL_ENDED));
	assert_false(event_type_is_noisy(EVENT_NTYPES));
	assert_string_equal(event_type_name(EVENT_NTYPES), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_document_is_as_the_contract_says),
		cmocka_unit_test(test_absent_members_are_null),
		cmocka_unit_test(test_variables_travel_at_start_and_end_only),
		cmocka_unit_test(test_variables_are_cut_at_8_kib),
		cmocka_unit_test(test_caller_keeps_its_document_whole),
		cmocka_unit_test(test_data_may_be_text_already),
		cmocka_unit_test(test_every_type_has_a_name_of_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
