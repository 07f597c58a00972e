/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file range.h  The header field Range: one range of bytes (RFC 9110 §14)
 *
 * Thread: any; pure.
 */
#ifndef BIFRONS_REST_RANGE_H
#define BIFRONS_REST_RANGE_H

#include <stdint.h>

enum rest_range {
	REST_RANGE_ALL,  /**< no range, several, or no sense: send all, 200 */
	REST_RANGE_PART, /**< 206 */
	REST_RANGE_BAD,  /**< nothing of it is there: 416 */
};

/** @param text   The field, or NULL
 * @param size    Of the whole, in bytes
 * @param firstp  Set for a part: its first byte
 * @param lenp    Set for a part: its length, at least 1
 */
enum rest_range rest_range_parse(const char *text, int64_t size,
				 int64_t *firstp, int64_t *lenp);

#endif
