/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rest/multipart.h"

#include <errno.h>
#include <glib.h>
#include <string.h>

#include "common/str.h"

enum {
	PARAMETER_NAME_SIZE = 32
};

/* RFC 9110 §5.6.2 */
static bool is_token_char(char c)
{
	return g_ascii_isalnum(c) || (c && strchr("!#$%&'*+-.^_`|~", c));
}

static const char *skip_blanks(const char *text)
{
	return text + strspn(text, " \t");
}

/* Browsers write a quote as %22, others as \"; a backslash before anything
 * else is one (C:\sounds\a.wav). @return Behind the closing quote, or NULL */
static const char *take_quoted(const char *text, char *out, size_t size)
{
	size_t n = 0;

	for (; *text && *text != '"'; ++text) {
		if (*text == '\\' && (text[1] == '"' || text[1] == '\\'))
			++text;
		if (n + 1 < size)
			out[n++] = *text;
	}
	out[n] = '\0';

	return *text ? text + 1 : NULL;
}

static const char *take_bare(const char *text, char *out, size_t size)
{
	size_t n = 0;

	for (; *text && !strchr("; \t\"", *text); ++text)
		if (n + 1 < size)
			out[n++] = *text;
	out[n] = '\0';

	return n ? text : NULL;
}

int multipart_parameter(const char **textp, char *name, size_t name_size,
			char *value, size_t value_size)
{
	const char *text = skip_blanks(*textp);
	size_t n = 0;

	if (!*text)
		return ENOENT;

	for (; is_token_char(*text); ++text)
		if (n + 1 < name_size)
			name[n++] = g_ascii_tolower(*text);
	name[n] = '\0';
	text = skip_blanks(text);
	if (!n || *text != '=')
		return EINVAL;

	text = skip_blanks(text + 1);
	text = *text == '"' ? take_quoted(text + 1, value, value_size)
			    : take_bare(text, value, value_size);
	if (!text)
		return EINVAL;

	text = skip_blanks(text);
	if (*text && *text != ';')
		return EINVAL;
	*textp = *text ? text + 1 : text;

	return 0;
}

/* "form-data; name=…": the type must be `type`. @return Behind its ';' (or at
 * the end), or NULL */
static const char *after_type(const char *text, const char *type)
{
	const size_t len = strlen(type);

	text = skip_blanks(text);
	if (g_ascii_strncasecmp(text, type, len))
		return NULL;
	text = skip_blanks(text + len);
	if (*text && *text != ';')
		return NULL;

	return *text ? text + 1 : text;
}

static const char *take_disposition(struct multipart_part *part,
				    const char *text)
{
	char value[MULTIPART_FILE_NAME_MAX + 1], name[PARAMETER_NAME_SIZE];
	bool has_name = false;
	int err;

	text = after_type(text, "form-data");
	if (!text)
		return "a part's Content-Disposition is not form-data";

	while (!(err = multipart_parameter(&text, name, sizeof(name), value,
					   sizeof(value)))) {
		if (str_eq(name, "name")) {
			if (has_name)
				return "a part has two names";
			has_name = true;
			if (str_copy(part->name, sizeof(part->name), value))
				return "a part's name is too long";
		} else if (str_eq(name, "filename")) {
			if (part->is_file)
				return "a part has two file names";
			part->is_file = true;
			(void)str_copy(part->file_name, sizeof(part->file_name),
				       value);
		}
	}
	if (err != ENOENT)
		return "a part's Content-Disposition makes no sense";

	return has_name ? NULL : "a part has no name";
}

/* Only what leaves the bytes as they are (RFC 7578 §4.7) */
static bool is_identity(const char *encoding)
{
	encoding = skip_blanks(encoding);

	return !g_ascii_strcasecmp(encoding, "binary") ||
	       !g_ascii_strcasecmp(encoding, "8bit") ||
	       !g_ascii_strcasecmp(encoding, "7bit");
}

static const char *take_field(struct multipart_part *part, char *line,
			      bool *seen)
{
	char *value = strchr(line, ':');
	const char *c;

	for (c = line; *c; ++c)
		if (g_ascii_iscntrl(*c) && *c != '\t')
			return "a part's header field holds a control "
			       "character";
	if (!value || value == line)
		return "a part's header field has no name";
	*value++ = '\0';
	g_strchomp(value);

	if (!g_ascii_strcasecmp(line, "Content-Transfer-Encoding"))
		part->encoded = !is_identity(value);
	if (g_ascii_strcasecmp(line, "Content-Disposition"))
		return NULL;
	if (*seen)
		return "a part has two Content-Dispositions";
	*seen = true;

	return take_disposition(part, value);
}

const char *multipart_head(struct multipart_part *part, const char *text,
			   size_t len)
{
	char *copy, **lines, **line;
	const char *why = NULL;
	bool seen = false;

	memset(part, 0, sizeof(*part));
	if (memchr(text, '\0', len))
		return "a part's header field holds a NUL";

	copy = g_strndup(text, len);
	lines = g_strsplit(copy, "\r\n", -1);
	for (line = lines; *line && !why; ++line)
		if (**line)
			why = take_field(part, *line, &seen);
	if (!why && !seen)
		why = "a part has no Content-Disposition";
	g_strfreev(lines);
	g_free(copy);

	return why;
}

/* RFC 2046 §5.1.1: bchars, the last one no blank */
static bool is_boundary(const char *text)
{
	static const char marks[] = "'()+_,-./:=? ";
	const size_t len = strlen(text);
	size_t i;

	for (i = 0; i < len; ++i)
		if (!g_ascii_isalnum(text[i]) && !strchr(marks, text[i]))
			return false;

	return len > 0 && len <= MULTIPART_BOUNDARY_MAX && text[len - 1] != ' ';
}

int multipart_boundary(char out[MULTIPART_BOUNDARY_MAX + 1], const char *type)
{
	/* one byte more, so that what is too long is seen */
	char value[MULTIPART_BOUNDARY_MAX + 2], name[PARAMETER_NAME_SIZE];
	bool found = false;
	int err;

	type = after_type(type, "multipart/form-data");
	if (!type)
		return ENOENT;

	while (!(err = multipart_parameter(&type, name, sizeof(name), value,
					   sizeof(value)))) {
		if (!str_eq(name, "boundary"))
			continue;
		if (found || !is_boundary(value))
			return EINVAL;
		found = true;
		(void)str_copy(out, MULTIPART_BOUNDARY_MAX + 1, value);
	}

	return err == ENOENT && found ? 0 : EINVAL;
}
