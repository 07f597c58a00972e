/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file event_query.h  What `GET /v1/events` takes, described once
 *
 * The transport checks a request with it, the call plugin describes it in
 * OpenAPI.
 *
 * Thread: any; constant.
 */
#ifndef BIFRONS_COMMON_EVENT_QUERY_H
#define BIFRONS_COMMON_EVENT_QUERY_H

#include "common/opt.h"

extern const struct opt event_query_opts[];

/** "call.*,flow.error": a list of patterns (event_list.h), each of which
 * holds some type. @return NULL, or what is wrong
 */
const char *event_query_check_types(const char *value);

#endif
