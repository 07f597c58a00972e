/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file input.h  Packets handed in from other threads: a ring per leg
 *
 * One thread at a time puts (a browser's ICE loop), the media thread takes.
 * No lock, no allocation. Legs with packets stand in a stack of their media
 * thread; only the first in it wakes the thread.
 */
#ifndef BIFRONS_MEDIA_INPUT_H
#define BIFRONS_MEDIA_INPUT_H

#include <stdint.h>

struct media_leg;
struct media_ring;
struct media_thread;
struct media_watch;

struct media_ring *media_ring_alloc(void);
/** Packets that found no room. Thread: any */
uint64_t media_ring_dropped(const struct media_ring *ring);

/** Take what was handed in for a leg; nothing without a ring. Thread: its
 * owner */
void media_input_drain(struct media_leg *leg, struct media_thread *th);
/** The thread has ended: let go of the legs that stand there for it */
void media_input_drop(struct media_thread *th);
/** Take what was handed in. Thread: media */
void media_input_ready(struct media_watch *watch, struct media_thread *th);

#endif
