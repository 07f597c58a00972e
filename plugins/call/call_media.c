/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "call/call_priv.h"
#include "media/media.h"

const struct call_media_ops call_media_default = {
	.play_tones = media_leg_play_tones,
	.play_stream = media_leg_play_stream,
	.rate = media_leg_rate,
	.send_dtmf = media_leg_send_dtmf,
	.stop = media_leg_stop,
	.echo = media_leg_echo,
	.stats = media_leg_stats,
	.bridge = media_leg_bridge,
	.unbridge = media_leg_unbridge,
	.mute = media_leg_mute,
	.hold = media_leg_hold,
	.tap = media_leg_tap,
	.untap = media_leg_untap,
};
