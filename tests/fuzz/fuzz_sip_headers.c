/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The pieces of SIP headers and bodies that we read ourselves. The first byte
 * chooses the reader; whatever comes out must be fit for logs and JSON. */
#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "common/str.h"
#include "sip/header.h"
#include "sip/multipart.h"
#include "sip/target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool ok)
{
	if (!ok)
		abort();
}

static void check_clean(const char *text, size_t size)
{
	const size_t len = strnlen(text, size);

	require(len < size);
	require(str_is_clean(text, len, false));
	require(!memchr(text, '\t', len));
}

static void texts(const char *text, size_t len)
{
	char out[SIPX_TEXT_SIZE], small[7];

	sipx_clean(out, sizeof(out), text, len);
	check_clean(out, sizeof(out));
	sipx_clean(small, sizeof(small), text, len);
	check_clean(small, sizeof(small));
	sipx_display(out, sizeof(out), text);
	check_clean(out, sizeof(out));
	sipx_user(out, sizeof(out), text);
	check_clean(out, sizeof(out));
	sipx_is_number(out);
	sipx_host_is_private(text);
	sipx_reason_cause("SIP", text);
}

/* What is taken for a URI can stand in a request line and a header */
static void target(const char *text)
{
	struct sipx_target it;
	char uri[SIPX_URI_SIZE], user[SIPX_ESCAPED_SIZE];

	if (!sipx_target_parse(&it, text)) {
		sipx_target_uri(uri, sizeof(uri), &it);
		check_clean(uri, sizeof(uri));
		require(!strpbrk(uri, " <>\"?\\"));
	}
	if (!sipx_target_user(user, sizeof(user), text))
		check_clean(user, sizeof(user));
	sipx_user_write(user, sizeof(user), text);
	require(!strpbrk(user, " <>\"@:;?\\"));
}

static void dtmf(const char *text, size_t len, bool relay)
{
	char digit = 0;
	unsigned ms = 0;

	if (sipx_dtmf_parse(text, len, relay, &digit, &ms))
		return;
	require(digit && strchr("0123456789*#ABCD", digit));
	require(ms <= 60000);
}

/* The boundary is what stands before the first NUL */
static void parts(const char *text, size_t len)
{
	const char *part = NULL;
	size_t part_len = 0, n = strlen(text);

	if (n >= len)
		return;
	text += n + 1;
	len -= n + 1;
	if (sipx_part_find(text, len, text - n - 1, "application/sdp", &part,
			   &part_len))
		return;
	require(part >= text && part_len <= len &&
		part + part_len <= text + len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text;

	if (!size || size > 4096)
		return 0;

	text = g_malloc(size);
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	switch (data[0] & 3) {
	case 0:
		texts(text, size - 1);
		target(text);
		break;
	case 1:
		dtmf(text, size - 1, true);
		break;
	case 2:
		dtmf(text, size - 1, false);
		break;
	default:
		parts(text, size - 1);
		break;
	}
	g_free(text);

	return 0;
}
