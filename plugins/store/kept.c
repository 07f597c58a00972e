/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "store/kept.h"

#include "store/backend.h"

static size_t weight(const struct store_tx *tx)
{
	return sizeof(*tx) + tx->text->len +
	       tx->values->len * sizeof(struct db_value) +
	       tx->stmts->len * sizeof(struct store_stmt);
}

bool kept_add(struct kept *kept, struct store_tx *tx)
{
	const size_t bytes = weight(tx);

	if (kept->bytes + bytes > KEPT_MAX_BYTES)
		return false;

	tx->node.next = NULL;
	if (kept->last)
		kept->last->node.next = &tx->node;
	else
		kept->first = tx;
	kept->last = tx;
	kept->bytes += bytes;
	++kept->n;

	return true;
}

struct store_tx *kept_take(struct kept *kept)
{
	struct store_tx *first = kept->first;

	*kept = (struct kept){0};

	return first;
}
