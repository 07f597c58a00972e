/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file clip_fake.h  The fake fetch and render of clip_rig.h
 *
 * Their `struct fetcher` and `struct render` are the rig.
 */
#ifndef BIFRONS_TESTS_SUPPORT_CLIP_FAKE_H
#define BIFRONS_TESTS_SUPPORT_CLIP_FAKE_H

#include "clip/clip.h"

struct clip_rig;

extern const struct clip_ops clip_fake_ops;

/** The decoders' threads are over */
void clip_fake_wait(struct clip_rig *rig);
/** What the feeder was asked has been done */
void clip_fake_flush_feeder(struct clip_rig *rig);

#endif
