/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file reader.h  Follows the outbox: the event table, by a cursor
 *
 * Thread: a reader has a thread of its own, which opens the store, reads what
 * was committed after its cursor, and sleeps until the doorbell rings or a
 * second has passed. What the others do with it is written at each function.
 *
 * The doorbell only saves time: an event is found by its row, so one that
 * rang while nobody listened is read all the same.
 */
#ifndef BIFRONS_WEBHOOK_READER_H
#define BIFRONS_WEBHOOK_READER_H

#include <stdint.h>

struct reader;

struct reader_params {
	const char *store; /**< the SQLite file; copied. May not exist yet */
	unsigned poll_ms;  /**< look without a doorbell so often; 0 = 1000 */

	/** Rows were read: the last one, and how many in all since the start.
	 * Thread: reader. May be NULL */
	void (*followed)(void *arg, int64_t row, uint64_t count);
	void *arg;
};

struct reader_stats {
	int64_t row;    /**< the cursor: the last row that was read */
	uint64_t count; /**< events read since the start */
};

/** Start the thread. A store that is there is followed from its last row on,
 * one that is made later from its first.
 * @return 0, EINVAL, or errno of pthread_create(3)
 */
int reader_start(struct reader **readerp, const struct reader_params *prm);

/** The doorbell: rows up to this one are committed. Thread: any */
void reader_ring(struct reader *reader, int64_t row);

/** Thread: any */
void reader_stats(struct reader *reader, struct reader_stats *stats);

/** End the thread, within a read. Not from followed(). NULL is allowed.
 * @return NULL
 */
struct reader *reader_stop(struct reader *reader);

#endif
