/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file pcm.h  Sound of any kind into 16-bit mono at one rate, in a file
 *
 * Thread: the job's only one.
 */
#ifndef BIFRONS_MEDIAWORKER_PCM_H
#define BIFRONS_MEDIAWORKER_PCM_H

#include <stdbool.h>
#include <stdint.h>

#include <libavutil/channel_layout.h>
#include <libavutil/samplefmt.h>

struct pcm;

struct pcm_params {
	int fd;              /**< borrowed; written from its beginning */
	unsigned rate;       /**< Hz */
	int64_t max_samples; /**< more is E2BIG */
	/** So many samples are in the file: at 100 ms of sound, then each half
	 * second. @return false: nobody listens, stop */
	bool (*progress)(void *arg, int64_t samples);
	void *arg;
};

struct pcm *pcm_alloc(const struct pcm_params *prm);
struct pcm *pcm_free(struct pcm *pcm);

/** What comes next is of this kind; may change in the middle.
 * @return 0, EINVAL for what cannot be converted
 */
int pcm_source(struct pcm *pcm, int rate, enum AVSampleFormat format,
	       const AVChannelLayout *layout);

/** Mono 16-bit, as the speech engines make it */
int pcm_source_mono(struct pcm *pcm, int rate);

/** @param data  A pointer for each plane; n samples a channel
 * @return 0, E2BIG over max_samples (which are written), ECANCELED, or errno
 *         of write(2)
 */
int pcm_write(struct pcm *pcm, const uint8_t *const *data, int n);

int pcm_silence(struct pcm *pcm, unsigned ms);

/** The rest, out of every buffer. @return as pcm_write() */
int pcm_finish(struct pcm *pcm);

/** Samples in the file */
int64_t pcm_samples(const struct pcm *pcm);

#endif
