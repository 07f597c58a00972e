/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "xml.h"

#include <string.h>

enum {
	ENTITY_MAX = 10 /**< "&#x10FFFF;" */
};

void xml_begin(struct xml_scan *x, const char *text)
{
	*x = (struct xml_scan){.p = text, .end = text + strlen(text)};
	x->text = g_string_new(NULL);
}

void xml_end(struct xml_scan *x)
{
	g_string_free(x->text, TRUE);
}

static bool is_name_start(char c)
{
	return g_ascii_isalpha(c) || c == '_';
}

static bool is_name(char c)
{
	return g_ascii_isalnum(c) || c == '_' || c == '-' || c == '.' ||
	       c == ':';
}

/* ---- text ---- */

static bool append_number(GString *out, const char *p, size_t len)
{
	const bool hex = len && (*p == 'x' || *p == 'X');
	gunichar c = 0;
	size_t i;

	if (len <= hex)
		return false;
	for (i = hex; i < len; ++i) {
		const int digit = hex ? g_ascii_xdigit_value(p[i])
				      : g_ascii_digit_value(p[i]);

		if (digit < 0)
			return false;
		c = c * (hex ? 16 : 10) + (gunichar)digit;
	}
	if (c < 32 || !g_unichar_validate(c))
		c = ' ';
	g_string_append_unichar(out, c);

	return true;
}

/* p is at "&". @return bytes used, 0: it is no entity */
static size_t append_entity(GString *out, const char *p, const char *end)
{
	static const struct {
		const char *name;
		char c;
	} known[] = {
		{"amp", '&'},  {"lt", '<'},    {"gt", '>'},
		{"quot", '"'}, {"apos", '\''},
	};
	const size_t max =
		(size_t)(end - p) < ENTITY_MAX ? (size_t)(end - p) : ENTITY_MAX;
	const char *semi = memchr(p, ';', max);
	size_t len, i;

	if (!semi)
		return 0;
	len = (size_t)(semi - p - 1);
	if (len && p[1] == '#')
		return append_number(out, p + 2, len - 1) ? len + 2 : 0;
	for (i = 0; i < G_N_ELEMENTS(known); ++i) {
		if (strlen(known[i].name) != len ||
		    memcmp(known[i].name, p + 1, len) != 0)
			continue;
		g_string_append_c(out, known[i].c);
		return len + 2;
	}

	return 0;
}

static void append_text(GString *out, const char *p, const char *end)
{
	while (p < end) {
		const size_t used = *p == '&' ? append_entity(out, p, end) : 0;

		if (!used)
			g_string_append_c(out, *p);
		p += used ? used : 1;
	}
}

/* ---- tags ---- */

/* Behind the ">" of the tag at p; NULL: it has none */
static const char *tag_end(const char *p, const char *end)
{
	char quote = 0;

	for (; p < end; ++p) {
		if (quote) {
			if (*p == quote)
				quote = 0;
		} else if (*p == '"' || *p == '\'') {
			quote = *p;
		} else if (*p == '>') {
			return p + 1;
		} else if (*p == '<') {
			return NULL;
		}
	}

	return NULL;
}

/* p is behind "<" or "</" */
static void take_name(struct xml_scan *x, const char *p, const char *end)
{
	const char *start = p, *colon;
	size_t len;

	while (p < end && is_name(*p))
		++p;
	colon = memchr(start, ':', (size_t)(p - start));
	if (colon)
		start = colon + 1;
	len = (size_t)(p - start);
	if (len >= sizeof(x->name))
		len = sizeof(x->name) - 1;
	memcpy(x->name, start, len);
	x->name[len] = '\0';
	x->attrs = p;
	x->attrs_len = (size_t)(end - p);
}

/* x->p is at "<". @return false: it is text */
static bool take_tag(struct xml_scan *x)
{
	const char *p = x->p + 1;
	const char *behind;
	const bool closing = p < x->end && *p == '/';

	p += closing;
	if (p >= x->end || !is_name_start(*p))
		return false;
	behind = tag_end(p, x->end);
	if (!behind)
		return false;

	x->p = behind;
	x->kind = closing             ? XML_CLOSE
		  : behind[-2] == '/' ? XML_EMPTY
				      : XML_OPEN;
	take_name(x, p, behind - (x->kind == XML_EMPTY ? 2 : 1));

	return true;
}

