/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file keys.h  Access keys and accounts, as the first start makes them too
 *
 * Thread: any.
 */
#ifndef BIFRONS_API_KEYS_H
#define BIFRONS_API_KEYS_H

#include <jansson.h>

#include "common/opt.h"

struct store_tx;

extern const struct opt api_key_opts[], api_account_opts[];

/** Add a key's row to the transaction.
 * @param fields  {"name", "scopes", "expires_at"} checked; borrowed
 * @param id      Its id, or NULL: a new one
 * @param value   Its value, or NULL: a new one
 * @return The key as its creator sees it, with "value"; a new object
 */
json_t *key_add(struct store_tx *tx, const char *account_id, const char *id,
		const json_t *fields, const char *value);

#endif
