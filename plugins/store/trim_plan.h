/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file trim_plan.h  What a run of trimming deletes next
 *
 * Thread: a worker, one at a time: it reads. Private to store/.
 */
#ifndef BIFRONS_STORE_TRIM_PLAN_H
#define BIFRONS_STORE_TRIM_PLAN_H

#include "common/id.h"
#include "store/store.h"

/** Where a run stands; zeroed = at its beginning */
struct trim_plan {
	unsigned step;            /**< which table */
	char account_id[ID_SIZE]; /**< whose rows; "" = the first is next */
	bool in_account;          /**< it has more, behind `id` or `row` */
	int64_t before_ms;        /**< older ones go */
	char id[ID_SIZE];
	int64_t row;
};

/** Put the next piece together, TRIM_CHUNK rows at most.
 * @param now_ms  Wall clock
 * @param txp     Set to a transaction, or to NULL: nothing is left
 * @return 0, or the error of reading
 */
int trim_plan_next(struct trim_plan *plan, struct db *db, int64_t now_ms,
		   struct store_tx **txp);

#endif
