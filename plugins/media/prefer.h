/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file prefer.h  Media threads go first
 *
 * Sound that is late is lost, an answer that is late is late: when the core
 * is busy (signalling beyond what it can do), the thread that a packet wakes
 * should run before those that never sleep. It asks for short turns, which
 * anyone may (Linux 6.12 runs who wants little before who wants much; older
 * ones pass over it), and for a higher priority, which takes CAP_SYS_NICE or
 * RLIMIT_NICE. Never a real-time class: a fault would take the core with it.
 */
#ifndef BIFRONS_MEDIA_PREFER_H
#define BIFRONS_MEDIA_PREFER_H

enum {
	MEDIA_PREFER_NICE = -10, /**< below what the process has */
	MEDIA_PREFER_TURN_US = 100,
};

/** Let the calling thread go first, as far as it may. One that has a class
 * other than SCHED_OTHER keeps it.
 * @return 0, or why its priority is as it was (EPERM, EACCES; ENOSYS)
 */
int media_prefer(void);

#endif
