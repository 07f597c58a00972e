/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file kept.h  Transactions that wait for room on the disk
 *
 * What nobody waits for (the state and the events of calls) is not lost when
 * the disk is full: it is kept in its order and written once there is room.
 *
 * Thread: store.
 */
#ifndef BIFRONS_STORE_KEPT_H
#define BIFRONS_STORE_KEPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct store_tx;

enum {
	KEPT_MAX_BYTES = 64 * 1024 * 1024,
	KEPT_RETRY_US = 1000000,
};

/** Zeroed = empty */
struct kept {
	struct store_tx *first, *last;
	size_t n, bytes;
	int64_t due_us; /**< not tried again before */
};

/** Behind the others.
 * @return false when there is no room for it here either: the caller's still
 */
bool kept_add(struct kept *kept, struct store_tx *tx);
/** All of them, the oldest first; NULL without any */
struct store_tx *kept_take(struct kept *kept);

#endif
