/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rest/file_name.h"

#include <glib.h>
#include <string.h>

#include "common/str.h"

static const char *base_of(const char *raw)
{
	const char *c, *base = raw;

	for (c = raw; *c; ++c)
		if (*c == '/' || *c == '\\')
			base = c + 1;

	return base;
}

static gboolean is_odd(gunichar c)
{
	/* what cannot be seen, or turns the rest around */
	return g_unichar_iscntrl(c) || g_unichar_type(c) == G_UNICODE_FORMAT ||
	       c == 0x2028 || c == 0x2029 || c == 0xFFFD;
}

void rest_file_name(char out[REST_FILE_NAME_MAX + 1], const char *raw)
{
	char *text = g_utf8_make_valid(base_of(raw), -1);
	GString *name = g_string_new(NULL);
	const char *c;

	for (c = text; *c; c = g_utf8_next_char(c))
		if (!is_odd(g_utf8_get_char(c)))
			g_string_append_unichar(name, g_utf8_get_char(c));
	g_free(text);

	c = name->str + strspn(name->str, ". ");
	(void)str_copy(out, REST_FILE_NAME_MAX + 1, c);
	/* not in the middle of a character */
	while (*out && !g_utf8_validate(out, -1, NULL))
		out[strlen(out) - 1] = '\0';
	while (*out && strchr(". ", out[strlen(out) - 1]))
		out[strlen(out) - 1] = '\0';
	g_string_free(name, TRUE);
}

/* RFC 8187: attr-char */
static void add_encoded(GString *out, const char *name)
{
	static const char marks[] = "!#$&+-.^_`|~";
	const char *c;

	for (c = name; *c; ++c)
		if (g_ascii_isalnum(*c) || strchr(marks, *c))
			g_string_append_c(out, *c);
		else
			g_string_append_printf(out, "%%%02X", (guchar)*c);
}

/* For those who do not know the other form: a quoted string of ASCII */
static void add_plain(GString *out, const char *name)
{
	const char *c;

	for (c = name; *c; c = g_utf8_next_char(c))
		if (g_ascii_isprint(*c) && !strchr("\"\\%", *c))
			g_string_append_c(out, *c);
		else
			g_string_append_c(out, '_');
}

void rest_disposition(char *out, size_t size, const char *name)
{
	char clean[REST_FILE_NAME_MAX + 1] = "";
	GString *text = g_string_new("attachment");

	if (name)
		rest_file_name(clean, name);
	if (*clean) {
		g_string_append(text, "; filename=\"");
		add_plain(text, clean);
		g_string_append(text, "\"; filename*=UTF-8''");
		add_encoded(text, clean);
	}
	/* cut it would make no sense */
	if (str_copy(out, size, text->str))
		(void)str_copy(out, size, "attachment");
	g_string_free(text, TRUE);
}
