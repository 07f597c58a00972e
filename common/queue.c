/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/queue.h"

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/obj.h"

struct queue {
	int fd; /* constant */

	/* guarded by mtx */
	pthread_mutex_t mtx;
	struct queue_node *head;
	struct queue_node **tail;
	size_t depth;
	bool closed;
};

static void queue_destructor(void *arg)
{
	struct queue *q = arg;

	if (q->fd >= 0)
		close(q->fd);
	pthread_mutex_destroy(&q->mtx);
}

int queue_alloc(struct queue **qp)
{
	struct queue *q;

	if (!qp)
		return EINVAL;

	q = obj_zalloc(sizeof(*q), queue_destructor);
	pthread_mutex_init(&q->mtx, NULL);
	q->tail = &q->head;
	q->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (q->fd < 0) {
		const int err = errno;

		obj_unref(q);
		return err;
	}
	*qp = q;

	return 0;
}

int queue_fd(const struct queue *q)
{
	return q->fd;
}

int queue_push(struct queue *q, struct queue_node *node)
{
	const uint64_t one = 1;
	bool first;

	node->next = NULL;

	pthread_mutex_lock(&q->mtx);
	if (q->closed) {
		pthread_mutex_unlock(&q->mtx);
		return ESHUTDOWN;
	}
	first = !q->head;
	*q->tail = node;
	q->tail = &node->next;
	++q->depth;
	/* the consumer may be done with the queue before we are */
	if (first)
		obj_ref(q);
	pthread_mutex_unlock(&q->mtx);

	/* Only the first wakes: the consumer takes all. Outside the lock, or
	 * the consumer would wake up only to wait for it. It cannot fail: the
	 * count stays small. */
	if (first) {
		if (write(q->fd, &one, sizeof(one)) < 0)
			(void)0;
		obj_unref(q);
	}

	return 0;
}

struct queue_node *queue_take_all(struct queue *q)
{
	struct queue_node *chain;
	uint64_t count;

	pthread_mutex_lock(&q->mtx);
	chain = q->head;
	q->head = NULL;
	q->tail = &q->head;
	q->depth = 0;
	/* in the lock, or a push between would lose its wake-up; a push that
	 * is about to write wakes us once in vain. It fails when nothing was
	 * written, which does no harm */
	if (read(q->fd, &count, sizeof(count)) < 0)
		(void)0;
	pthread_mutex_unlock(&q->mtx);

	return chain;
}

void queue_close(struct queue *q)
{
	pthread_mutex_lock(&q->mtx);
	q->closed = true;
	pthread_mutex_unlock(&q->mtx);
}

size_t queue_depth(struct queue *q)
{
	size_t depth;

	pthread_mutex_lock(&q->mtx);
	depth = q->depth;
	pthread_mutex_unlock(&q->mtx);

	return depth;
}
