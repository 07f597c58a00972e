/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file input.h  A file that may still be growing
 *
 * Thread: the job's only one. Reads at a place of its own (pread), so that
 * whoever writes the file may share the description.
 */
#ifndef BIFRONS_MEDIAWORKER_INPUT_H
#define BIFRONS_MEDIAWORKER_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum {
	INPUT_PATIENCE_S = 120 /**< SIGALRM ends who computes longer at a
				* stretch; waiting for the file is free */
};

struct input {
	int fd;
	int growing;  /**< pipe: a byte = more is there, 'x' = it will never be
		       * whole, its end = it is whole; -1 = it is whole */
	int job;      /**< socket: its end means that nobody waits; or -1 */
	int64_t size; /**< in the end, -1 = not known */
	int err;      /**< why reading failed, for good; 0 = it did not */
};

/** Read what is at pos, wait for it while the file grows.
 * @return bytes (1..len), 0 at the end of the whole file, or -errno:
 *         -ECONNABORTED given up by who writes it, -ECANCELED nobody waits
 */
ssize_t input_read(struct input *in, void *buf, size_t len, int64_t pos);

/** Read what is at pos, as far as it is there now. @return as input_read() */
ssize_t input_peek(struct input *in, void *buf, size_t len, int64_t pos);

/** As much of [pos, pos + len) as there will ever be. @return as input_read()
 */
ssize_t input_read_full(struct input *in, void *buf, size_t len, int64_t pos);

/** Bytes of the whole file, or -1 when nobody knows yet */
int64_t input_size(struct input *in);

#endif
