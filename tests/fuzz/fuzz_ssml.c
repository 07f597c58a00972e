/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Texts for the speech engines: cut into parts, and cleaned for espeak-ng */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mediaworker/speech.h"
#include "mediaworker/ssml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool ok)
{
	if (!ok)
		abort();
}

static void check_parts(const char *text)
{
	GPtrArray *parts = speech_parts(text);
	guint i;

	for (i = 0; i < parts->len; ++i) {
		const struct speech_part *part = g_ptr_array_index(parts, i);
		const char *p;

		require(part->rate >= 0.3 && part->rate <= 3);
		for (p = part->text; *p; ++p)
			require(*p >= 32 && *p < 127);
	}
	g_ptr_array_unref(parts);
}

/* Bytes of one of our own tags at p, 0 = it is none */
static size_t known_tag(const char *p)
{
	static const char *const names[] = {
		"speak", "p", "s", "prosody", "voice", "break", "emphasis"};
	const char *name = p + 1 + (p[1] == '/');
	const size_t len = strcspn(name, " />");
	const char *end = strchr(name, '>');
	size_t i;

	for (i = 0; end && i < G_N_ELEMENTS(names); ++i)
		if (strlen(names[i]) == len && !memcmp(names[i], name, len))
			return (size_t)(end - p) + 1;

	return 0;
}

/* Whatever came in: tags of ours, balanced */
static void check_clean(const char *text)
{
	char *clean = speech_clean_ssml(text);
	int depth = 0, deepest = 0;
	char *p = clean;

	while ((p = strchr(p, '<'))) {
		const size_t len = known_tag(p);

		require(len > 0);
		if (p[1] == '/')
			--depth;
		else if (p[len - 2] != '/')
			++depth;
		require(depth >= 0);
		deepest = MAX(deepest, depth);
		p += len;
	}
	require(depth == 0 && deepest <= SSML_DEPTH + 1);
	g_free(clean);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = g_strndup((const char *)data, size);

	/* others are refused before */
	if (g_utf8_validate(text, -1, NULL)) {
		check_parts(text);
		check_clean(text);
		(void)ssml_rate(text);
	}
	g_free(text);

	return 0;
}
