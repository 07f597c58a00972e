/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#include "common/obj.h"
#include "common/queue.h"

enum {
	PRODUCERS = 4,
	EACH = 2000
};

struct item {
	struct queue_node node;
	int producer, n;
};

static bool is_readable(const struct queue *q)
{
	struct pollfd pfd = {.fd = queue_fd(q), .events = POLLIN};

	return poll(&pfd, 1, 0) == 1;
}

static void test_keeps_the_order(void **state)
{
	struct queue *q = NULL;
	struct item items[3] = {{.n = 0}, {.n = 1}, {.n = 2}};
	struct queue_node *node;
	int i;

	assert_int_equal(queue_alloc(&q), 0);
	assert_false(is_readable(q));
	assert_null(queue_take_all(q));
	for (i = 0; i < 3; ++i)
		assert_int_equal(queue_push(q, &items[i].node), 0);
	assert_true(is_readable(q));
	assert_int_equal(queue_depth(q), 3);

	node = queue_take_all(q);
	for (i = 0; i < 3; ++i, node = node->next)
		assert_int_equal(((struct item *)node)->n, i);
	assert_null(node);
	assert_false(is_readable(q));
	assert_int_equal(queue_depth(q), 0);
	assert_null(queue_take_all(q));
	obj_unref(q);
}

static void test_wakes_again_after_a_take(void **state)
{
	struct queue *q = NULL;
	struct item item = {.n = 1};

	assert_int_equal(queue_alloc(&q), 0);
	assert_int_equal(queue_push(q, &item.node), 0);
	assert_ptr_equal(queue_take_all(q), &item.node);
	assert_int_equal(queue_push(q, &item.node), 0);
	assert_true(is_readable(q));
	assert_ptr_equal(queue_take_all(q), &item.node);
	obj_unref(q);
}

static void test_closed_takes_nothing_but_gives(void **state)
{
	struct queue *q = NULL;
	struct item in = {.n = 1}, late = {.n = 2};

	assert_int_equal(queue_alloc(&q), 0);
	assert_int_equal(queue_push(q, &in.node), 0);
	queue_close(q);
	assert_int_equal(queue_push(q, &late.node), ESHUTDOWN);
	assert_ptr_equal(queue_take_all(q), &in.node);
	assert_null(in.node.next);
	assert_null(queue_take_all(q));
	obj_unref(q);
}

struct producer {
	pthread_t thread;
	struct queue *q;
	struct item *items;
};

static void *produce(void *arg)
{
	struct producer *p = arg;
	int i;

	for (i = 0; i < EACH; ++i)
		queue_push(p->q, &p->items[i].node);

	return NULL;
}

/* Each producer's items arrive once, in its order, and no wake-up is lost */
static void test_many_producers(void **state)
{
	struct producer prod[PRODUCERS];
	struct queue *q = NULL;
	int next[PRODUCERS] = {0}, left = PRODUCERS * EACH;
	int p, i;

	assert_int_equal(queue_alloc(&q), 0);
	for (p = 0; p < PRODUCERS; ++p) {
		prod[p].q = q;
		prod[p].items = calloc(EACH, sizeof(struct item));
		for (i = 0; i < EACH; ++i) {
			prod[p].items[i].producer = p;
			prod[p].items[i].n = i;
		}
		assert_int_equal(pthread_create(&prod[p].thread, NULL, produce,
						&prod[p]),
				 0);
	}
	while (left) {
		struct pollfd pfd = {.fd = queue_fd(q), .events = POLLIN};
		struct queue_node *node;

		assert_int_equal(poll(&pfd, 1, -1), 1);
		for (node = queue_take_all(q); node; node = node->next) {
			struct item *item = (struct item *)node;

			assert_int_equal(item->n, next[item->producer]++);
			--left;
		}
	}
	for (p = 0; p < PRODUCERS; ++p) {
		pthread_join(prod[p].thread, NULL);
		free(prod[p].items);
	}
	obj_unref(q);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keeps_the_order),
		cmocka_unit_test(test_wakes_again_after_a_take),
		cmocka_unit_test(test_closed_takes_nothing_but_gives),
		cmocka_unit_test(test_many_producers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
