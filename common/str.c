/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/str.h"

#include <errno.h>
#include <glib.h>
#include <math.h>
#include <string.h>

int str_copy(char *dst, size_t size, const char *src)
{
	size_t len;

	if (!dst || !size)
		return EOVERFLOW;
	if (!src)
		src = "";

	len = strnlen(src, size);
	if (len < size) {
		memcpy(dst, src, len + 1);
		return 0;
	}
	memcpy(dst, src, size - 1);
	dst[size - 1] = '\0';

	return EOVERFLOW;
}

bool str_eq(const char *a, const char *b)
{
	if (!a || !b)
		return a == b;

	return strcmp(a, b) == 0;
}

bool str_starts(const char *text, const char *prefix)
{
	if (!text || !prefix)
		return false;

	return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool str_is_clean(const char *text, size_t len, bool controls)
{
	size_t i;

	if (!text)
		return false;
	if (!g_utf8_validate_len(text, len, NULL))
		return false;
	if (controls)
		return true;

	for (i = 0; i < len; ++i) {
		const unsigned char c = (unsigned char)text[i];

		if ((c < 0x20 && c != '\t') || c == 0x7f)
			return false;
	}

	return true;
}

int str_to_int(const char *text, int64_t min, int64_t max, int64_t *np)
{
	const char *p = text;
	bool neg;
	int64_t n = 0;

	if (!text || !np)
		return EINVAL;

	neg = *p == '-';
	p += neg;
	if (!*p)
		return EINVAL;
	if (p[strspn(p, "0123456789")])
		return EINVAL;

	/* counted downwards: INT64_MIN has no positive twin */
	for (; *p; ++p) {
		if (__builtin_mul_overflow(n, 10, &n) ||
		    __builtin_sub_overflow(n, *p - '0', &n))
			return ERANGE;
	}
	if (!neg && __builtin_sub_overflow(0, n, &n))
		return ERANGE;
	if (n < min || n > max)
		return ERANGE;

	*np = n;

	return 0;
}

int str_to_num(const char *text, double *np)
{
	const char *p = text;
	size_t whole, frac;
	double n;

	if (!text || !np)
		return EINVAL;

	p += *p == '-';
	whole = strspn(p, "0123456789");
	p += whole;
	if (!whole)
		return EINVAL;
	if (*p == '.') {
		frac = strspn(++p, "0123456789");
		p += frac;
		if (!frac)
			return EINVAL;
	}
	if (*p)
		return EINVAL;

	n = g_ascii_strtod(text, NULL);
	if (!isfinite(n))
		return EINVAL;
	*np = n;

	return 0;
}

void str_hex(char *out, const uint8_t *data, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	size_t i;

	for (i = 0; i < len; ++i) {
		*out++ = digits[data[i] >> 4];
		*out++ = digits[data[i] & 15];
	}
	*out = '\0';
}

char *str_base64(const uint8_t *data, size_t len)
{
	/* g_base64_encode() refuses NULL even for no bytes */
	return g_base64_encode(len ? data : (const uint8_t *)"", len);
}

char *str_base64url(const uint8_t *data, size_t len)
{
	char *text = str_base64(data, len);
	char *p;

	text[strcspn(text, "=")] = '\0';
	for (p = text; *p; ++p) {
		if (*p == '+')
			*p = '-';
		else if (*p == '/')
			*p = '_';
	}

	return text;
}

static int base64_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+')
		return 62;
	if (c == '/')
		return 63;

	return -1;
}

/* GLib's decoder skips what it does not know; a text that was changed must
 * not pass, so: whole groups, padding at the end only, spare bits zero */
int str_base64_decode(const char *text, uint8_t **datap, size_t *lenp)
{
	size_t len, pad = 0, i, n = 0;
	uint8_t *data;
	uint32_t acc = 0;

	if (!text || !datap || !lenp)
		return EINVAL;
	len = strlen(text);
	if (len % 4)
		return EINVAL;
	while (pad < 2 && pad < len && text[len - 1 - pad] == '=')
		++pad;

	data = g_malloc(len / 4 * 3 + 1);
	for (i = 0; i < len - pad; ++i) {
		const int v = base64_value(text[i]);

		if (v < 0)
			goto bad;
		acc = acc << 6 | (uint32_t)v;
		if (i % 4 == 0)
			continue;
		data[n++] = (uint8_t)(acc >> (6 - 2 * (i % 4)));
	}
	if ((pad == 1 && (acc & 3)) || (pad == 2 && (acc & 15)))
		goto bad;

	data[n] = 0; /* so that text can be used as such */
	*datap = data;
	*lenp = n;

	return 0;
bad:
	g_free(data);

	return EINVAL;
}
