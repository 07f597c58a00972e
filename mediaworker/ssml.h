/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file ssml.h  What a marked-up text says, told in order
 *
 * Pure. Of SSML 1.1: speak, p, s, break, sub, say-as (characters, digits,
 * telephone: each for itself), prosody, emphasis, voice, lang; of audio and
 * of what is not known the text inside is spoken, metadata, desc and lexicons
 * are not. Elements are told balanced, whatever was written, and at most
 * SSML_DEPTH deep.
 */
#ifndef BIFRONS_MEDIAWORKER_SSML_H
#define BIFRONS_MEDIAWORKER_SSML_H

#include <stdbool.h>

struct xml_scan;

enum {
	SSML_DEPTH = 12,
	SSML_PAUSE_MAX_MS = 10000,
};

/** An element that is told to the handler */
enum ssml_tag {
	SSML_NONE,
	SSML_P,
	SSML_S,
	SSML_PROSODY,
	SSML_EMPHASIS,
	SSML_VOICE,
	SSML_LANG,
	SSML_NTAGS,
};

struct ssml_handler {
	void (*text)(void *arg, const char *text);
	void (*pause)(void *arg, unsigned ms);
	/** tag has the attributes (xml_attr()) */
	void (*open)(void *arg, enum ssml_tag tag, const struct xml_scan *x);
	void (*close)(void *arg, enum ssml_tag tag);
};

/** Does it begin with <speak (or an XML declaration before it)? */
bool ssml_is(const char *text);

void ssml_walk(const char *text, const struct ssml_handler *h, void *arg);

/** How fast, as a factor of the usual: "slow", "80%", "+10%", "1.2"; 1 for
 * what makes no sense; 0.3 to 3
 */
double ssml_rate(const char *value);

#endif
