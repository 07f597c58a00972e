/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ssml.h"

#include <glib.h>
#include <string.h>

#include "xml.h"

/* What is done with an element */
enum what {
	SPEAK_IT, /* as if its tags were not there */
	TELL_IT,
	SKIP_IT,
	BREAK_IT,
	ALIAS_IT,
	SPELL_IT,
};

static const struct element {
	const char *name;
	enum what what;
	enum ssml_tag tag;
} elements[] = {
	{"p", TELL_IT, SSML_P},
	{"paragraph", TELL_IT, SSML_P},
	{"s", TELL_IT, SSML_S},
	{"sentence", TELL_IT, SSML_S},
	{"prosody", TELL_IT, SSML_PROSODY},
	{"emphasis", TELL_IT, SSML_EMPHASIS},
	{"voice", TELL_IT, SSML_VOICE},
	{"lang", TELL_IT, SSML_LANG},
	{"break", BREAK_IT, SSML_NONE},
	{"sub", ALIAS_IT, SSML_NONE},
	{"say-as", SPELL_IT, SSML_NONE},
	{"metadata", SKIP_IT, SSML_NONE},
	{"desc", SKIP_IT, SSML_NONE},
	{"lexicon", SKIP_IT, SSML_NONE},
	{"script", SKIP_IT, SSML_NONE},
	{"style", SKIP_IT, SSML_NONE},
};

static const struct element speak = {"", SPEAK_IT, SSML_NONE};

struct walk {
	const struct ssml_handler *h;
	void *arg;
	struct xml_scan x;

	/* open elements; what is deeper is counted only */
	struct {
		const struct element *element;
		char name[XML_NAME_MAX];
		bool mute, spell;
	} open[SSML_DEPTH];
	unsigned depth, deeper;
};

bool ssml_is(const char *text)
{
	while (g_ascii_isspace(*text))
		++text;
	if (strncmp(text, "<?xml", 5) == 0)
		return strstr(text, "<speak");

	return strncmp(text, "<speak", 6) == 0 &&
	       (g_ascii_isspace(text[6]) || text[6] == '>' || text[6] == '/');
}

static const struct element *find(const char *name)
{
	size_t i;

	for (i = 0; i < G_N_ELEMENTS(elements); ++i)
		if (strcmp(elements[i].name, name) == 0)
			return &elements[i];

	return &speak;
}

/* ---- attributes ---- */

static unsigned pause_ms(const struct xml_scan *x)
{
	static const struct {
		const char *name;
		unsigned ms;
	} strengths[] = {
		{"none", 0},     {"x-weak", 100},  {"weak", 250},
		{"medium", 500}, {"strong", 1000}, {"x-strong", 1500},
	};
	char value[16], *unit;
	double n;
	size_t i;

	if (xml_attr(x, "time", value, sizeof(value))) {
		n = g_ascii_strtod(value, &unit);
		if (strcmp(unit, "s") == 0)
			n *= 1000;
		if (n >= 0 && n <= SSML_PAUSE_MAX_MS)
			return (unsigned)n;
		return n > 0 ? SSML_PAUSE_MAX_MS : 0;
	}
	if (xml_attr(x, "strength", value, sizeof(value)))
		for (i = 0; i < G_N_ELEMENTS(strengths); ++i)
			if (strcmp(strengths[i].name, value) == 0)
				return strengths[i].ms;

	return 500;
}

double ssml_rate(const char *value)
{
	static const struct {
		const char *name;
		double rate;
	} words[] = {
		{"x-slow", 0.5}, {"slow", 0.75},  {"medium", 1},
		{"fast", 1.25},  {"x-fast", 1.6}, {"default", 1},
	};
	char *unit;
	double n;
	size_t i;

	for (i = 0; i < G_N_ELEMENTS(words); ++i)
		if (strcmp(words[i].name, value) == 0)
			return words[i].rate;

	n = g_ascii_strtod(value, &unit);
	if (unit == value)
		return 1;
	if (*unit == '%') {
		n /= 100;
		if (*value == '+' || *value == '-')
			n += 1;
	}
	if (!(n > 0))
		return 1;

	return CLAMP(n, 0.3, 3);
}

