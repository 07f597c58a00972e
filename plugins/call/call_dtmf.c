/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Digits to the party: by the leg's signalling where it negotiated that (SIP
 * INFO), else in its media. They take the place of what plays.
 */

#include <errno.h>
#include <string.h>

#include "call/call_priv.h"

enum {
	PAUSE_MS = 500, /* w */
};

/* The next one by signalling; the flow hears of the end of the last */
static void next_digit(void *arg)
{
	struct call *call = arg;
	struct call_play *play = &call->play;
	const char digit = play->digits[play->digit_at];
	unsigned wait_ms = PAUSE_MS;
	int err = 0;

	call_turn_begin(call);
	if (!digit) {
		call_play_finish(call, 0, NULL, NULL);
		goto out;
	}

	if (digit != 'w') {
		err = call->leg->ops->send_dtmf(call->leg, digit,
						play->duration_ms);
		wait_ms = play->duration_ms + play->interval_ms;
	}
	if (err) {
		call_play_finish(call, err, NULL, "a digit could not be sent");
		goto out;
	}
	++play->digit_at;
	timer_start(call->table->env.timers, &call->dtmf_timer, wait_ms,
		    "call_dtmf", next_digit, call);
out:
	call_turn_end(call);
}

int call_dtmf_start(struct call *call, const struct flow_digits *prm,
		    uint32_t *idp)
{
	struct call_play *play = &call->play;

	if (call->state != CALL_ANSWERED || !call->leg || !call->leg->media)
		return ENOTCONN;
	if (!prm->digits[0])
		return EINVAL;

	call_play_begin(call);
	play->duration_ms = prm->duration_ms;
	play->interval_ms = prm->interval_ms;
	*idp = play->id;

	if (call->leg->ops->dtmf_by_signalling &&
	    call->leg->ops->dtmf_by_signalling(call->leg)) {
		call->table->env.media->stop(call->leg->media);
		play->digits = g_strdup(prm->digits);
		timer_start(call->table->env.timers, &call->dtmf_timer, 0,
			    "call_dtmf", next_digit, call);
	} else {
		play->left = 1;
		play->media_id = call->table->env.media->send_dtmf(
			call->leg->media, prm->digits, prm->duration_ms,
			prm->interval_ms);
	}

	return 0;
}