static bool starts(const struct xml_scan *x, const char *word)
{
	const size_t len = strlen(word);

	return (size_t)(x->end - x->p) >= len && !memcmp(x->p, word, len);
}

/* What is not for ears. @return false: none of it here */
static bool skip_silent(struct xml_scan *x)
{
	static const char *const silent[][2] = {
		{"<!--", "-->"},
		{"<?", "?>"},
		{"<!DOCTYPE", ">"},
	};
	size_t i;

	for (i = 0; i < G_N_ELEMENTS(silent); ++i) {
		const char *stop;

		if (!starts(x, silent[i][0]))
			continue;
		stop = g_strstr_len(x->p, x->end - x->p, silent[i][1]);
		x->p = stop ? stop + strlen(silent[i][1]) : x->end;
		return true;
	}

	return false;
}

static void take_cdata(struct xml_scan *x)
{
	const char *p = x->p + strlen("<![CDATA[");
	const char *stop = g_strstr_len(p, x->end - p, "]]>");

	g_string_append_len(x->text, p, (stop ? stop : x->end) - p);
	x->p = stop ? stop + 3 : x->end;
}

/* Up to the next "<", which may turn out to be text itself */
static void take_text(struct xml_scan *x)
{
	const char *stop = memchr(x->p + 1, '<', (size_t)(x->end - x->p - 1));

	if (!stop)
		stop = x->end;
	append_text(x->text, x->p, stop);
	x->p = stop;
}

bool xml_next(struct xml_scan *x)
{
	g_string_truncate(x->text, 0);
	while (x->p < x->end) {
		if (*x->p != '<') {
			take_text(x);
		} else if (starts(x, "<![CDATA[")) {
			take_cdata(x);
		} else if (!skip_silent(x)) {
			if (x->text->len)
				break; /* the text before the tag first */
			if (take_tag(x))
				return true;
			take_text(x);
		}
	}
	x->kind = XML_TEXT;

	return x->text->len > 0;
}

/* An attribute, as it is written */
struct attr {
	const char *name, *value;
	size_t name_len, value_len;
};

static const char *skip_blanks(const char *p, const char *end)
{
	while (p < end && g_ascii_isspace(*p))
		++p;

	return p;
}

/* The next one from *pp on. @return false: there is none */
static bool next_attr(const char **pp, const char *end, struct attr *a)
{
	const char *p = *pp, *stop;

	for (;;) {
		while (p < end && !is_name(*p))
			++p;
		a->name = p;
		while (p < end && is_name(*p))
			++p;
		a->name_len = (size_t)(p - a->name);
		p = skip_blanks(p, end);
		if (p >= end)
			return false;
		if (*p != '=')
			continue; /* it has no value */
		p = skip_blanks(p + 1, end);
		if (p >= end)
			return false;
		if (*p != '"' && *p != '\'')
			continue;
		stop = memchr(p + 1, *p, (size_t)(end - p - 1));
		if (!stop)
			return false;
		a->value = p + 1;
		a->value_len = (size_t)(stop - a->value);
		*pp = stop + 1;
		return true;
	}
}

bool xml_attr(const struct xml_scan *x, const char *name, char *out,
	      size_t size)
{
	const char *p = x->attrs, *end = p + x->attrs_len;
	const size_t len = strlen(name);
	struct attr a;
	GString *value;
	bool fits;

	do {
		if (!next_attr(&p, end, &a))
			return false;
	} while (a.name_len != len || memcmp(a.name, name, len) != 0);

	value = g_string_new(NULL);
	append_text(value, a.value, a.value + a.value_len);
	fits = value->len < size;
	if (fits)
		memcpy(out, value->str, value->len + 1);
	g_string_free(value, TRUE);

	return fits;
}
