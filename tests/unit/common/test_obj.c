/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>

#include "common/obj.h"

struct thing {
	atomic_int *deaths;
	max_align_t aligned;
};

static void thing_destructor(void *arg)
{
	struct thing *t = arg;

	if (t->deaths)
		atomic_fetch_add(t->deaths, 1);
}

static void test_is_zeroed_and_aligned(void **state)
{
	char *obj = obj_zalloc(100, NULL);
	unsigned i;

	for (i = 0; i < 100; ++i)
		assert_int_equal(obj[i], 0);
	assert_int_equal((uintptr_t)obj % _Alignof(max_align_t), 0);
	assert_null(obj_unref(obj));
}

static void test_last_reference_destroys(void **state)
{
	atomic_int deaths = 0;
	struct thing *t = obj_zalloc(sizeof(*t), thing_destructor);

	t->deaths = &deaths;
	assert_ptr_equal(obj_ref(t), t);
	assert_null(obj_unref(t));
	assert_int_equal(deaths, 0);
	assert_null(obj_unref(t));
	assert_int_equal(deaths, 1);
}

static void test_null_is_allowed(void **state)
{
	assert_null(obj_ref(NULL));
	assert_null(obj_unref(NULL));
}

static void *take_and_drop(void *arg)
{
	int i;

	for (i = 0; i < 1000; ++i)
		obj_unref(obj_ref(arg));
	obj_unref(arg);

	return NULL;
}

static void test_threads_destroy_once(void **state)
{
	atomic_int deaths = 0;
	struct thing *t = obj_zalloc(sizeof(*t), thing_destructor);
	pthread_t thr[4];
	unsigned i;

	t->deaths = &deaths;
	for (i = 0; i < 4; ++i) {
		obj_ref(t);
		assert_int_equal(
			pthread_create(&thr[i], NULL, take_and_drop, t), 0);
	}
	obj_unref(t);
	for (i = 0; i < 4; ++i)
		pthread_join(thr[i], NULL);
	assert_int_equal(deaths, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_is_zeroed_and_aligned),
		cmocka_unit_test(test_last_reference_destroys),
		cmocka_unit_test(test_null_is_allowed),
		cmocka_unit_test(test_threads_destroy_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
