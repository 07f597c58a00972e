/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file speech.h  A text as the speech engines want it
 *
 * Pure.
 */
#ifndef BIFRONS_MEDIAWORKER_SPEECH_H
#define BIFRONS_MEDIAWORKER_SPEECH_H

#include <glib.h>

/** For an engine without markup: a sentence at most, then a pause */
struct speech_part {
	char *text;  /**< ASCII; may be "" */
	double rate; /**< 1 = usual */
	unsigned pause_ms;
};

/** @param text  Plain or SSML, UTF-8
 * @return Array of struct speech_part *; g_ptr_array_unref() frees it all
 */
GPtrArray *speech_parts(const char *text);

/** SSML with nothing but the elements and attributes that are known to do no
 * harm, balanced; g_free() it */
char *speech_clean_ssml(const char *ssml);

/** Latin letters without their accents, quotes and dashes as ASCII has them,
 * a blank for the rest; g_free() it */
char *speech_ascii(const char *text);

#endif
