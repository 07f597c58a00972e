/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file bridge.h  To the call plugin and back, through Janus's admin API
 *
 * Thread: any; pure.
 */
#ifndef BIFRONS_REST_BRIDGE_H
#define BIFRONS_REST_BRIDGE_H

#include <jansson.h>

#include "common/api_errors.h"

/** Put a message for the call plugin into the core's envelope.
 * @param secret   admin_secret, or NULL
 * @param message  Taken over
 * @return A new object
 */
json_t *rest_bridge_wrap(const char *transaction, const char *secret,
			 json_t *message);

/** Open what the core sent.
 * @param transactionp  The transaction, or NULL; borrowed
 * @param replyp        The call plugin's reply, or NULL; borrowed
 * @return API_OK, or API_ERR_unavailable when the core refused; then *whyp
 *         says what it said (borrowed)
 */
enum api_err rest_bridge_unwrap(const json_t *envelope,
				const char **transactionp,
				const json_t **replyp, const char **whyp);

#endif
