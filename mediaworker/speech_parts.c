/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "speech.h"
#include "ssml.h"
#include "xml.h"

enum {
	SENTENCE_MAX = 400, /**< cut at a blank: sound begins early, and what
			     * an engine holds at once stays small */
	ABBREVIATION = 3,   /**< letters before a dot that ends nothing */
};

/* ---- letters ---- */

static void append_folded(GString *out, gunichar c)
{
	static const struct {
		gunichar c;
		const char *ascii;
	} known[] = {
		{0x2018, "'"},      {0x2019, "'"},     {0x201a, "'"},
		{0x201c, "\""},     {0x201d, "\""},    {0x201e, "\""},
		{0x2013, "-"},      {0x2014, ", "},    {0x2026, "..."},
		{0xdf, "ss"},       {0xe6, "ae"},      {0xc6, "Ae"},
		{0xf8, "o"},        {0xd8, "O"},       {0x153, "oe"},
		{0x20ac, " euro "}, {0xa3, " pound "}, {0xb0, " degrees "},
	};
	gunichar base[8];
	size_t i;

	for (i = 0; i < G_N_ELEMENTS(known); ++i)
		if (known[i].c == c) {
			g_string_append(out, known[i].ascii);
			return;
		}
	/* the base letter comes first */
	if (g_unichar_fully_decompose(c, TRUE, base, G_N_ELEMENTS(base)) &&
	    base[0] >= 32 && base[0] < 127)
		g_string_append_c(out, (char)base[0]);
	else
		g_string_append_c(out, ' ');
}

char *speech_ascii(const char *text)
{
	GString *out = g_string_new(NULL);

	for (; *text; text = g_utf8_next_char(text)) {
		const gunichar c = g_utf8_get_char(text);

		if (c >= 32 && c < 127)
			g_string_append_c(out, (char)c);
		else
			append_folded(out, c);
	}

	return g_string_free(out, FALSE);
}

/* ---- sentences ---- */

struct parts {
	GPtrArray *list;
	GString *text; /* not in the list yet */
	double rate[SSML_DEPTH + 1];
	unsigned depth;
};

static void free_part(gpointer data)
{
	struct speech_part *part = data;

	g_free(part->text);
	g_free(part);
}

static void add_part(struct parts *ps, const char *text, size_t len)
{
	struct speech_part *part = g_new0(struct speech_part, 1);
	char *utf8 = g_strndup(text, len);

	part->text = g_strstrip(speech_ascii(utf8));
	part->rate = ps->rate[ps->depth];
	g_free(utf8);
	g_ptr_array_add(ps->list, part);
}

/* Does a sentence end at text[at]? */
static bool is_end(const char *text, size_t at)
{
	size_t word = 0;

	if (text[at] == '\n')
		return text[at + 1] == '\n';
	if (!strchr(".?!;:", text[at]) || !g_ascii_isspace(text[at + 1]))
		return false;
	if (text[at] != '.')
		return true;
	/* "Dr. No" goes on */
	while (word < at && g_ascii_isalpha(text[at - 1 - word]))
		++word;

	return word > ABBREVIATION || (at && g_ascii_isdigit(text[at - 1]));
}

/* Bytes of the first sentence */
static size_t first_sentence(const char *text)
{
	size_t i, blank = 0;

	for (i = 0; text[i]; ++i) {
		if (is_end(text, i))
			return i + 1;
		if (g_ascii_isspace(text[i]))
			blank = i;
		if (i >= SENTENCE_MAX && blank)
			return blank + 1;
		/* letters without blanks: between two of them */
		if (i >= (size_t)2 * SENTENCE_MAX &&
		    ((unsigned char)text[i] & 0xc0) != 0x80)
			return i;
	}

	return i;
}

/* All that was said so far is a sentence */
static void flush(struct parts *ps)
{
	const char *p = ps->text->str;

	while (*p) {
		const size_t len = first_sentence(p);

		add_part(ps, p, len);
		p += len;
	}
	g_string_truncate(ps->text, 0);
}

/* ---- from SSML ---- */

static void on_text(void *arg, const char *text)
{
	struct parts *ps = arg;

	g_string_append(ps->text, text);
}

static void on_pause(void *arg, unsigned ms)
{
	struct parts *ps = arg;
	struct speech_part *last;

	flush(ps);
	if (!ps->list->len)
		add_part(ps, "", 0);
	last = g_ptr_array_index(ps->list, ps->list->len - 1);
	last->pause_ms += ms;
}

static void on_open(void *arg, enum ssml_tag tag, const struct xml_scan *x)
{
	struct parts *ps = arg;
	char value[16];
	double rate;

	flush(ps);
	rate = ps->rate[ps->depth];
	if (tag == SSML_PROSODY && xml_attr(x, "rate", value, sizeof(value)))
		rate = CLAMP(rate * ssml_rate(value), 0.3, 3);
	ps->rate[++ps->depth] = rate;
}

static void on_close(void *arg, enum ssml_tag tag)
{
	struct parts *ps = arg;

	(void)tag;
	flush(ps);
	--ps->depth;
}

GPtrArray *speech_parts(const char *text)
{
	static const struct ssml_handler handler = {
		.text = on_text,
		.pause = on_pause,
		.open = on_open,
		.close = on_close,
	};
	struct parts ps = {.rate = {1}};

	ps.list = g_ptr_array_new_with_free_func(free_part);
	ps.text = g_string_new(NULL);
	if (ssml_is(text))
		ssml_walk(text, &handler, &ps);
	else
		g_string_append(ps.text, text);
	flush(&ps);
	g_string_free(ps.text, TRUE);

	return ps.list;
}
