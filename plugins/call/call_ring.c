/* SPDX-License-Identifier: GPL-3.0-or-later */

/* What a caller hears while the callee rings: the ringing tones of ITU-T
 * E.180, supplement 2, for those countries that do not have one second of
 * 425 Hz in five. Sorted.
 */

#include <stdlib.h>
#include <string.h>

#include "call/call_priv.h"

struct national {
	char country[3];
	const char *tone;
};

static const char usual[] = "tone:425/1000,0/4000";

#define DOUBLE(freq) "tone:" freq "/400,0/200," freq "/400,0/2000"

static const struct national tones[] = {
	{"AT", "tone:420/1000,0/5000"},
	{"AU", DOUBLE("400+425")},
	{"BE", "tone:425/1000,0/3000"},
	{"CA", "tone:440+480/2000,0/4000"},
	{"CN", "tone:450/1000,0/4000"},
	{"ES", "tone:425/1500,0/3000"},
	{"FR", "tone:440/1500,0/3500"},
	{"GB", DOUBLE("400+450")},
	{"HK", "tone:440+480/400,0/200,440+480/400,0/3000"},
	{"HU", "tone:425/1250,0/3750"},
	{"IE", DOUBLE("400+450")},
	{"IL", "tone:400/1000,0/3000"},
	{"IN", DOUBLE("400")},
	{"JP", "tone:384+416/1000,0/2000"},
	{"KR", "tone:440+480/1000,0/2000"},
	{"MY", DOUBLE("425")},
	{"NZ", DOUBLE("400+450")},
	{"PT", "tone:425/1000,0/5000"},
	{"RU", "tone:425/800,0/3200"},
	{"SE", "tone:425/1000,0/5000"},
	{"SG", DOUBLE("425")},
	{"TR", "tone:450/2000,0/4000"},
	{"TW", "tone:440+480/1000,0/2000"},
	{"US", "tone:440+480/2000,0/4000"},
	{"ZA", DOUBLE("400")},
};

static int by_country(const void *key, const void *item)
{
	return strcmp(key, ((const struct national *)item)->country);
}

bool call_ring_is_country(const char *text)
{
	return strlen(text) == 2 && g_ascii_isalpha(text[0]) &&
	       g_ascii_isalpha(text[1]);
}

const char *call_ring_tone(const char *country)
{
	const struct national *found = NULL;
	char upper[3];

	if (!country || !call_ring_is_country(country))
		return usual;
	upper[0] = g_ascii_toupper(country[0]);
	upper[1] = g_ascii_toupper(country[1]);
	upper[2] = '\0';
	found = bsearch(upper, tones, G_N_ELEMENTS(tones), sizeof(tones[0]),
			by_country);

	return found ? found->tone : usual;
}
