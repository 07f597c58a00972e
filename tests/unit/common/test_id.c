/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/id.h"

enum {
	THREADS = 4,
	EACH = 5000
};

static void test_is_a_uuid_of_version_7(void **state)
{
	char id[ID_SIZE];

	id_new(id);
	assert_true(id_is_valid(id));
	assert_int_equal(id[14], '7');
	assert_non_null(strchr("89ab", id[19]));
}

static void test_holds_the_time(void **state)
{
	const int64_t before = clock_wall_ms(clock_system());
	char id[ID_SIZE], hex[13] = "";
	int64_t ms;

	id_new(id);
	memcpy(hex, id, 8);
	memcpy(hex + 8, id + 9, 4);
	ms = (int64_t)strtoull(hex, NULL, 16);
	/* the counter may carry a little into the milliseconds */
	assert_true(ms >= before);
	assert_true(ms <= clock_wall_ms(clock_system()) + 1000);
}

static void test_ids_sort(void **state)
{
	char last[ID_SIZE], id[ID_SIZE];
	int i;

	id_new(last);
	for (i = 0; i < 20000; ++i) {
		id_new(id);
		assert_true(strcmp(last, id) < 0);
		memcpy(last, id, ID_SIZE);
	}
}

static void *make_many(void *arg)
{
	char(*ids)[ID_SIZE] = arg;
	int i;

	for (i = 0; i < EACH; ++i)
		id_new(ids[i]);

	return NULL;
}

static int compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void test_threads_never_make_the_same(void **state)
{
	char(*ids)[ID_SIZE] = calloc(THREADS * EACH, ID_SIZE);
	pthread_t thr[THREADS];
	int i;

	assert_non_null(ids);
	for (i = 0; i < THREADS; ++i)
		assert_int_equal(pthread_create(&thr[i], NULL, make_many,
						ids + (size_t)i * EACH),
				 0);
	for (i = 0; i < THREADS; ++i)
		pthread_join(thr[i], NULL);

	qsort(ids, THREADS * EACH, ID_SIZE, compare);
	/* time and counter alone must differ, without the random part */
	for (i = 1; i < THREADS * EACH; ++i)
		assert_int_not_equal(strncmp(ids[i - 1], ids[i], 18), 0);
	free(ids);
}

static void test_knows_valid_ids(void **state)
{
	static const char *const wrong[] = {
		"",
		"x",
		"01931c5e-6f1a-7000-8000-00000000000",
		"01931c5e-6f1a-7000-8000-0000000000000",
		"01931C5E-6F1A-7000-8000-000000000000",
		"01931c5e-6f1a-7000-8000-00000000000g",
		"01931c5e+6f1a-7000-8000-000000000000",
		"01931c5e6f1a-7000-8000-0000000000000",
		"{1931c5e-6f1a-7000-8000-00000000000}",
		"01931c5e-6f1a-7000-8000-00000000000\n",
	};
	unsigned i;

	assert_true(id_is_valid("01931c5e-6f1a-7000-8000-000000000000"));
	assert_true(id_is_valid("f47ac10b-58cc-4372-a567-0e02b2c3d479"));
	assert_false(id_is_valid(NULL));
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); ++i)
		assert_false(id_is_valid(wrong[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_is_a_uuid_of_version_7),
		cmocka_unit_test(test_holds_the_time),
		cmocka_unit_test(test_ids_sort),
		cmocka_unit_test(test_threads_never_make_the_same),
		cmocka_unit_test(test_knows_valid_ids),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
