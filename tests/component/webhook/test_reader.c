/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The outbox is followed by a stored cursor, over a real SQLite file, written
 * here as the call plugin's store writes it
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <glib.h>
#include <glib/gstdio.h>

#include "support/hook_rig.h"

/* never by itself in a test: what is seen was rung for, or polled on purpose */
enum {
	POLL_NEVER_MS = 3600 * 1000
};

static int setup(void **state)
{
	struct hook_rig *rig = g_new0(struct hook_rig, 1);

	hook_rig_open(rig);
	*state = rig;

	return 0;
}

static int setup_empty(void **state)
{
	struct hook_rig *rig = g_new0(struct hook_rig, 1);

	hook_rig_open_empty(rig);
	*state = rig;

	return 0;
}

static int teardown(void **state)
{
	hook_rig_close(*state);
	g_free(*state);

	return 0;
}

static void start_polling_never(struct hook_rig *rig)
{
	rig->prm.poll_ms = POLL_NEVER_MS;
	hook_rig_start(rig);
}

/* n rows in one transaction; nobody wants them */
static void add_events(struct hook_rig *rig, unsigned n)
{
	hook_rig_sql(rig,
		     "WITH RECURSIVE k(i) AS (VALUES (1) UNION ALL"
		     " SELECT i + 1 FROM k WHERE i < %u) INSERT INTO event"
		     " (id, type, account_id, sequence, created_at, doc)"
		     " SELECT hex(randomblob(16)), 'call.created', 'a', i, 1,"
		     " '{}' FROM k",
		     n);
}

/* What is known without a cursor: nothing was read again */
static uint64_t events_read(struct hook_rig *rig)
{
	struct courier_stats stats;

	courier_stats(rig->courier, &stats);

	return stats.events;
}

static void test_doorbell_wakes(void **state)
{
	struct hook_rig *rig = *state;

	/* however early or late it looks: the bell is heard */
	start_polling_never(rig);
	add_events(rig, 3);
	courier_ring(rig->courier, 3);
	hook_rig_wait_row(rig, 3);

	add_events(rig, 2);
	courier_ring(rig->courier, 5);
	hook_rig_wait_row(rig, 5);
}

static void test_polls_without_a_doorbell(void **state)
{
	struct hook_rig *rig = *state;

	hook_rig_start(rig);
	add_events(rig, 1);
	hook_rig_wait_row(rig, 1);
	add_events(rig, 1);
	hook_rig_wait_row(rig, 2);
}

static void test_store_made_later_is_read_from_its_first_row(void **state)
{
	struct hook_rig *rig = *state;

	hook_rig_start(rig);
	hook_rig_make_store(rig);
	add_events(rig, 10);
	add_events(rig, 5);
	hook_rig_wait_row(rig, 15);
	/* whether they were read, or there when the cursor was set: the
	 * store's first cursor is before its first row */
	assert_int_equal(events_read(rig), 15);
}

static void test_a_file_without_tables_is_waited_for(void **state)
{
	struct hook_rig *rig = *state;

	assert_true(g_file_set_contents(rig->path, "", 0, NULL));
	hook_rig_start(rig);
	hook_rig_make_store(rig);
	add_events(rig, 1);
	hook_rig_wait_row(rig, 1);
}

static void test_goes_on_where_it_stopped(void **state)
{
	struct hook_rig *rig = *state;

	hook_rig_start(rig);
	add_events(rig, 100);
	hook_rig_wait_row(rig, 100);
	hook_rig_stop(rig);
	assert_int_equal(hook_rig_number(rig, "SELECT value FROM meta "
					      "WHERE key = 'webhook_cursor'"),
			 100);

	/* while nobody looks */
	add_events(rig, 1);
	hook_rig_start(rig);
	hook_rig_wait_row(rig, 101);
	assert_int_equal(events_read(rig), 1);
}

/* A store of the version before: what happened then was told to nobody */
static void test_a_store_that_grew_begins_at_its_end(void **state)
{
	struct hook_rig *rig = *state;

	add_events(rig, 7);
	hook_rig_sql(rig, "DELETE FROM meta WHERE key = 'webhook_cursor'");
	hook_rig_start(rig);
	hook_rig_wait_row(rig, 7);
	assert_int_equal(events_read(rig), 0);
	add_events(rig, 1);
	hook_rig_wait_row(rig, 8);
	assert_int_equal(events_read(rig), 1);
}

static void test_many_rows_come_in_batches(void **state)
{
	struct hook_rig *rig = *state;
	unsigned reads;

	start_polling_never(rig);
	add_events(rig, 1000);
	courier_ring(rig->courier, 1000);
	hook_rig_wait_row(rig, 1000);
	assert_int_equal(events_read(rig), 1000);
	hook_rig_stop(rig);
	reads = rig->steps[COURIER_READ];
	assert_true(reads >= 4 && reads <= 5);
}

/* A platform without webhooks pays nothing for each event */
static void test_what_nobody_wants_is_not_written(void **state)
{
	struct hook_rig *rig = *state;
	unsigned i;

	hook_rig_start(rig);
	for (i = 1; i <= 20; ++i) {
		add_events(rig, 1);
		courier_ring(rig->courier, i);
		hook_rig_wait_row(rig, i);
	}
	assert_int_equal(hook_rig_number(rig, "SELECT value FROM meta "
					      "WHERE key = 'webhook_cursor'"),
			 0);
	hook_rig_stop(rig);
	assert_int_equal(rig->steps[COURIER_MATCHED], 0);
	assert_int_equal(hook_rig_number(rig, "SELECT value FROM meta "
					      "WHERE key = 'webhook_cursor'"),
			 20);
}

static void test_stop_without_a_store(void **state)
{
	struct hook_rig *rig = *state;

	start_polling_never(rig);
	hook_rig_stop(rig);
	assert_null(courier_stop(NULL));
}

static void test_ring_for_a_row_that_is_not_there(void **state)
{
	struct hook_rig *rig = *state;

	start_polling_never(rig);
	courier_ring(rig->courier, 1000);
	courier_ring(rig->courier, -1);
	hook_rig_stop(rig);
}

static void test_refuses_to_start_without_a_path(void **state)
{
	const struct courier_params prm = {.store = NULL};
	struct courier *courier = NULL;

	(void)state;
	assert_int_equal(courier_start(&courier, &prm), EINVAL);
	assert_int_equal(courier_start(NULL, &prm), EINVAL);
	assert_null(courier);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
#define TEST_EMPTY(fn)                                                         \
	cmocka_unit_test_setup_teardown(fn, setup_empty, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_doorbell_wakes),
		TEST(test_polls_without_a_doorbell),
		TEST_EMPTY(test_store_made_later_is_read_from_its_first_row),
		TEST_EMPTY(test_a_file_without_tables_is_waited_for),
		TEST(test_goes_on_where_it_stopped),
		TEST(test_a_store_that_grew_begins_at_its_end),
		TEST(test_many_rows_come_in_batches),
		TEST(test_what_nobody_wants_is_not_written),
		TEST_EMPTY(test_stop_without_a_store),
		TEST(test_ring_for_a_row_that_is_not_there),
		cmocka_unit_test(test_refuses_to_start_without_a_path),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
