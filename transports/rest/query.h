/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file query.h  "page_size=10&order=asc" to an object of strings
 *
 * Thread: any; pure.
 */
#ifndef BIFRONS_REST_QUERY_H
#define BIFRONS_REST_QUERY_H

#include <jansson.h>

#include "common/api_errors.h"
#include "common/opt.h"

enum {
	REST_MAX_QUERY = 64 /**< parameters */
};

/** Parse a query string. An empty parameter ("&&") is skipped, one without
 * '=' has the empty value.
 * @param queryp  Set on API_OK; json_decref() it
 * @param faults  One per parameter that came twice
 * @param whyp    Set to a static text with API_ERR_bad_request
 * @return API_OK, API_ERR_bad_request, or API_ERR_invalid with faults added
 */
enum api_err rest_query_parse(json_t **queryp, const char *text,
			      struct opt_faults *faults, const char **whyp);

#endif
