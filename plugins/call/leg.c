/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "call/leg.h"

#include <errno.h>
#include <stddef.h>

#include "common/str.h"
#include "flow/flow_vars.h"

static const char *const reasons[HANGUP_NREASONS] = {
	[HANGUP_NORMAL] = "normal",     [HANGUP_BUSY] = "busy",
	[HANGUP_NOANSWER] = "noanswer", [HANGUP_REJECTED] = "rejected",
	[HANGUP_CANCELED] = "canceled", [HANGUP_TIMEOUT] = "timeout",
	[HANGUP_FAILED] = "failed",
};

const char *hangup_by_name(enum hangup_by by)
{
	switch (by) {
	case HANGUP_BY_REMOTE:
		return "remote";
	case HANGUP_BY_LOCAL:
		return "local";
	case HANGUP_BY_SYSTEM:
		break;
	}

	return "system";
}

const char *hangup_reason_name(enum hangup_reason reason)
{
	return (unsigned)reason < HANGUP_NREASONS ? reasons[reason] : "failed";
}

int hangup_reason_by_name(const char *name, enum hangup_reason *reasonp)
{
	unsigned i;

	for (i = 0; i < HANGUP_NREASONS; ++i) {
		if (str_eq(reasons[i], name)) {
			*reasonp = (enum hangup_reason)i;
			return 0;
		}
	}

	return EINVAL;
}

const char *leg_variable_fault(const char *name)
{
	if (!flow_var_name_is_valid(name))
		return "is no name of a variable";

	return flow_var_name_is_reserved(name) ? "is read only" : NULL;
}
