/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <string.h>

#include "api/media.h"
#include "common/str.h"

/* None of them is what a browser would run. A name may be one of several,
 * separated by commas ("mov,mp4,m4a"). */
static const struct {
	const char *format; /* as libavformat names it */
	const char *type, *suffix;
} types[] = {
	{"wav", "audio/wav", ".wav"},
	{"mp3", "audio/mpeg", ".mp3"},
	{"ogg", "audio/ogg", ".ogg"},
	{"flac", "audio/flac", ".flac"},
	{"mp4", "audio/mp4", ".m4a"},
	{"mov", "audio/mp4", ".m4a"},
	{"webm", "audio/webm", ".webm"},
	{"matroska", "video/x-matroska", ".mkv"},
	{"aac", "audio/aac", ".aac"},
	{"aiff", "audio/aiff", ".aiff"},
	{"au", "audio/basic", ".au"},
	{"amr", "audio/amr", ".amr"},
	{"asf", "video/x-ms-asf", ".asf"},
	{"avi", "video/x-msvideo", ".avi"},
	{"mpeg", "video/mpeg", ".mpg"},
	{"mpegts", "video/mp2t", ".ts"},
	{"flv", "video/x-flv", ".flv"},
};

static bool has_word(const char *list, const char *word)
{
	const size_t len = strlen(word);

	while (*list) {
		const size_t n = strcspn(list, ",");

		if (n == len && !memcmp(list, word, len))
			return true;
		list += n + (list[n] == ',');
	}

	return false;
}

const char *media_content_type(const char *format)
{
	size_t i;

	/* "matroska,webm" is either: the first that the table has */
	for (i = 0; format && i < G_N_ELEMENTS(types); ++i)
		if (has_word(format, types[i].format))
			return types[i].type;

	return "application/octet-stream";
}

const char *media_suffix(const char *content_type)
{
	size_t i;

	for (i = 0; i < G_N_ELEMENTS(types); ++i)
		if (str_eq(types[i].type, content_type))
			return types[i].suffix;

	return "";
}

const char *media_check_name(const char *value)
{
	const size_t len = strlen(value);

	if (!str_is_clean(value, len, false) || strchr(value, '\t'))
		return "must be UTF-8 without control characters";
	if (len && (value[0] == ' ' || value[len - 1] == ' '))
		return "must not begin or end with a blank";
	if (id_is_valid(value))
		return "must not look like an id: flows say media:ID or "
		       "media:NAME";

	return NULL;
}
