/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Two calls whose parties hear each other. The sound is their legs' media's,
 * the picture their legs'; here is who is with whom, since when, and what one
 * does that the other shall notice.
 */

#include <errno.h>

#include "call/call_priv.h"
#include "host/log.h"
#include "media/media.h"

enum bridge_state {
	BRIDGE_NONE,
	BRIDGE_EARLY, /**< one rings yet: sound only */
	BRIDGE_UP,
	BRIDGE_NSTATES,
};

struct call_bridge {
	struct call *a, *b;
	enum bridge_state state;
};

#define TO(state) (1u << (state))

static const unsigned allowed[BRIDGE_NSTATES] = {
	[BRIDGE_NONE] = TO(BRIDGE_EARLY) | TO(BRIDGE_UP),
	[BRIDGE_EARLY] = TO(BRIDGE_UP) | TO(BRIDGE_NONE),
	[BRIDGE_UP] = TO(BRIDGE_NONE),
};

static void set_state(struct call_bridge *bridge, enum bridge_state next)
{
	if (!(allowed[bridge->state] & TO(next))) {
		log_warn("call %s: refused bridge %d -> %d", bridge->a->id,
			 bridge->state, next);
		return;
	}
	bridge->state = next;
}

static struct call *other(const struct call *call)
{
	const struct call_bridge *bridge = call->bridge;

	return bridge->a == call ? bridge->b : bridge->a;
}

struct call *call_bridge_peer(const struct call *call)
{
	if (!call->bridge || call->bridge->state != BRIDGE_UP)
		return NULL;

	return other(call);
}

bool call_bridge_is_early_with(const struct call *call, const struct call *peer)
{
	return call->bridge && call->bridge->state == BRIDGE_EARLY &&
	       other(call) == peer;
}

static struct media_leg *media_of(const struct call *call)
{
	return call->leg ? call->leg->media : NULL;
}

static int bridge_media(struct call *a, struct call *b)
{
	const struct call_media_ops *ops = a->table->env.media;

	if (!media_of(a) || !media_of(b))
		return ENOTCONN;
	if (!ops->bridge)
		return ENOTSUP;

	return ops->bridge(media_of(a), media_of(b));
}

static void bridge_pictures(const struct call *a, const struct call *b)
{
	const struct leg_ops *ops = a->leg->ops;

	if (ops != b->leg->ops || !ops->bridge)
		return;
	ops->bridge(a->leg, b->leg);
	ops->bridge(b->leg, a->leg);
}

static void part(const struct call *call, bool up)
{
	const struct call_media_ops *ops = call->table->env.media;

	if (media_of(call) && ops->unbridge)
		ops->unbridge(media_of(call));
	if (up && call->leg && call->leg->ops->bridge)
		call->leg->ops->bridge(call->leg, NULL);
}

static void know(struct call *call, const struct call *peer)
{
	char line[CALL_NOTE_SIZE];

	g_strlcpy(call->peer_id, peer->id, ID_SIZE);
	g_snprintf(line, sizeof(line), "bridged with %s", peer->id);
	call_note_as(call, CALL_NOTE_CONNECT, line);
}

int call_bridge_open(struct call *a, struct call *b, bool early)
{
	const enum bridge_state next = early ? BRIDGE_EARLY : BRIDGE_UP;
	int err;

	if (call_bridge_is_early_with(a, b)) {
		if (early)
			return EALREADY;
	} else {
		if (a->bridge || b->bridge)
			return EBUSY;
		err = bridge_media(a, b);
		if (err)
			return err;
		a->bridge = b->bridge = g_new0(struct call_bridge, 1);
		a->bridge->a = a;
		a->bridge->b = b;
	}

	set_state(a->bridge, next);
	if (!early) {
		bridge_pictures(a, b);
		know(a, b);
		know(b, a);
	}

	return 0;
}

/* The one that ended keeps in its record whom it was with */
static void forget(struct call *call)
{
	call->bridge = NULL;
	if (call->state != CALL_ENDED)
		call->peer_id[0] = '\0';
	if (!call->held_by_us)
		call_hold_music(call, false); /* it was the other's hold */
}

void call_bridge_close(struct call *call)
{
	struct call_bridge *bridge = call->bridge;
	bool up;

	if (!bridge)
		return;

	up = bridge->state == BRIDGE_UP;
	set_state(bridge, BRIDGE_NONE);
	part(bridge->a, up);
	part(bridge->b, up);
	forget(bridge->a);
	forget(bridge->b);
	g_free(bridge);
}

static bool by_signalling(const struct call *call)
{
	return call->leg && call->leg->ops->dtmf_by_signalling &&
	       call->leg->ops->dtmf_by_signalling(call->leg);
}

/* A packet can be a digit: whoever sends more of them than can be pressed does
 * not become as many requests to the other */
static bool is_in_time(struct call *peer)
{
	const int64_t now_ms = call_now(peer).mono_ms;
	const int64_t until_ms = MAX(peer->pressed_ms, now_ms) + CALL_DIGIT_MS +
				 CALL_DIGIT_PAUSE_MS;

	if (until_ms - now_ms > CALL_DIGITS_MS)
		return false;
	peer->pressed_ms = until_ms;

	return true;
}

/* From media to media it passes by itself; where either side has it in its
 * signalling it is carried over */
void call_bridge_digit(struct call *call, char digit, unsigned duration_ms,
		       bool in_media)
{
	struct call *peer = call_bridge_peer(call);
	const char text[2] = {digit, '\0'};
	const unsigned ms = duration_ms ? duration_ms : CALL_DIGIT_MS;
	const struct call_media_ops *ops;

	if (!peer || !peer->leg || (in_media && !by_signalling(peer)) ||
	    !is_in_time(peer))
		return;
	ops = peer->table->env.media;
	if (by_signalling(peer))
		(void)peer->leg->ops->send_dtmf(peer->leg, digit, ms);
	else if (media_of(peer))
		(void)ops->send_dtmf(media_of(peer), text, ms,
				     CALL_DIGIT_PAUSE_MS);
}
