/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading tones: see tone.h for the grammar */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/obj.h"
#include "common/str.h"
#include "media/tone.h"

/* Read a whole number of up to 7 digits and step behind it.
 * @return false without a digit or when it is longer */
static bool read_number(const char **textp, unsigned *np)
{
	enum {
		DIGITS_MAX = 7
	};
	const char *text = *textp;
	unsigned n = 0, digits = 0;

	for (; *text >= '0' && *text <= '9'; ++text) {
		if (++digits > DIGITS_MAX)
			return false;
		n = n * 10 + (unsigned)(*text - '0');
	}
	*np = n;
	*textp = text;

	return digits > 0;
}

static const char *read_freqs(struct tone_step *step, const char **textp)
{
	for (;;) {
		unsigned hz;

		if (!read_number(textp, &hz))
			return "a frequency is missing";
		if (!hz && !step->nfreqs && **textp != '+')
			return NULL; /* silence */
		if (hz < TONE_FREQ_MIN || hz > TONE_FREQ_MAX)
			return "a frequency is 20 to 4000 Hz, or 0 alone";
		if (step->nfreqs == TONE_FREQS_MAX)
			return "at most 4 frequencies sound together";
		step->freqs[step->nfreqs++] = hz;
		if (**textp != '+')
			return NULL;
		++*textp;
	}
}

static const char *read_step(struct tone_step *step, const char **textp)
{
	const char *why = read_freqs(step, textp);

	if (why || **textp != '/')
		return why;

	++*textp;
	if (!read_number(textp, &step->ms) || !step->ms ||
	    step->ms > TONE_MS_MAX)
		return "a duration is 1 to 3600000 ms";

	return NULL;
}

static const char *read_list(struct tone_list *list, const char *text)
{
	bool endless = false;

	if (!str_starts(text, "tone:"))
		return "a tone begins with \"tone:\"";
	text += strlen("tone:");

	for (;; ++text) {
		struct tone_step *step = &list->steps[list->nsteps];
		const char *why;

		if (list->nsteps == TONE_STEPS_MAX)
			return "at most 16 steps";
		why = read_step(step, &text);
		if (why)
			return why;
		++list->nsteps;
		if (!step->ms)
			endless = true;
		if (*text != ',')
			break;
	}

	if (*text)
		return "unexpected text after a step";
	if (endless && list->nsteps > 1)
		return "every step of a list needs a duration";
	if (endless && !list->steps[0].nfreqs)
		return "silence needs a duration";

	return NULL;
}

static void give(struct tone_list **listp, const struct tone_list *list)
{
	struct tone_list *copy = obj_zalloc(sizeof(*copy), NULL);

	*copy = *list;
	*listp = copy;
}

int tone_parse(struct tone_list **listp, const char *text, const char **whyp)
{
	struct tone_list list = {0};
	const char *why = read_list(&list, text);

	if (why) {
		if (whyp)
			*whyp = why;
		return EINVAL;
	}
	if (listp)
		give(listp, &list);

	return 0;
}

int tone_dtmf(struct tone_list **listp, char digit, unsigned duration_ms,
	      unsigned interval_ms)
{
	static const char keys[] = "123A456B789C*0#D";
	static const unsigned rows[] = {697, 770, 852, 941};
	static const unsigned cols[] = {1209, 1336, 1477, 1633};
	struct tone_list list = {.nsteps = 1};
	const char *key;
	size_t at;

	if (digit >= 'a' && digit <= 'd')
		digit = (char)(digit - 'a' + 'A');
	key = digit ? strchr(keys, digit) : NULL;
	if (!listp || !key || !duration_ms || duration_ms > TONE_MS_MAX ||
	    interval_ms > TONE_MS_MAX)
		return EINVAL;

	at = (size_t)(key - keys);
	list.steps[0] = (struct tone_step){
		.nfreqs = 2,
		.freqs = {rows[at / 4], cols[at % 4]},
		.ms = duration_ms,
	};
	if (interval_ms)
		list.steps[list.nsteps++].ms = interval_ms;
	give(listp, &list);

	return 0;
}

void tone_seek(struct tone_list *list, uint32_t ms)
{
	while (ms && list->nsteps) {
		struct tone_step *step = &list->steps[0];

		if (!step->ms)
			return; /* sounds for ever: later is as now */
		if (step->ms > ms) {
			step->ms -= ms;
			return;
		}
		ms -= step->ms;
		--list->nsteps;
		memmove(step, step + 1, list->nsteps * sizeof(*step));
	}
}

uint64_t tone_duration_ms(const struct tone_list *list)
{
	uint64_t ms = 0;

	for (size_t i = 0; i < list->nsteps; ++i) {
		if (!list->steps[i].ms)
			return 0;
		ms += list->steps[i].ms;
	}

	return ms;
}
