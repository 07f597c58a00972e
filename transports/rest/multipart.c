/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rest/multipart.h"

#include <errno.h>
#include <glib.h>
#include <string.h>

enum state {
	STATE_PREAMBLE,  /* before the first boundary: dropped */
	STATE_BOUNDARY,  /* behind one: the end of its line, or "--" */
	STATE_LAST_DASH, /* one of the two dashes was there */
	STATE_PADDING,   /* blanks to the end of the line */
	STATE_LINE_END,  /* its CR was there */
	STATE_HEAD,
	STATE_DATA,
	STATE_EPILOGUE, /* behind the last boundary: dropped */
	STATE_FAILED,
};

struct multipart {
	const struct multipart_handlers *handlers;
	void *arg;
	enum state state;
	int err;
	const char *why;

	char delimiter[4 + MULTIPART_BOUNDARY_MAX + 1]; /* CR LF - - boundary */
	size_t delimiter_len;
	size_t matched; /* bytes of the delimiter that were seen last */
	size_t ghost;   /* of them: not of the part, but of what was before */

	char head[MULTIPART_HEAD_MAX + 1];
	size_t head_len;
};

struct multipart *multipart_new(const char *boundary,
				const struct multipart_handlers *handlers,
				void *arg)
{
	struct multipart *mp = g_new0(struct multipart, 1);

	mp->handlers = handlers;
	mp->arg = arg;
	g_snprintf(mp->delimiter, sizeof(mp->delimiter), "\r\n--%s", boundary);
	mp->delimiter_len = strlen(mp->delimiter);
	mp->matched = mp->ghost = 2; /* the first needs no line before it */

	return mp;
}

void multipart_free(struct multipart *mp)
{
	g_free(mp);
}

const char *multipart_why(const struct multipart *mp)
{
	return mp->why ? mp->why : "";
}

static int fail(struct multipart *mp, int err, const char *why)
{
	mp->state = STATE_FAILED;
	mp->err = err;
	mp->why = why;

	return err;
}

static int put(struct multipart *mp, const char *data, size_t len)
{
	if (mp->state != STATE_DATA || !len ||
	    mp->handlers->data(mp->arg, data, len))
		return 0;

	return fail(mp, ECANCELED, NULL);
}

/* What looked like a delimiter was none */
static int put_back(struct multipart *mp)
{
	const size_t ghost = mp->ghost, n = mp->matched - ghost;

	mp->matched = mp->ghost = 0;

	return put(mp, mp->delimiter + ghost, n);
}

static int found_delimiter(struct multipart *mp)
{
	const bool in_part = mp->state == STATE_DATA;

	mp->matched = mp->ghost = 0;
	mp->state = STATE_BOUNDARY;
	if (in_part && !mp->handlers->end(mp->arg))
		return fail(mp, ECANCELED, NULL);

	return 0;
}

/* Look for the delimiter; what is none goes on. A CR is only at its start, so
 * after a mismatch a match begins at this byte or later, never before.
 * @return Bytes taken */
static size_t scan(struct multipart *mp, const char *data, size_t len)
{
	size_t begin = 0, i = 0;

	while (i < len) {
		const char *cr;

		if (mp->matched && data[i] == mp->delimiter[mp->matched]) {
			++i;
			if (++mp->matched == mp->delimiter_len) {
				(void)found_delimiter(mp);
				return i;
			}
			begin = i;
			continue;
		}
		if (mp->matched) {
			/* it was none; it may have come with earlier pieces */
			begin = i;
			if (put_back(mp))
				return len;
			continue;
		}

		cr = memchr(data + i, '\r', len - i);
		i = cr ? (size_t)(cr - data) : len;
		if (put(mp, data + begin, i - begin))
			return len;
		if (cr) {
			mp->matched = 1;
			++i;
		}
		begin = i;
	}

	return len;
}

static int end_head(struct multipart *mp)
{
	struct multipart_part part;
	const char *why;

	mp->head[mp->head_len] = '\0';
	why = multipart_head(&part, mp->head, mp->head_len);
	if (why)
		return fail(mp, EBADMSG, why);

	mp->state = STATE_DATA;
	/* without a body the delimiter's line begins with the head's last */
	mp->matched = mp->ghost = 2;
	mp->head_len = 0;
	if (!mp->handlers->begin(mp->arg, &part))
		return fail(mp, ECANCELED, NULL);

	return 0;
}

static bool head_ends(const struct multipart *mp)
{
	const size_t n = mp->head_len;

	return (n == 2 && !memcmp(mp->head, "\r\n", 2)) ||
	       (n >= 4 && !memcmp(mp->head + n - 4, "\r\n\r\n", 4));
}

static void add_to_head(struct multipart *mp, char c)
{
	if (mp->head_len == MULTIPART_HEAD_MAX) {
		fail(mp, EBADMSG, "the header fields of a part are too large");
		return;
	}
	mp->head[mp->head_len++] = c;
	if (c == '\n' && head_ends(mp))
		(void)end_head(mp);
}

/* What is behind a boundary, byte by byte */
static void step(struct multipart *mp, char c)
{
	static const char why[] = "a boundary does not end its line";
	const enum state state = mp->state;

	if (state == STATE_HEAD)
		add_to_head(mp, c);
	else if (state == STATE_BOUNDARY && c == '-')
		mp->state = STATE_LAST_DASH;
	else if (state == STATE_LAST_DASH && c == '-')
		mp->state = STATE_EPILOGUE;
	else if (state == STATE_LINE_END && c == '\n')
		mp->state = STATE_HEAD;
	else if (state == STATE_LAST_DASH || state == STATE_LINE_END)
		fail(mp, EBADMSG, why);
	else if (c == '\r')
		mp->state = STATE_LINE_END;
	else if (c == ' ' || c == '\t')
		mp->state = STATE_PADDING;
	else
		fail(mp, EBADMSG, why);
}

int multipart_add(struct multipart *mp, const char *data, size_t len)
{
	size_t i = 0;

	while (i < len) {
		switch (mp->state) {
		case STATE_PREAMBLE:
		case STATE_DATA:
			i += scan(mp, data + i, len - i);
			break;
		case STATE_BOUNDARY:
		case STATE_LAST_DASH:
		case STATE_PADDING:
		case STATE_LINE_END:
		case STATE_HEAD:
			step(mp, data[i++]);
			break;
		case STATE_EPILOGUE:
			return 0;
		case STATE_FAILED:
			return mp->err;
		}
	}

	return mp->state == STATE_FAILED ? mp->err : 0;
}

int multipart_end(struct multipart *mp)
{
	if (mp->state == STATE_FAILED)
		return mp->err;
	if (mp->state != STATE_EPILOGUE)
		return fail(mp, EBADMSG,
			    mp->state == STATE_PREAMBLE
				    ? "the boundary of Content-Type is not in "
				      "the body"
				    : "the last boundary is missing");

	return 0;
}
