/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file static.h  The web pages: files of one folder, and nothing else
 *
 * Thread: any; a file is read at each request, so that a new build shows.
 */
#ifndef BIFRONS_REST_STATIC_H
#define BIFRONS_REST_STATIC_H

#include "rest/answer.h"

/** Answer with a file.
 * @param root      The folder, or NULL: there are no pages
 * @param match     A match whose route's page is a file's
 * @param if_none_match  The header field, or NULL
 * @return false: there is no such file (nothing is answered)
 */
bool rest_static_answer(struct rest_answer *ans, const char *root,
			const struct rest_match *match,
			const char *if_none_match);

/** Is it one of the pages that are files? */
bool rest_static_is(enum rest_page page);

#endif
