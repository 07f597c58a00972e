/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tones: a text, and if it is a tone, half a second of its sound */
#include <stdlib.h>
#include <string.h>

#include "common/obj.h"
#include "media/tone.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool ok)
{
	if (!ok)
		abort();
}

static void play(const struct tone_list *list, unsigned rate, unsigned loops)
{
	struct tone_source src;
	int16_t pcm[960];
	bool over = false;

	tone_source_init(&src, list, rate, loops);
	for (int i = 0; i < 25; ++i) {
		const size_t n = tone_source_run(&src, pcm, rate / 50);

		require(n <= rate / 50 && !(over && n));
		over = n < rate / 50;
		for (size_t k = 0; k < rate / 50; ++k)
			require(pcm[k] > -16384 && pcm[k] < 16384);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tone_list *list = NULL;
	const char *why = NULL;
	char *text;

	if (!size)
		return 0;
	text = malloc(size);
	if (!text)
		return 0;
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';

	if (tone_parse(&list, text, &why)) {
		require(why && !list);
	} else {
		require(list->nsteps > 0 && list->nsteps <= TONE_STEPS_MAX);
		play(list, data[0] & 1 ? 48000 : 8000, data[0] >> 1 & 3);
	}
	obj_unref(list);
	free(text);

	return 0;
}
