/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/jsonw.h"

#include <stdlib.h>
#include <string.h>

#include "common/clock.h"

enum {
	INT_SIZE = 24
};

/* Room for so many bytes behind what is there. @return Where they go */
static char *reserve(GString *out, size_t size)
{
	const size_t len = out->len;

	if (len + size >= out->allocated_len) {
		g_string_set_size(out, len + size); /* it grows by doubling */
		out->len = len;
	}

	return out->str + len;
}

/* What reserve() gave is filled up to end */
static void commit(GString *out, char *end)
{
	*end = '\0';
	out->len = (size_t)(end - out->str);
}

/* Nothing but a bracket that was just opened ends in one: strings end in a
 * quote. @return Where the value goes, with room for so many bytes */
static char *begin(GString *out, const char *key, size_t size)
{
	const char last = out->len ? out->str[out->len - 1] : '[';
	const size_t len = key ? strlen(key) : 0;
	char *p = reserve(out, size + len + sizeof(",\"\":"));

	if (last != '{' && last != '[')
		*p++ = ',';
	if (!key)
		return p;
	*p++ = '"';
	memcpy(p, key, len + 1); /* its end is written over */
	p += len;
	*p++ = '"';
	*p++ = ':';

	return p;
}

static void put(GString *out, const char *key, const char *text, size_t len)
{
	char *p = begin(out, key, len);

	memcpy(p, text, len);
	commit(out, p + len);
}

void jsonw_open(GString *out, const char *key, char bracket)
{
	put(out, key, &bracket, 1);
}

void jsonw_close(GString *out, char bracket)
{
	g_string_append_c(out, bracket);
}

static void put_escape(GString *out, unsigned char c)
{
	static const char from[] = "\"\\\b\f\n\r\t", to[] = "\"\\bfnrt";
	const char *p = memchr(from, c, sizeof(from) - 1);

	if (p) {
		g_string_append_c(out, '\\');
		g_string_append_c(out, to[p - from]);
	} else {
		g_string_append_printf(out, "\\u%04X", c);
	}
}

static void put_valid(GString *out, const char *value)
{
	const char *p = value, *span = value;

	for (; *p; ++p) {
		const unsigned char c = (unsigned char)*p;

		if (c >= 0x20 && c != '"' && c != '\\')
			continue;
		g_string_append_len(out, span, p - span);
		put_escape(out, c);
		span = p + 1;
	}
	g_string_append_len(out, span, p - span);
}

/* Length of what needs no escape and no check; the whole, mostly */
static size_t plain_len(const char *value)
{
	const char *p = value;

	while ((unsigned char)*p >= 0x20 && (unsigned char)*p < 0x80 &&
	       *p != '"' && *p != '\\')
		++p;

	return (size_t)(p - value);
}

void jsonw_str(GString *out, const char *key, const char *value)
{
	char *valid, *p;
	size_t len;

	if (!value) {
		jsonw_null(out, key);
		return;
	}

	len = plain_len(value);
	p = begin(out, key, len + 2);
	*p++ = '"';
	memcpy(p, value, len);
	commit(out, p + len);
	value += len;
	if (!*value) {
		g_string_append_c(out, '"');
		return;
	}

	if (g_utf8_validate(value, -1, NULL)) {
		put_valid(out, value);
	} else {
		/* a SIP header in Latin-1: keep what can be */
		valid = g_utf8_make_valid(value, -1);
		put_valid(out, valid);
		g_free(valid);
	}
	g_string_append_c(out, '"');
}

/* From the end; @return where it begins */
static char *digits_of(uint64_t n, char buf[INT_SIZE])
{
	char *p = buf + INT_SIZE;

	do {
		*--p = (char)('0' + n % 10);
		n /= 10;
	} while (n);

	return p;
}

void jsonw_int(GString *out, const char *key, int64_t value)
{
	char buf[INT_SIZE];
	char *p = digits_of(value < 0 ? 0 - (uint64_t)value : (uint64_t)value,
			    buf);

	if (value < 0)
		*--p = '-';
	put(out, key, p, (size_t)(buf + INT_SIZE - p));
}

void jsonw_bool(GString *out, const char *key, bool value)
{
	jsonw_text(out, key, value ? "true" : "false");
}

void jsonw_null(GString *out, const char *key)
{
	jsonw_text(out, key, "null");
}

void jsonw_fixed(GString *out, const char *key, double value, unsigned digits)
{
	char buf[INT_SIZE], *p;
	uint64_t steps = 1, n;
	unsigned i;

	for (i = 0; i < digits; ++i)
		steps *= 10;
	n = value > 0 ? (uint64_t)(value * (double)steps + 0.5) : 0;

	p = digits_of(n / steps, buf);
	put(out, key, p, (size_t)(buf + INT_SIZE - p));
	g_string_append_c(out, '.');
	p = digits_of(steps + n % steps, buf) + 1; /* without the leading 1 */
	g_string_append_len(out, p, buf + INT_SIZE - p);
}

void jsonw_time(GString *out, const char *key, int64_t wall_ms)
{
	char buf[CLOCK_RFC3339_SIZE];

	if (!wall_ms) {
		jsonw_null(out, key);
		return;
	}
	clock_rfc3339(buf, sizeof(buf), wall_ms);
	jsonw_str(out, key, buf);
}

void jsonw_text(GString *out, const char *key, const char *text)
{
	if (!text)
		text = "null";
	put(out, key, text, strlen(text));
}

static int on_piece(const char *buffer, size_t size, void *arg)
{
	g_string_append_len(arg, buffer, (gssize)size);

	return 0;
}

void jsonw_json(GString *out, const char *key, const json_t *j)
{
	if (!j) {
		jsonw_null(out, key);
		return;
	}

	commit(out, begin(out, key, 0));
	/* only want of memory fails */
	if (json_dump_callback(j, on_piece, out,
			       JSON_COMPACT | JSON_ENCODE_ANY))
		abort();
}
