/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Fields of a stranger's HTTP answer: what is read is in its bounds, and more
 * lines never make an answer fresher */
#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "common/http_head.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool ok)
{
	if (!ok)
		abort();
}

static void freshness(const char *text)
{
	struct http_freshness once = HTTP_FRESHNESS_UNSAID, twice;

	http_cache_control(&once, text);
	require(once.max_age_s >= -1 && once.max_age_s <= INT32_MAX);
	require(!once.no_store || once.max_age_s == 0);

	twice = once;
	http_cache_control(&twice, text);
	require(twice.max_age_s == once.max_age_s &&
		twice.no_store == once.no_store);

	http_age(&twice, text);
	require(twice.max_age_s <= once.max_age_s);
	require((twice.max_age_s < 0) == (once.max_age_s < 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text;
	int64_t at = 0, wait_s;

	if (size > 4096)
		return 0;

	text = g_malloc(size + 1);
	if (size)
		memcpy(text, data, size);
	text[size] = '\0';

	if (!http_date_parse(text, &at))
		require(at >= 0 && at <= 253402300800);
	wait_s = http_retry_after_s(text, 1700000000);
	require(wait_s >= -1 && wait_s <= INT32_MAX);
	freshness(text);
	g_free(text);

	return 0;
}