static bool is_spelled(const struct xml_scan *x)
{
	static const char *const kinds[] = {"characters", "spell-out",
					    "verbatim", "digits", "telephone"};
	char kind[16];
	size_t i;

	if (!xml_attr(x, "interpret-as", kind, sizeof(kind)))
		return false;
	for (i = 0; i < G_N_ELEMENTS(kinds); ++i)
		if (strcmp(kinds[i], kind) == 0)
			return true;

	return false;
}

/* ---- the walk ---- */

static bool is_mute(const struct walk *w)
{
	return w->depth && w->open[w->depth - 1].mute;
}

static bool is_spelling(const struct walk *w)
{
	return w->depth && w->open[w->depth - 1].spell;
}

/* "A12" is said as "A 1 2" */
static void tell_spelled(struct walk *w, const char *text)
{
	GString *out = g_string_new(" ");

	for (; *text; text = g_utf8_next_char(text)) {
		const gunichar c = g_utf8_get_char(text);

		if (g_unichar_isspace(c) || c == '-')
			continue;
		g_string_append_unichar(out, g_unichar_toupper(c));
		g_string_append_c(out, ' ');
	}
	w->h->text(w->arg, out->str);
	g_string_free(out, TRUE);
}

static void tell_text(struct walk *w, const char *text)
{
	if (is_mute(w))
		return;
	if (is_spelling(w))
		tell_spelled(w, text);
	else
		w->h->text(w->arg, text);
}

static void tell_alias(struct walk *w)
{
	char alias[512];

	if (xml_attr(&w->x, "alias", alias, sizeof(alias)))
		tell_text(w, alias);
}

static void open_element(struct walk *w)
{
	const struct element *el = find(w->x.name);
	bool mute = is_mute(w), spell = is_spelling(w);
	char alias[512];

	if (el->what == BREAK_IT && !mute)
		w->h->pause(w->arg, pause_ms(&w->x));
	if (el->what == ALIAS_IT)
		tell_alias(w);
	if (w->depth == SSML_DEPTH) {
		++w->deeper;
		return;
	}

	if (el->what == TELL_IT && !mute && w->h->open)
		w->h->open(w->arg, el->tag, &w->x);
	if (el->what == SPELL_IT)
		spell = is_spelled(&w->x);
	if (el->what == SKIP_IT ||
	    (el->what == ALIAS_IT &&
	     xml_attr(&w->x, "alias", alias, sizeof(alias))))
		mute = true;
	w->open[w->depth].element = el;
	memcpy(w->open[w->depth].name, w->x.name, XML_NAME_MAX);
	w->open[w->depth].spell = spell;
	w->open[w->depth++].mute = mute;
}

static void close_top(struct walk *w)
{
	const struct element *el = w->open[--w->depth].element;

	/* (what is in a mute one was not opened) */
	if (el->what == TELL_IT && !is_mute(w) && w->h->close)
		w->h->close(w->arg, el->tag);
}

/* Whatever is still open inside of it is closed too */
static void close_element(struct walk *w)
{
	unsigned i = w->depth;

	if (w->deeper) {
		--w->deeper;
		return;
	}
	while (i && strcmp(w->open[i - 1].name, w->x.name) != 0)
		--i;
	while (i && w->depth >= i)
		close_top(w);
}

static void empty_element(struct walk *w)
{
	const struct element *el = find(w->x.name);

	if (el->what == BREAK_IT && !is_mute(w))
		w->h->pause(w->arg, pause_ms(&w->x));
	else if (el->what == ALIAS_IT)
		tell_alias(w);
}

void ssml_walk(const char *text, const struct ssml_handler *h, void *arg)
{
	struct walk w = {.h = h, .arg = arg};

	xml_begin(&w.x, text);
	while (xml_next(&w.x)) {
		switch (w.x.kind) {
		case XML_TEXT:
			tell_text(&w, w.x.text->str);
			break;
		case XML_OPEN:
			open_element(&w);
			break;
		case XML_CLOSE:
			close_element(&w);
			break;
		case XML_EMPTY:
			empty_element(&w);
			break;
		}
	}
	while (w.depth)
		close_top(&w);
	xml_end(&w.x);
}
