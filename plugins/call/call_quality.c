/* SPDX-License-Identifier: GPL-3.0-or-later */

/* How a call sounds: looked at now and then while it is up, and at its end */

#include <string.h>

#include "call/call_priv.h"
#include "common/jsonw.h"
#include "media/media.h"

enum {
	QUALITY_MS = 30000,
	QUALITY_SIZE = 320,
};

static void put_direction(GString *out, const char *key,
			  const struct media_quality *quality)
{
	jsonw_open(out, key, '{');
	if (quality->mos > 0)
		jsonw_fixed(out, "mos", quality->mos, 2);
	else
		jsonw_null(out, "mos");
	jsonw_fixed(out, "loss", quality->loss, 4);
	jsonw_int(out, "jitter_ms", quality->jitter_ms);
	jsonw_int(out, "rtt_ms", quality->rtt_ms);
	jsonw_close(out, '}');
}

static char *quality_text(const struct media_stats *stats)
{
	GString *out = g_string_sized_new(QUALITY_SIZE);

	jsonw_open(out, NULL, '{');
	put_direction(out, "in", &stats->in);
	put_direction(out, "out", &stats->out);
	jsonw_int(out, "rx_packets", (int64_t)stats->rx_packets);
	jsonw_int(out, "rx_lost", (int64_t)stats->rx_lost);
	jsonw_int(out, "tx_packets", (int64_t)stats->tx_packets);
	jsonw_close(out, '}');

	return g_string_free(out, FALSE);
}

bool call_quality_look(struct call *call)
{
	const struct call_media_ops *ops = call->table->env.media;
	struct leg *leg = call->leg;
	struct media_stats stats;

	if (!leg || !leg->media || !call->media)
		return false;

	memset(&stats, 0, sizeof(stats));
	ops->stats(leg->media, &stats);
	g_free(call->quality);
	call->quality = quality_text(&stats);

	return true;
}

static void on_look(void *arg)
{
	struct call *call = arg;

	call_turn_begin(call);
	if (call_quality_look(call)) {
		call_save(call);
		call_emit_text(call, EVENT_CALL_QUALITY, call->quality);
	}
	call_quality_watch(call);
	call_turn_end(call);
}

void call_quality_watch(struct call *call)
{
	timer_start(call->table->env.timers, &call->quality_timer, QUALITY_MS,
		    "call_quality", on_look, call);
}
