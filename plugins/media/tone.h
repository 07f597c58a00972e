/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file tone.h  Tones: read "tone:440+480/2000,0/4000", make the sound
 *
 * A tone is a list of steps, frequencies joined by '+' and the milliseconds
 * after '/'; frequency 0 is silence. One step without milliseconds sounds
 * until it is stopped; a list plays once, or as often as it is told.
 *
 * Thread: a list is constant once made; a generator belongs to one thread and
 * allocates nothing.
 */
#ifndef BIFRONS_MEDIA_TONE_H
#define BIFRONS_MEDIA_TONE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	TONE_STEPS_MAX = 16,
	TONE_FREQS_MAX = 4,
	TONE_FREQ_MIN = 20,
	TONE_FREQ_MAX = 4000,
	TONE_MS_MAX = 3600000,
};

struct tone_step {
	unsigned nfreqs;                /**< 0 = silence */
	unsigned freqs[TONE_FREQS_MAX]; /**< Hz */
	unsigned ms;                    /**< 0 = until stopped */
};

struct tone_list {
	size_t nsteps;
	struct tone_step steps[TONE_STEPS_MAX];
};

/** Read a tone with its "tone:".
 * @param listp  Set on success only; freed with obj_unref(). NULL = check
 * @param whyp   Set on EINVAL to what is wrong (static); may be NULL
 * @return 0 or EINVAL
 */
int tone_parse(struct tone_list **listp, const char *text, const char **whyp);

/** The two frequencies of a digit (0-9 * # A-D), then silence; for in-band
 * digits. @return 0 or EINVAL
 */
int tone_dtmf(struct tone_list **listp, char digit, unsigned duration_ms,
	      unsigned interval_ms);

/** Leave out the first ms; steps that sound until stopped stay. Nothing may be
 * left: nsteps 0. Only before anybody else has the list. */
void tone_seek(struct tone_list *list, uint32_t ms);

/** Total length in ms; 0 = until stopped */
uint64_t tone_duration_ms(const struct tone_list *list);

struct tone_osc {
	double re, im, rot_re, rot_im;
};

struct tone_source {
	/* private */
	const struct tone_list *list;
	unsigned rate, ramp, loops;
	size_t step;
	uint64_t pos, len; /**< samples in the step; len 0 = without end */
	bool done;
	struct tone_osc osc[TONE_FREQS_MAX];
};

/** @param list   Borrowed: must outlive the generator
 * @param rate   8000, 16000 or 48000
 * @param loops  How often the list plays; 0 = until stopped
 */
void tone_source_init(struct tone_source *src, const struct tone_list *list,
		      unsigned rate, unsigned loops);

/** Make n samples, -13 dBFS in all; after the end they are silence.
 * @return Samples before the end: less than n when it is over
 */
size_t tone_source_run(struct tone_source *src, int16_t *pcm, size_t n);

#endif
