/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "call/call_priv.h"
#include "media/media.h"

const struct call_media_ops call_media_default = {
	.play_tones = media_leg_play_tones,
	.send_dtmf = media_leg_send_dtmf,
	.stop = media_leg_stop,
	.echo = media_leg_echo,
	.stats = media_leg_stats,
};
