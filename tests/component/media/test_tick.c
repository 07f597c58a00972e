/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The tick's timer: it wakes who needs it, and nobody else */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <poll.h>
#include <string.h>

#include "common/obj.h"
#include "media/leg_priv.h"
#include "media/tick.h"

static bool is_readable(const struct tick *tick, int ms)
{
	struct pollfd pfd = {.fd = tick->fd, .events = POLLIN};

	return poll(&pfd, 1, ms) == 1;
}

/* A descriptor that stays readable keeps its thread spinning for ever */
static void test_it_rests_when_the_last_leaves_as_it_fires(void **state)
{
	struct media_thread *th = obj_zalloc(sizeof(*th), NULL);
	struct media_leg *leg = obj_zalloc(sizeof(*leg), NULL);
	struct tick *tick = &th->tick;

	assert_int_equal(tick_init(tick), 0);
	th->now_us = media_now_us();
	tick_join(tick, leg, th->now_us);
	tick_arm(tick);
	assert_true(is_readable(tick, 5000));

	/* the command that ends it runs in the same wake, before the tick */
	tick_leave(tick, leg);
	th->now_us = media_now_us();
	tick_run(tick, th);
	tick_arm(tick);
	assert_false(is_readable(tick, 0));

	tick_free(tick);
	obj_unref(leg);
	obj_unref(th);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			test_it_rests_when_the_last_leaves_as_it_fires),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
