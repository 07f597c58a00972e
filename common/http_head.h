/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file http_head.h  What fields of an HTTP answer say: RFC 9110, 9111
 *
 * Thread: any; pure. The texts are a stranger's: NUL-ended, else anything.
 */
#ifndef BIFRONS_COMMON_HTTP_HEAD_H
#define BIFRONS_COMMON_HTTP_HEAD_H

#include <stdbool.h>
#include <stdint.h>

/** A date in any of the three forms of RFC 9110 §5.6.7; the name of the day
 * is not compared.
 * @return 0, or EINVAL
 */
int http_date_parse(const char *text, int64_t *unix_sp);

/** Retry-After (RFC 9110 §10.2.3): a number of seconds, or a date.
 * @param now_s  Unix time, for a date
 * @return Seconds from now, 0 for a date that is over, 2^31 at most; -1 when
 *         it says neither (NULL too)
 */
int64_t http_retry_after_s(const char *value, int64_t now_s);

struct http_freshness {
	int64_t max_age_s; /**< -1 = not said */
	bool no_store;
};

#define HTTP_FRESHNESS_UNSAID                                                  \
	{                                                                      \
		.max_age_s = -1                                                \
	}

/** Cache-Control (RFC 9111 §5.2.2), one field line after the other: of
 * several the shortest age counts, one that is no number is 0, and so are
 * no-cache and no-store. Directives for shared caches are not ours.
 */
void http_cache_control(struct http_freshness *fresh, const char *value);

/** Age (RFC 9111 §5.1): so much of max_age_s is over already */
void http_age(struct http_freshness *fresh, const char *value);

#endif
