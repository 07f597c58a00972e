/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file call_fake_priv.h  Between the files of call_fake */
#ifndef BIFRONS_SUPPORT_CALL_FAKE_PRIV_H
#define BIFRONS_SUPPORT_CALL_FAKE_PRIV_H

#include "support/call_fake.h"

extern const struct call_media_ops call_fake_media_ops;
extern const struct call_record_ops call_fake_record_ops;

/** call_media_ops' own, of recordings */
uint32_t call_fake_tap(struct media_leg *leg, struct media_tap *tap);
void call_fake_untap(struct media_leg *leg, uint32_t tap_id);

void call_fake_leg_init(struct call_fake *fake, struct call_fake_leg *leg);
/** The table has a way out from now on */
void call_fake_out_setup(struct call_fake *fake);

#endif
