/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file http.h  What patch and webhook_send share: asking servers
 *
 * Thread: loop.
 */
#ifndef BIFRONS_ACTIONS_HTTP_H
#define BIFRONS_ACTIONS_HTTP_H

#include "flow/flow_action.h"

enum {
	HTTP_URL_MAX = 4096,
	HTTP_TIMEOUT_MAX_MS = 60000,
};

/** The check of an option `headers` */
void http_check_headers(const json_t *option, const char *pointer,
			struct opt_faults *faults);

/** Ask. @return 0, or errno after flow_fail() */
int http_ask(struct flow_run *run, const struct flow_http *http, uint32_t *idp);
/** Give it up, 0 = nothing */
void http_give_up(struct flow_run *run, uint32_t id);

/** No answer came: flow_fail() with what it came to */
enum act http_failed(struct flow_run *run, const struct flow_http_reply *reply);

/** Is nothing but blanks in it? */
bool http_is_empty(const struct flow_http_reply *reply);

/** Is it JSON, by its type or its first character? */
bool http_is_json(const struct flow_http_reply *reply);

#endif
