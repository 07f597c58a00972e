/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The recorder's end while the loop is late */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <glib.h>
#include <glib/gstdio.h>
#include <semaphore.h>
#include <unistd.h>

#include "common/obj.h"
#include "loop/loop.h"
#include "media/tap.h"
#include "record/record.h"

#define ID "01900000-0000-7000-8000-000000000001"

struct fix {
	struct recorder *recorder;
	struct media_tap *tap;
	struct recording *rec;
	sem_t begun, go;
	unsigned done; /* thread: loop, until it has ended */
};

static void on_done(void *arg, const struct recording_result *res)
{
	struct fix *f = arg;

	assert_int_equal(res->err, 0);
	++f->done;
}

/* A call that ends its recording when the recorder has closed it, and before
 * it was told so */
static void record_and_end_late(void *arg) /* Thread: loop */
{
	struct fix *f = arg;
	const struct recording_params prm = {
		.id = ID,
		.format = RECORD_WAV,
		.channels = 1,
		.tap = f->tap,
		.done = on_done,
		.arg = f,
	};

	assert_int_equal(recording_start(&f->rec, f->recorder, &prm), 0);
	sem_post(&f->begun);
	while (sem_wait(&f->go))
		;
	assert_int_equal(f->done, 0);
	recording_end(f->rec);
}

static void test_an_end_after_the_recorders_end(void **state)
{
	const struct media_tap_params tap = {.rate = 8000, .channels = 1};
	char *dir = g_dir_make_tmp("bifrons-record-XXXXXX", NULL);
	char *sub = g_build_filename(dir, "recordings", NULL);
	char *file = g_build_filename(sub, ID ".wav", NULL);
	struct recorder_params prm = {.data_dir = dir};
	struct fix f = {.done = 0};

	sem_init(&f.begun, 0, 0);
	sem_init(&f.go, 0, 0);
	assert_int_equal(media_tap_alloc(&f.tap, &tap), 0);
	assert_int_equal(loop_start(&prm.loop, clock_system()), 0);
	assert_int_equal(recorder_start(&f.recorder, &prm), 0);
	assert_int_equal(loop_post(prm.loop, "late", record_and_end_late, &f),
			 0);
	while (sem_wait(&f.begun))
		;
	assert_null(recorder_stop(f.recorder));
	sem_post(&f.go);
	assert_null(loop_stop(prm.loop));
	assert_int_equal(f.done, 1);

	assert_int_equal(g_unlink(file), 0);
	g_rmdir(sub);
	g_rmdir(dir);
	g_free(file);
	g_free(sub);
	g_free(dir);
	obj_unref(f.tap);
	sem_destroy(&f.go);
	sem_destroy(&f.begun);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_end_after_the_recorders_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
