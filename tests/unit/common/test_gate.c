/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sched.h>
#include <stdatomic.h>

#include "common/gate.h"

static void test_is_closed_at_first(void **state)
{
	struct gate gate = GATE_INIT;

	assert_false(gate_enter(&gate));
	gate_open(&gate);
	assert_true(gate_enter(&gate));
	gate_leave(&gate);
	gate_close_and_wait(&gate);
	assert_false(gate_enter(&gate));
}

struct visit {
	struct gate *gate;
	atomic_bool entered, inside, leave;
};

static void *visitor(void *arg)
{
	struct visit *v = arg;

	if (!gate_enter(v->gate))
		return NULL;
	v->inside = true;
	v->entered = true;
	while (!v->leave)
		sched_yield();
	v->inside = false;
	gate_leave(v->gate);

	return NULL;
}

static void *closer(void *arg)
{
	struct visit *v = arg;

	gate_close_and_wait(v->gate);
	/* nobody is inside any more */
	return (void *)(uintptr_t)v->inside;
}

static void test_close_waits_for_who_is_inside(void **state)
{
	struct gate gate = GATE_INIT;
	struct visit v = {.gate = &gate};
	pthread_t a, b;
	void *inside;

	gate_open(&gate);
	assert_int_equal(pthread_create(&a, NULL, visitor, &v), 0);
	while (!v.entered)
		sched_yield();
	assert_int_equal(pthread_create(&b, NULL, closer, &v), 0);
	/* once it is closed nobody comes in, while the first is still there */
	while (gate_enter(&gate)) {
		gate_leave(&gate);
		sched_yield();
	}
	assert_true(v.inside);
	v.leave = true;
	pthread_join(b, &inside);
	assert_null(inside);
	pthread_join(a, NULL);
}

static void test_opens_again(void **state)
{
	struct gate gate = GATE_INIT;

	gate_open(&gate);
	gate_close_and_wait(&gate);
	gate_open(&gate);
	assert_true(gate_enter(&gate));
	assert_true(gate_enter(&gate));
	gate_leave(&gate);
	gate_leave(&gate);
	gate_close_and_wait(&gate);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_is_closed_at_first),
		cmocka_unit_test(test_close_waits_for_who_is_inside),
		cmocka_unit_test(test_opens_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
