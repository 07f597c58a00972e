/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file inband.h  Digits in the sound (spandsp)
 *
 * Thread: one at a time. Running does not allocate.
 */
#ifndef BIFRONS_MEDIA_INBAND_H
#define BIFRONS_MEDIA_INBAND_H

#include <stddef.h>
#include <stdint.h>

enum {
	INBAND_RATE = 8000
};

struct inband;

/** @return 0 or ENOMEM. Freed with obj_unref(). */
int inband_alloc(struct inband **ibp);

/** Listen to up to 20 ms at INBAND_RATE.
 * @return The digit that began to sound in it, or 0
 */
char inband_run(struct inband *ib, const int16_t *pcm, size_t n);

#endif
