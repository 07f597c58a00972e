/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "media/prefer.h"

#include <errno.h>
#include <glib.h>
#include <sched.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
	NICE_MIN = -20
};

/* sched_setattr(2), its first version; the C library has no name for it */
struct attr {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime_ns, deadline_ns, period_ns;
};

static int set(const struct attr *attr)
{
	return syscall(SYS_sched_setattr, 0, attr, 0) ? errno : 0;
}

int media_prefer(void)
{
	struct attr attr = {.size = sizeof(attr)};
	int32_t nice;
	int err;

	if (syscall(SYS_sched_getattr, 0, &attr, sizeof(attr), 0))
		return errno;
	if (attr.policy != SCHED_OTHER)
		return 0;

	nice = attr.nice;
	attr.flags = 0;
	attr.runtime_ns = MEDIA_PREFER_TURN_US * 1000;
	attr.nice = MAX(nice + MEDIA_PREFER_NICE, NICE_MIN);
	err = set(&attr);
	if (!err)
		return 0;

	/* short turns alone: if not even that, things are as they were */
	attr.nice = nice;
	(void)set(&attr);

	return err;
}
