/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/jsonw.h"

#include <stdlib.h>
#include <string.h>

#include "common/clock.h"

enum {
	INT_SIZE = 24
};

/* Nothing but a bracket that was just opened ends in one: strings end in a
 * quote */
static void begin(GString *out, const char *key)
{
	const char last = out->len ? out->str[out->len - 1] : '[';

	if (last != '{' && last != '[')
		g_string_append_c(out, ',');
	if (!key)
		return;
	g_string_append_c(out, '"');
	g_string_append(out, key);
	g_string_append_len(out, "\":", 2);
}

void jsonw_open(GString *out, const char *key, char bracket)
{
	begin(out, key);
	g_string_append_c(out, bracket);
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

static bool is_plain(const char *value)
{
	const char *p;

	for (p = value; *p; ++p)
		if ((unsigned char)*p < 0x20 || (unsigned char)*p >= 0x80 ||
		    *p == '"' || *p == '\\')
			return false;

	return true;
}

void jsonw_str(GString *out, const char *key, const char *value)
{
	char *valid;

	if (!value) {
		jsonw_null(out, key);
		return;
	}

	begin(out, key);
	g_string_append_c(out, '"');
	if (is_plain(value)) {
		g_string_append(out, value);
	} else if (g_utf8_validate(value, -1, NULL)) {
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
	begin(out, key);
	g_string_append_len(out, p, buf + INT_SIZE - p);
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

	begin(out, key);
	p = digits_of(n / steps, buf);
	g_string_append_len(out, p, buf + INT_SIZE - p);
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
	begin(out, key);
	g_string_append(out, text ? text : "null");
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

	begin(out, key);
	/* only want of memory fails */
	if (json_dump_callback(j, on_piece, out,
			       JSON_COMPACT | JSON_ENCODE_ANY))
		abort();
}
