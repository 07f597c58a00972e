/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file bridge.h  Who hears whom, and how: a peer, or oneself in echo
 *
 * Thread: the leg's media thread, which is its peer's too. Packets go as they
 * are (route.h) where codec and packet time agree and nobody is muted; else
 * the tick takes what the other said (frames.h) and encodes it. A tap does not
 * change the way: for it a copy is decoded beside the packets.
 */
#ifndef BIFRONS_MEDIA_BRIDGE_H
#define BIFRONS_MEDIA_BRIDGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dtmf_event;
struct media_leg;
struct media_thread;
struct rtp_packet;

/** What the loop asks for */
struct media_bridge_change {
	struct media_leg *leg;  /**< borrowed, as its peer */
	struct media_leg *peer; /**< of a bridge */
	bool in, out;           /**< of mute; in: of hold */
};

/* Commands; each owns its struct media_bridge_change */
void media_bridge_cmd_on(struct media_thread *th, void *change);
void media_bridge_cmd_off(struct media_thread *th, void *change);
void media_bridge_cmd_mute(struct media_thread *th, void *change);
void media_bridge_cmd_hold(struct media_thread *th, void *change);

/** Part them, if there are two */
void media_bridge_end(struct media_leg *leg, struct media_thread *th);

/** Something changed for this leg: routes, decoding and tick of it and of its
 * peer become what they must be. Not in the tick. */
void media_bridge_update(struct media_leg *leg, struct media_thread *th);
/** Another session: what passes next begins a spurt */
void media_bridge_anew(struct media_leg *leg);

/** 20 ms of the other's sound, unless something of our own goes out */
void media_bridge_step(struct media_leg *leg, struct media_thread *th);

/** From whom a leg hears, and who hears it; NULL = nobody */
struct media_leg *media_bridge_other(struct media_leg *leg);

/** A digit began or ended at this leg: its peer gets it, by the route when
 * that is open as it begins, else as a digit that we send when it has ended
 */
void media_bridge_digit(struct media_leg *leg, struct media_thread *th,
			const struct dtmf_event *ev);
/** A packet of it. @return true when it went on to the peer */
bool media_bridge_event(struct media_leg *leg, struct media_thread *th,
			uint8_t *buf, size_t len, const struct rtp_packet *pkt);

#endif
