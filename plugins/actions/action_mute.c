/* SPDX-License-Identifier: GPL-3.0-or-later */

/* mute and unmute */

#include <errno.h>
#include <string.h>

#include "actions/actions.h"
#include "common/json.h"
#include "common/str.h"

static const char *const directions[] = {"in", "out", "both", NULL};

static const struct opt opts[] = {
	{.name = "direction",
	 .type = OPT_STRING,
	 .values = directions,
	 .def = "\"both\"",
	 .doc = "`in`: what the party says; `out`: what it hears; `both`."},
	OPT_END,
};

static enum act set_mute(struct flow_run *run, bool on)
{
	const char *direction = json_str(flow_opts(run), "direction", "both");
	int err = ENOTSUP;

	if (flow_host(run)->mute)
		err = flow_host(run)->mute(flow_host_arg(run),
					   !str_eq(direction, "out"),
					   !str_eq(direction, "in"), on);
	if (err)
		return flow_fail(run, "mute_failed", "%s", strerror(err));

	return ACT_NEXT;
}

static enum act mute_start(struct flow_run *run)
{
	return set_mute(run, true);
}

static enum act unmute_start(struct flow_run *run)
{
	return set_mute(run, false);
}

const struct action_type action_mute = {
	.name = "mute",
	.opts = opts,
	.start = mute_start,
	.doc = "Makes a direction silent, as the party sees it, until "
	       "`unmute`. A call without media breaks it with `mute_failed`.",
	.example = "{\"type\": \"mute\", \"option\": {\"direction\": "
		   "\"in\"}}",
};

const struct action_type action_unmute = {
	.name = "unmute",
	.opts = opts,
	.start = unmute_start,
	.doc = "Ends what `mute` did.",
	.example = "{\"type\": \"unmute\"}",
};
