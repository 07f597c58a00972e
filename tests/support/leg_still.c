/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "support/leg_still.h"

int leg_still_ok(struct leg *leg)
{
	(void)leg;

	return 0;
}

static int still_hangup(struct leg *leg, const struct leg_end *end)
{
	(void)leg;

	return end->sip_code;
}

void leg_still_unref(struct leg *leg)
{
	(void)leg;
}

const struct leg_ops leg_still_ops = {
	.endpoint = "sip",
	.ring = leg_still_ok,
	.progress = leg_still_ok,
	.answer = leg_still_ok,
	.hangup = still_hangup,
	.unref = leg_still_unref,
};
