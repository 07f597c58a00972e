/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "support/call_fake.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "common/obj.h"
#include "media/media.h"
#include "media/tone.h"
#include "support/call_fake_priv.h"

static struct call_fake_media *media_of(const struct media_leg *leg)
{
	return (struct call_fake_media *)leg;
}

static uint32_t play_tones(struct media_leg *leg, struct tone_list *list,
			   unsigned loops)
{
	struct call_fake *fake = media_of(leg)->fake;

	++media_of(leg)->plays;
	++fake->plays;
	fake->loops = loops;
	fake->steps = (unsigned)list->nsteps;
	fake->first_ms = list->steps[0].ms;
	obj_unref(list);

	return ++fake->play_id;
}

static uint32_t play_stream(struct media_leg *leg, struct media_stream *stream)
{
	struct call_fake *fake = media_of(leg)->fake;

	assert_ptr_equal(stream, fake->stream);
	++media_of(leg)->plays;
	++fake->streams;

	return ++fake->play_id;
}

static unsigned rate(const struct media_leg *leg)
{
	(void)leg;

	return 16000;
}

static uint32_t send_dtmf(struct media_leg *leg, const char *digits,
			  unsigned duration_ms, unsigned interval_ms)
{
	struct call_fake_media *media = media_of(leg);

	(void)duration_ms;
	(void)interval_ms;
	g_strlcpy(media->fake->digits_sent, digits,
		  sizeof(media->fake->digits_sent));
	g_strlcat(media->digits, digits, sizeof(media->digits));

	return ++media->fake->play_id;
}

static void stop(struct media_leg *leg)
{
	++media_of(leg)->stops;
	++media_of(leg)->fake->stops;
}

static void echo(struct media_leg *leg, bool on)
{
	struct call_fake *fake = media_of(leg)->fake;

	++fake->echos;
	fake->echo = on;
}

static void stats(const struct media_leg *leg, struct media_stats *st)
{
	(void)leg;
	st->rx_packets = 500;
	st->in.mos = 4.4;
	st->in.loss = 0.01;
}

static int bridge(struct media_leg *a, struct media_leg *b)
{
	struct call_fake_media *ma = media_of(a), *mb = media_of(b);

	if (ma->fake->bridge_err)
		return ma->fake->bridge_err;
	assert_null(ma->peer);
	assert_null(mb->peer);
	ma->peer = mb;
	mb->peer = ma;

	return 0;
}

static void unbridge(struct media_leg *leg)
{
	struct call_fake_media *media = media_of(leg);

	if (media->peer)
		media->peer->peer = NULL;
	media->peer = NULL;
}

static void mute(struct media_leg *leg, bool in, bool out)
{
	media_of(leg)->muted_in = in;
	media_of(leg)->muted_out = out;
}

static void hold(struct media_leg *leg, bool on)
{
	media_of(leg)->held = on;
}

const struct call_media_ops call_fake_media_ops = {
	.play_tones = play_tones,
	.play_stream = play_stream,
	.rate = rate,
	.send_dtmf = send_dtmf,
	.stop = stop,
	.echo = echo,
	.stats = stats,
	.bridge = bridge,
	.unbridge = unbridge,
	.mute = mute,
	.hold = hold,
	.tap = call_fake_tap,
	.untap = call_fake_untap,
};
