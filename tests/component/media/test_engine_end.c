/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The engine's end while the loop is late */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <semaphore.h>

#include "support/media_rig.h"

struct stall {
	struct rig_leg *leg;
	sem_t closed, go;
};

static void close_and_stall(void *arg) /* Thread: loop */
{
	struct stall *stall = arg;

	media_leg_close(stall->leg->leg);
	sem_post(&stall->closed);
	while (sem_wait(&stall->go))
		;
}

/* The loop may be late: a leg's last word comes when the threads are gone */
static void close_is_told_after_the_engine(void **state)
{
	struct rig_leg leg;
	struct stall stall = {.leg = &leg};
	struct rig rig;

	rig_open(&rig, NULL);
	assert_int_equal(rig_leg_alloc(&leg, &rig, NULL), 0);
	leg.closing = true;
	sem_init(&stall.closed, 0, 0);
	sem_init(&stall.go, 0, 0);
	assert_int_equal(loop_post(rig.loop, "stall", close_and_stall, &stall),
			 0);
	while (sem_wait(&stall.closed))
		;
	rig.engine = media_engine_stop(rig.engine);
	assert_int_equal(leg.nclosed, 0);
	sem_post(&stall.go);
	rig_leg_close(&leg);
	rig_close(&rig);
	sem_destroy(&stall.go);
	sem_destroy(&stall.closed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(close_is_told_after_the_engine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
