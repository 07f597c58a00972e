/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file supervisor.h  Takes requests, forks, buries
 *
 * Thread: the process's only one (espeak-ng keeps a second, asleep). It never
 * looks at a file or a text itself.
 */
#ifndef BIFRONS_MEDIAWORKER_SUPERVISOR_H
#define BIFRONS_MEDIAWORKER_SUPERVISOR_H

struct job_tools;

/** Block SIGCHLD, which supervisor_run() reads. Before anything starts a
 * thread: one that does not block it would swallow it. */
void supervisor_block_signals(void);

/** Until control ends; its jobs end with it. @return 0 or errno */
int supervisor_run(int control, const struct job_tools *tools);

#endif
