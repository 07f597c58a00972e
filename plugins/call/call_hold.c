/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Who is held hears what its account says, or silence: the peer of a party
 * that put us on hold, and the party that we hold.
 */

#include <errno.h>

#include "call/call_priv.h"
#include "directory/directory.h"
#include "media/media.h"

static const char *hold_media(const struct call *call)
{
	const struct dir_account *account =
		directory_account(call->table->env.dir, call->account_id);

	return account ? account->hold_media : NULL;
}

void call_hold_music(struct call *call, bool on)
{
	const char *url = hold_media(call);
	struct flow_play play = {.loops = 0};
	json_t *urls;
	uint32_t id;

	if (!on) {
		if (call->play.id && call->play.by == CALL_PLAY_HOLD)
			call_play_stop(call);
		return;
	}
	/* what plays to it already is more than that */
	if (!url || !*url || call->play.id || !call_is_running(call))
		return;

	urls = json_pack("[s]", url);
	play.urls = urls;
	if (call_play_start(call, &play, &id) == 0)
		call->play.by = CALL_PLAY_HOLD;
	json_decref(urls);
}

void call_hold_music_again(struct call *call)
{
	const struct call *peer = call_bridge_peer(call);

	if (call->state == CALL_ANSWERED &&
	    (call->held_by_us || (peer && peer->held_by_party)))
		call_hold_music(call, true);
}

static void tell(struct call *call, bool on)
{
	/* a party that does nothing else fills no disk */
	if (call->holds >= CALL_HOLDS_MAX)
		return;
	++call->holds;
	call_write(call, on ? EVENT_CALL_HELD : EVENT_CALL_UNHELD);
}

void call_party_held(struct call *call, bool on)
{
	struct call *peer = call_bridge_peer(call);

	if (call->state != CALL_ANSWERED || call->held_by_party == on)
		return;

	call->held_by_party = on;
	tell(call, on);
	if (!peer)
		return;
	call_turn_begin(peer);
	call_hold_music(peer, on);
	call_turn_end(peer);
}

int call_hold(struct call *call, bool on)
{
	const struct call_media_ops *media = call->table->env.media;
	struct leg *leg = call->leg;
	int err = 0;

	if (call->state != CALL_ANSWERED || !leg || !leg->media)
		return ENOTCONN;
	if (call->held_by_us == on)
		return EALREADY;
	if (leg->ops->hold)
		err = leg->ops->hold(leg, on);
	if (err)
		return err;

	call->held_by_us = on;
	if (media->hold)
		media->hold(leg->media, on);
	tell(call, on);
	call_hold_music(call, on);

	return 0;
}

int call_mute(struct call *call, bool in, bool out, bool on)
{
	const struct call_media_ops *media = call->table->env.media;
	const bool was_in = call->muted_in, was_out = call->muted_out;

	if (call->state == CALL_ENDED || !call->leg || !call->leg->media)
		return ENOTCONN;
	if (!media->mute)
		return ENOTSUP;

	if (in)
		call->muted_in = on;
	if (out)
		call->muted_out = on;
	if (call->muted_in == was_in && call->muted_out == was_out)
		return 0;
	media->mute(call->leg->media, call->muted_in, call->muted_out);
	call_write(call, on ? EVENT_CALL_MUTED : EVENT_CALL_UNMUTED);

	return 0;
}
