/* SPDX-License-Identifier: GPL-3.0-or-later */
/* bifrons-media: the call plugin starts it, with a socket on descriptor 3.
 * It loads what decodes and what speaks, and forks a process for each job. */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "job.h"
#include "supervisor.h"

#define OOM_SCORE "500" /* of 1000; raising one's own needs no privilege */

enum {
	NICENESS = 5
};

/* Nobody but the plugin has a use for it */
static bool has_control(void)
{
	socklen_t len = sizeof(int);
	int type = 0;

	return !getsockopt(MEDIA_CONTROL_FD, SOL_SOCKET, SO_TYPE, &type,
			   &len) &&
	       type == SOCK_SEQPACKET;
}

/* Calls come before files: on a busy machine, and on one without memory */
static void stand_back(void)
{
	FILE *f = fopen("/proc/self/oom_score_adj", "we");

	(void)setpriority(PRIO_PROCESS, 0, NICENESS);
	if (f) {
		(void)fputs(OOM_SCORE, f);
		(void)fclose(f);
	}
}

int main(void)
{
	const struct rlimit none = {0};
	struct job_tools tools = {0};
	int err;

	if (!has_control()) {
		fputs("bifrons-media is a part of Bifrons: the call plugin "
		      "starts it\n",
		      stderr);
		return 2;
	}

	/* when we are cut off the socket ends; this is for the moments in
	 * which we do not look at it */
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	(void)close_range(MEDIA_CONTROL_FD + 1, ~0U, 0);
	(void)setrlimit(RLIMIT_CORE, &none);
	(void)signal(SIGPIPE, SIG_IGN);
	stand_back();

	supervisor_block_signals();
	err = job_prepare(&tools);
	if (!err)
		err = supervisor_run(MEDIA_CONTROL_FD, &tools);
	if (err)
		fprintf(stderr, "bifrons-media: %s\n", strerror(err));

	return err ? 1 : 0;
}
