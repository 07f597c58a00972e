/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file store.h  The transport's reading connections to the store
 *
 * Opened at the first read: the call plugin may only now be making the file.
 *
 * Thread: any; each read blocks.
 */
#ifndef BIFRONS_REST_STORE_H
#define BIFRONS_REST_STORE_H

#include "host/db.h"

struct rest_store;

/** @param path  Copied. @param connections  At once */
struct rest_store *rest_store_new(const char *path, unsigned connections);
/** Nobody reads any more. @return NULL */
struct rest_store *rest_store_free(struct rest_store *store);

/** As db_read(); what goes wrong has been logged. @return 0 or errno */
int rest_store_read(struct rest_store *store, const char *sql,
		    const struct db_value *params, size_t nparams,
		    db_row_h *row, void *arg);

#endif
