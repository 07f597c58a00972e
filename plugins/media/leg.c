/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The part of a leg's life that the loop runs: media.h */
#include <errno.h>
#include <sys/random.h>
#include <unistd.h>

#include "common/obj.h"
#include "host/log.h"
#include "loop/loop.h"
#include "media/input.h"
#include "media/leg_priv.h"
#include "media/play.h"
#include "media/sound.h"

static void leg_destructor(void *arg)
{
	struct media_leg *leg = arg;

	if (leg->rtp.fd >= 0)
		close(leg->rtp.fd);
	if (leg->rtcp.fd >= 0)
		close(leg->rtcp.fd);
	media_play_drop(leg);
	obj_unref(atomic_load(&leg->route));
	obj_unref(leg->sound);
	obj_unref(leg->rxaudio);
	obj_unref(leg->frames);
	obj_unref(leg->conv);
	obj_unref(leg->taps);
	obj_unref(leg->ring);
	g_free((void *)leg->sess.sources);
	obj_unref(leg->engine);
}

static struct media_thread *least_loaded(struct media_engine *engine)
{
	struct media_thread *best = &engine->threads[0];
	unsigned i;

	for (i = 1; i < engine->nthreads; ++i)
		if (atomic_load(&engine->threads[i].nlegs) <
		    atomic_load(&best->nlegs))
			best = &engine->threads[i];

	return best;
}

/* RFC 7022 §4.2: says nothing about the host */
static void make_cname(struct media_leg *leg)
{
	uint32_t rnd[3] = {0};

	if (getrandom(rnd, sizeof(rnd), 0) != sizeof(rnd))
		rnd[0] = g_random_int();
	leg->rnd = rnd[2];
	g_snprintf(leg->cname, sizeof(leg->cname), "%08x%08x", rnd[0], rnd[1]);
}

static int open_sockets(struct media_leg *leg)
{
	struct ports_pair pair;
	const int err = ports_open(leg->engine->ports, &pair, media_now_us());

	if (err)
		return err;

	leg->port = pair.port;
	leg->rtp.fd = pair.rtp;
	leg->rtcp.fd = pair.rtcp;

	return 0;
}

int media_leg_alloc(struct media_leg **legp, struct media_engine *engine,
		    const struct media_leg_params *prm)
{
	struct media_leg *leg;
	int err = 0;

	if (!legp || !engine || !prm || !prm->handler)
		return EINVAL;

	loop_assert(engine->loop);
	leg = obj_zalloc(sizeof(*leg), leg_destructor);
	leg->engine = obj_ref(engine);
	leg->handler = prm->handler;
	leg->arg = prm->arg;
	leg->send = prm->send;
	leg->send_arg = prm->send_arg;
	leg->dtmf_pt = -1;
	leg->rtp.fd = leg->rtcp.fd = -1;
	leg->rtp.ready = media_rx_rtp;
	leg->rtcp.ready = media_rx_rtcp;
	g_strlcpy(leg->name, prm->name ? prm->name : "-", sizeof(leg->name));
	media_tx_init(&leg->tx);
	make_cname(leg);

	if (prm->send)
		leg->ring = media_ring_alloc();
	else
		err = open_sockets(leg);
	if (err) {
		obj_unref(leg);
		return err;
	}

	leg->th = least_loaded(engine);
	atomic_store(&leg->owner, leg->th);
	atomic_store(&leg->inbox, leg->th);
	atomic_fetch_add(&leg->th->nlegs, 1);
	*legp = leg;

	return 0;
}

uint16_t media_leg_port(const struct media_leg *leg)
{
	return leg ? leg->port : 0;
}

static int check_session(const struct media_session *sess)
{
	if (!sess || !sess->codec || sess->pt > 127 || sess->dtmf_pt > 127)
		return EINVAL;
	if (sess->ptime_ms < 10 || sess->ptime_ms > CODEC_PTIME_MAX)
		return EINVAL;
	if (sess->dtmf_pt >= 0 && !sess->dtmf_clock)
		return EINVAL;

	return 0;
}

int media_leg_start(struct media_leg *leg, const struct media_session *sess)
{
	struct media_leg_session *change;
	int err;

	if (!leg || leg->closing)
		return EINVAL;
	loop_assert(leg->engine->loop);
	err = check_session(sess);
	if (err)
		return err;

	change = g_new0(struct media_leg_session, 1);
	change->leg = leg;
	change->sess = *sess;
	if (sess->sources)
		change->sess.sources = g_memdup2(
			sess->sources,
			MAX(sess->nsources, 1) * sizeof(*sess->sources));
	leg->dtmf_pt = sess->dtmf_pt;
	leg->rate = media_sound_rate_of(sess->codec);

	err = media_post_legs(leg->th, leg, NULL, media_leg_cmd_start, change);
	if (err) {
		g_free((void *)change->sess.sources);
		g_free(change);
		return EINVAL;
	}

	return 0;
}

