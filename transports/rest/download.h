/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file download.h  A file of the data directory as an answer
 *
 * Whole or in part (Range, If-Range), or 304 for who has it already
 * (If-None-Match). Only what lies in the folders that hold what users gave or
 * recorded, whatever the verb says.
 *
 * Thread: that of the request that it belongs to; opens a file.
 */
#ifndef BIFRONS_REST_DOWNLOAD_H
#define BIFRONS_REST_DOWNLOAD_H

#include <stdbool.h>

#include "rest/answer.h"

/** Header fields, each NULL when it is not there */
struct rest_conditions {
	const char *range, *if_range, *if_none_match;
};

/** @param root  The data directory, or NULL
 * @param file   {"path", "content_type", "name"}, as the verb says; borrowed
 * @return false: the fault is set
 */
bool rest_download_answer(struct rest_answer *ans, struct rest_fault *fault,
			  const char *root, const json_t *file,
			  const struct rest_conditions *cond);

#endif
