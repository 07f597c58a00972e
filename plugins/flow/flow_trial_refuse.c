/* SPDX-License-Identifier: GPL-3.0-or-later */

/* What a trial's host refuses because it is told to: as the host of a call
 * does, with the same codes and errors */

#include <errno.h>
#include <stddef.h>

#include "common/json.h"
#include "common/str.h"
#include "flow/flow_trial_priv.h"

struct refusal {
	const char *code;
	int err;
};

static const struct refusal refusals[] = {
	{"limit", EAGAIN},         {"account_suspended", EAGAIN},
	{"invalid_value", EINVAL}, {"flow_not_found", EINVAL},
	{"connect_failed", EBUSY}, {"call_failed", ENOTSUP},
	{"recording_failed", EIO}, {"wrong_state", EBUSY},
	{"busy", EAGAIN},          {NULL, 0},
};

static const char *const connect_codes[] = {
	"limit", "account_suspended", "invalid_value", "connect_failed", NULL};
static const char *const call_codes[] = {"limit",         "account_suspended",
					 "invalid_value", "flow_not_found",
					 "call_failed",   NULL};
static const char *const record_codes[] = {"recording_failed", "wrong_state",
					   "busy", NULL};

const struct opt flow_trial_refuse_opts[] = {
	{.name = "connect",
	 .type = OPT_STRING,
	 .values = connect_codes,
	 .doc = "No `connect` can begin: the code of the error."},
	{.name = "call",
	 .type = OPT_STRING,
	 .values = call_codes,
	 .doc = "No `call` can begin: the code of the error."},
	{.name = "record",
	 .type = OPT_STRING,
	 .values = record_codes,
	 .doc = "No `record` or `recording_start` can begin: the code of the "
		"error."},
	{.name = "echo",
	 .type = OPT_BOOL,
	 .def = "false",
	 .doc = "There is no media for `echo`."},
	{.name = "mute",
	 .type = OPT_BOOL,
	 .def = "false",
	 .doc = "There is no media for `mute` and `unmute`."},
	OPT_END,
};

static const json_t *told(const struct flow_trial *trial)
{
	return json_object_get(trial->prm->in, "refuse");
}

int flow_trial_refusal(const struct flow_trial *trial, const char *what,
		       const char **codep)
{
	const char *code = json_str(told(trial), what, NULL);
	const struct refusal *refusal;

	if (!code)
		return 0;
	for (refusal = refusals; refusal->code; ++refusal)
		if (str_eq(refusal->code, code))
			break;
	*codep = refusal->code;

	return refusal->err;
}

int flow_trial_without_media(const struct flow_trial *trial, const char *what)
{
	return json_flag(told(trial), what, false) ? ENOTCONN : 0;
}
