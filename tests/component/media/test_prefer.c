/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <linux/capability.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "media/prefer.h"

struct seen {
	bool humble; /* without the permission */
	int before, after, policy, err;
};

/* of this thread alone */
static void drop_permission(void)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2];
	struct rlimit none = {0};

	assert_int_equal(syscall(SYS_capget, &head, data), 0);
	data[0].effective &= ~(1u << CAP_SYS_NICE);
	assert_int_equal(syscall(SYS_capset, &head, data), 0);
	assert_int_equal(getrlimit(RLIMIT_NICE, &none), 0);
	none.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_NICE, &none), 0);
}

static void *run(void *arg)
{
	struct seen *seen = arg;
	const pid_t self = (pid_t)syscall(SYS_gettid);

	if (seen->humble)
		drop_permission();
	seen->before = getpriority(PRIO_PROCESS, (id_t)self);
	seen->err = media_prefer();
	seen->after = getpriority(PRIO_PROCESS, (id_t)self);
	seen->policy = sched_getscheduler(self);

	return NULL;
}

static void on_a_thread(struct seen *seen)
{
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, run, seen), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
}

static void test_goes_first_where_it_may(void **state)
{
	const int mine = getpriority(PRIO_PROCESS, 0);
	struct seen seen = {0};

	(void)state;
	on_a_thread(&seen);
	assert_int_equal(seen.policy, SCHED_OTHER);
	if (seen.err)
		assert_int_equal(seen.after, seen.before);
	else
		assert_true(seen.after == seen.before + MEDIA_PREFER_NICE ||
			    seen.after == -20);
	/* it alone */
	assert_int_equal(getpriority(PRIO_PROCESS, 0), mine);
}

static void test_without_permission_all_stays_as_it_was(void **state)
{
	struct seen seen = {.humble = true};

	(void)state;
	on_a_thread(&seen);
	assert_true(seen.err == EPERM || seen.err == EACCES);
	assert_int_equal(seen.after, seen.before);
	assert_int_equal(seen.policy, SCHED_OTHER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_goes_first_where_it_may),
		cmocka_unit_test(test_without_permission_all_stays_as_it_was),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
