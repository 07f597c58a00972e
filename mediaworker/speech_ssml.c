/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SSML for espeak-ng. It would play files (<audio>) through a shell and knows
 * tags of its own: it gets what is listed here, and no attribute unread. */
#include <string.h>

#include "speech.h"
#include "ssml.h"
#include "xml.h"

/* What is kept of a tag */
static const struct kept {
	const char *name;
	const char *attrs[5];
} kept[SSML_NTAGS] = {
	[SSML_P] = {"p", {NULL}},
	[SSML_S] = {"s", {NULL}},
	[SSML_PROSODY] = {"prosody", {"rate", "pitch", "range", "volume"}},
	[SSML_EMPHASIS] = {"emphasis", {"level"}},
	[SSML_VOICE] = {"voice", {"xml:lang", "gender", "name"}},
	[SSML_LANG] = {"voice", {"xml:lang"}},
};

static bool is_harmless(const char *value)
{
	return *value && strlen(value) < 32 &&
	       strspn(value, "abcdefghijklmnopqrstuvwxyz"
			     "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			     "0123456789+-.%_ ") == strlen(value) &&
	       !strstr(value, "..");
}

static void on_text(void *arg, const char *text)
{
	GString *out = arg;
	char *escaped = g_markup_escape_text(text, -1);

	g_string_append(out, escaped);
	g_free(escaped);
}

static void on_pause(void *arg, unsigned ms)
{
	g_string_append_printf(arg, "<break time=\"%ums\"/>", ms);
}

static void on_open(void *arg, enum ssml_tag tag, const struct xml_scan *x)
{
	const struct kept *k = &kept[tag];
	GString *out = arg;
	char value[64];
	size_t i;

	g_string_append_printf(out, "<%s", k->name);
	for (i = 0; i < G_N_ELEMENTS(k->attrs) && k->attrs[i]; ++i)
		if (xml_attr(x, k->attrs[i], value, sizeof(value)) &&
		    is_harmless(value))
			g_string_append_printf(out, " %s=\"%s\"", k->attrs[i],
					       value);
	g_string_append_c(out, '>');
}

static void on_close(void *arg, enum ssml_tag tag)
{
	g_string_append_printf(arg, "</%s>", kept[tag].name);
}

char *speech_clean_ssml(const char *ssml)
{
	static const struct ssml_handler handler = {
		.text = on_text,
		.pause = on_pause,
		.open = on_open,
		.close = on_close,
	};
	GString *out = g_string_new("<speak>");

	ssml_walk(ssml, &handler, out);
	g_string_append(out, "</speak>");

	return g_string_free(out, FALSE);
}
