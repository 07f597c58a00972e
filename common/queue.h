/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file queue.h  Many producers, one consumer, woken by an eventfd
 *
 * Thread: push from any; pop, fd and close from the consumer. A pthread mutex
 * guards the list and is never held over a callback. Intrusive: an item
 * embeds struct queue_node, so a push does not allocate.
 */
#ifndef BIFRONS_COMMON_QUEUE_H
#define BIFRONS_COMMON_QUEUE_H

#include <stdbool.h>
#include <stddef.h>

struct queue_node {
	struct queue_node *next;
};

struct queue; /**< counted: obj_unref() frees it, not what is still inside */

/** @return 0 or errno of eventfd(2) */
int queue_alloc(struct queue **qp);

/** Descriptor that is readable while the queue may hold items */
int queue_fd(const struct queue *q);

/** Append. @return 0, or ESHUTDOWN after queue_close(): item not taken */
int queue_push(struct queue *q, struct queue_node *node);

/** Take everything at once, oldest first, and reset the descriptor.
 * @return The chain, or NULL
 */
struct queue_node *queue_take_all(struct queue *q);

/** Later pushes fail with ESHUTDOWN; what is inside can still be taken */
void queue_close(struct queue *q);

/** Items inside now (a snapshot) */
size_t queue_depth(struct queue *q);

#endif