static void post_leg(struct media_leg *leg, media_cmd_h *fn)
{
	loop_assert(leg->engine->loop);
	if (!leg->closing)
		(void)media_post_legs(leg->th, leg, NULL, fn, leg);
}

/* Hand it over. @return Its id */
static uint32_t post_play(struct media_leg *leg, media_cmd_h *fn,
			  struct media_play *play)
{
	const uint32_t id =
		++leg->last_play_id ? leg->last_play_id : ++leg->last_play_id;

	loop_assert(leg->engine->loop);
	play->leg = leg;
	play->id = id;
	if (leg->closing || media_post_legs(leg->th, leg, NULL, fn, play))
		media_play_free(play);

	return id;
}

uint32_t media_leg_play_tones(struct media_leg *leg, struct tone_list *list,
			      unsigned loops)
{
	return post_play(leg, media_play_cmd_play,
			 media_play_tones(list, loops));
}

uint32_t media_leg_play_stream(struct media_leg *leg,
			       struct media_stream *stream)
{
	return post_play(leg, media_play_cmd_play, media_play_stream(stream));
}

unsigned media_leg_rate(const struct media_leg *leg)
{
	return leg ? leg->rate : 0;
}

uint32_t media_leg_send_dtmf(struct media_leg *leg, const char *digits,
			     unsigned duration_ms, unsigned interval_ms)
{
	struct media_play *play;

	if (leg->dtmf_pt >= 0)
		play = media_play_events(digits, duration_ms, interval_ms);
	else
		play = media_play_inband(digits, duration_ms, interval_ms);

	return post_play(leg, media_play_cmd_send, play);
}

void media_leg_stop(struct media_leg *leg)
{
	post_leg(leg, media_play_cmd_stop);
}

void media_leg_echo(struct media_leg *leg, bool on)
{
	post_leg(leg, on ? media_leg_cmd_echo_on : media_leg_cmd_echo_off);
}

void media_leg_close(struct media_leg *leg)
{
	if (!leg || leg->closing)
		return;

	if (leg->partner)
		leg->partner->partner = NULL;
	leg->partner = NULL;
	post_leg(leg, media_leg_cmd_close);
	leg->closing = true;
}

static void leg_closed(struct media_leg *leg)
{
	struct media_stats stats;

	if (leg->port)
		ports_give(leg->engine->ports, leg->port, media_now_us());
	atomic_fetch_sub(&leg->th->nlegs, 1);
	media_leg_stats(leg, &stats);
	if (leg->handler->closed)
		leg->handler->closed(leg->arg, &stats);
	obj_unref(leg);
}

void media_leg_event(struct media_leg *leg, const struct media_event *ev)
{
	const struct media_handler *h = leg->handler;

	if (leg->closing && ev->type != MEDIA_EV_CLOSED)
		return; /* was under way when the leg was closed */

	switch (ev->type) {
	case MEDIA_EV_DTMF:
		if (h->dtmf)
			h->dtmf(leg->arg, ev->digit, ev->duration_ms);
		break;
	case MEDIA_EV_PLAYED:
		if (h->played)
			h->played(leg->arg, ev->play_id, ev->err);
		break;
	case MEDIA_EV_SILENT:
		if (h->silent)
			h->silent(leg->arg);
		break;
	case MEDIA_EV_STARTED:
		if (h->started)
			h->started(leg->arg);
		break;
	case MEDIA_EV_TAPPED:
		if (media_leg_forget_tap(leg, ev->tap_id) && h->tapped)
			h->tapped(leg->arg, ev->tap_id, ev->tap_end);
		break;
	case MEDIA_EV_CLOSED:
		leg_closed(leg);
		break;
	}
}

static unsigned load(const atomic_uint *value)
{
	return atomic_load_explicit(value, memory_order_relaxed);
}

void media_leg_stats(const struct media_leg *leg, struct media_stats *stats)
{
	const struct media_figures *fig = &leg->figures;

	*stats = (struct media_stats){
		.rx_packets = media_counted(&fig->rx_packets),
		.rx_bytes = media_counted(&fig->rx_bytes),
		.rx_lost = media_counted(&fig->rx_lost),
		.rx_late = media_counted(&fig->rx_late),
		.rx_dropped = media_counted(&fig->rx_dropped) +
			      media_ring_dropped(leg->ring),
		.tx_packets = media_counted(&fig->tx_packets),
		.tx_bytes = media_counted(&fig->tx_bytes),
		.tx_underruns = media_counted(&fig->tx_underruns),
		.rx_gap_max_ms = load(&fig->rx_gap_max_ms),
		.in = {.mos = load(&fig->in_mos) / 100.0,
		       .loss = load(&fig->in_loss) / 1e6,
		       .jitter_ms = load(&fig->jitter_ms),
		       .rtt_ms = load(&fig->rtt_ms)},
		.out = {.mos = load(&fig->out_mos) / 100.0,
			.loss = load(&fig->out_loss) / 1e6,
			.jitter_ms = load(&fig->out_jitter_ms),
			.rtt_ms = load(&fig->rtt_ms)},
	};
}
