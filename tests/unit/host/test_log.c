/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "host/log.h"

static void sink(enum log_level level, const char *line)
{
	check_expected(level);
	check_expected(line);
}

static void expect(enum log_level level, const char *line)
{
	expect_value(sink, level, level);
	expect_string(sink, line, line);
}

static int setup(void **state)
{
	log_set_sink(sink);
	log_set_level(LOG_AT_INFO);

	return 0;
}

static int teardown(void **state)
{
	log_set_sink(NULL);
	log_set_level(LOG_AT_INFO);

	return 0;
}

static void test_levels(void **state)
{
	expect(LOG_AT_ERROR, "a 1");
	log_error("a %d", 1);
	expect(LOG_AT_WARN, "b");
	log_warn("b");
	expect(LOG_AT_INFO, "c");
	log_info("c");
	log_debug("d");
	assert_false(log_is_on(LOG_AT_DEBUG));

	log_set_level(LOG_AT_DEBUG);
	expect(LOG_AT_DEBUG, "d");
	log_debug("d");
	log_set_level(LOG_AT_ERROR);
	log_warn("b");
	expect(LOG_AT_ERROR, "a");
	log_error("a");
}

static void test_a_stranger_begins_no_line(void **state)
{
	expect(LOG_AT_WARN, "from bob?? error: forged ?[31m x ?");
	log_warn("from %s", "bob\r\n error: forged \x1b[31m\tx \x7f");
}

static void test_long_lines_are_cut(void **state)
{
	char text[3000], want[1024];

	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	memset(want, 'x', sizeof(want));
	memcpy(want + sizeof(want) - 4, "...", 4);
	expect(LOG_AT_INFO, want);
	log_info("%s", text);
}

static void test_limit_counts_what_it_keeps_back(void **state)
{
	struct log_limit lim = {0};
	unsigned dropped = 99, passed = 0, told = 0, i;

	/* whatever second it is: every line either passes or is counted, and
	 * what was counted is told with a later one */
	for (i = 0; i < 1000; ++i) {
		if (log_limit_pass(&lim, 3, &dropped)) {
			++passed;
			told += dropped;
		}
	}
	assert_true(passed >= 3);
	assert_int_equal(passed + told + lim.dropped, 1000);
	/* none at all is a limit too */
	assert_false(log_limit_pass(&lim, 0, NULL));
}

static void test_limit_begins_anew(void **state)
{
	struct log_limit lim = {0};
	unsigned dropped = 99;

	while (log_limit_pass(&lim, 1, NULL))
		;
	assert_true(lim.dropped >= 1);
	lim.window_s -= 1; /* as if a second had passed */
	assert_true(log_limit_pass(&lim, 1, &dropped));
	assert_true(dropped >= 1);
}

struct shared {
	struct log_limit lim;
	atomic_uint passed, told;
};

static void *knock(void *arg)
{
	struct shared *sh = arg;
	unsigned dropped, i;

	for (i = 0; i < 2000; ++i) {
		if (log_limit_pass(&sh->lim, 5, &dropped)) {
			sh->passed += 1;
			sh->told += dropped;
		}
	}

	return NULL;
}

static void test_limit_from_threads(void **state)
{
	struct shared sh = {.passed = 0};
	pthread_t thr[4];
	int i;

	for (i = 0; i < 4; ++i)
		assert_int_equal(pthread_create(&thr[i], NULL, knock, &sh), 0);
	for (i = 0; i < 4; ++i)
		pthread_join(thr[i], NULL);
	assert_int_equal(sh.passed + sh.told + sh.lim.dropped, 8000);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_levels),
		T(test_a_stranger_begins_no_line),
		T(test_long_lines_are_cut),
		T(test_limit_counts_what_it_keeps_back),
		T(test_limit_begins_anew),
		T(test_limit_from_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
