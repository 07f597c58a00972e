/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "multipart.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum {
	BOUNDARY_MAX = 70,
	PARTS_MAX = 16
};

/* "--boundary", without quotes */
static int make_delimiter(char *out, size_t size, const char *boundary)
{
	size_t len = boundary ? strlen(boundary) : 0;

	if (len >= 2 && boundary[0] == '"' && boundary[len - 1] == '"')
		++boundary, len -= 2;
	if (!len || len > BOUNDARY_MAX)
		return EINVAL;

	snprintf(out, size, "--%.*s", (int)len, boundary);

	return 0;
}

/* The next line that begins with the delimiter, or NULL */
static const char *find_line(const char *p, const char *end, const char *delim)
{
	const size_t n = strlen(delim);

	while (p < end) {
		if ((size_t)(end - p) >= n && !memcmp(p, delim, n))
			return p;
		p = memchr(p, '\n', (size_t)(end - p));
		if (!p)
			return NULL;
		++p;
	}

	return NULL;
}

static const char *line_end(const char *p, const char *end)
{
	const char *eol = memchr(p, '\n', (size_t)(end - p));

	return eol ? eol : end;
}

static bool names_type(const char *line, size_t len, const char *type)
{
	static const char name[] = "Content-Type:";
	const size_t n = sizeof(name) - 1, want = strlen(type);

	if (len < n || strncasecmp(line, name, n) != 0)
		return false;
	for (line += n, len -= n; len && isblank((unsigned char)*line); --len)
		++line;

	return len >= want && !strncasecmp(line, type, want) &&
	       (len == want || strchr("; \t\r", line[want]));
}

/* Headers up to the empty line, then the part itself; the line break before
 * the next delimiter belongs to that */
static bool read_part(const char *p, const char *end, const char *type,
		      const char **partp, size_t *part_lenp)
{
	bool match = false;

	while (p < end && *p != '\n' &&
	       !(p[0] == '\r' && p + 1 < end && p[1] == '\n')) {
		const char *eol = line_end(p, end);

		match |= names_type(p, (size_t)(eol - p), type);
		p = eol < end ? eol + 1 : end;
	}
	if (!match || p == end)
		return false;

	p += *p == '\r' ? 2 : 1;
	if (end > p && end[-1] == '\n')
		--end;
	if (end > p && end[-1] == '\r')
		--end;
	*partp = p;
	*part_lenp = (size_t)(end - p);

	return true;
}

int sipx_part_find(const char *body, size_t len, const char *boundary,
		   const char *type, const char **partp, size_t *part_lenp)
{
	const char *end = body + len, *part, *next;
	char delim[BOUNDARY_MAX + 3];
	unsigned n;

	if (make_delimiter(delim, sizeof(delim), boundary))
		return EINVAL;
	part = find_line(body, end, delim);
	if (!part)
		return EINVAL;

	for (n = 0; part && n < PARTS_MAX; ++n) {
		part = line_end(part, end);
		if (part == end)
			break;
		++part;
		next = find_line(part, end, delim);
		if (!next)
			break; /* the last has its delimiter too */
		if (read_part(part, next, type, partp, part_lenp))
			return 0;
		part = next;
	}

	return ENOENT;
}
