/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file resample.h  Between 8, 16 and 48 kHz (speexdsp, quality 3)
 *
 * Thread: one at a time. Running does not allocate. Equal rates copy.
 */
#ifndef BIFRONS_CODEC_RESAMPLE_H
#define BIFRONS_CODEC_RESAMPLE_H

#include <stddef.h>
#include <stdint.h>

struct resample;

/** @return 0, EINVAL for other rates, ENOMEM. Freed with obj_unref(). */
int resample_alloc(struct resample **rsp, unsigned rate_in, unsigned rate_out);

/** Samples that come out for n samples in; n is a multiple of 1 ms */
size_t resample_count(const struct resample *rs, size_t n);

/** Convert n samples, a multiple of 1 ms; exactly resample_count() come out.
 * @param size  Of out, in samples
 * @return 0, EINVAL or EOVERFLOW
 */
int resample_run(struct resample *rs, const int16_t *in, size_t n, int16_t *out,
		 size_t size);

/** Forget the past */
void resample_reset(struct resample *rs);

#endif
