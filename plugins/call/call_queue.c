/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Outgoing calls of an account go out in the order in which they were made,
 * as fast as max_cps lets them: the first one waits for a token, the others
 * behind it. Without a limit it is a turn of the loop.
 */

#include "call/call_priv.h"

#include <string.h>

#include "common/str.h"

struct call_queue {
	struct call_table *table;
	char account_id[ID_SIZE];
	GQueue calls; /**< struct call, borrowed */
	struct timer timer;
};

void call_queue_free(void *arg)
{
	struct call_queue *queue = arg;

	timer_cancel(queue->table->env.timers, &queue->timer);
	g_queue_clear(&queue->calls);
	g_free(queue);
}

static void on_timer(void *arg);

static void arm(struct call_queue *queue, int64_t ms)
{
	timer_start(queue->table->env.timers, &queue->timer, ms, "call_queue",
		    on_timer, queue);
}

static void on_timer(void *arg)
{
	struct call_queue *queue = arg;
	struct call_table *table = queue->table;
	char account_id[ID_SIZE];
	unsigned n;

	/* what dialing leads to may empty the queue, which frees it */
	memcpy(account_id, queue->account_id, ID_SIZE);
	for (n = 0; n < CALL_DIAL_TURN; ++n) {
		struct call *call;
		int64_t wait_ms;

		queue = g_hash_table_lookup(table->queues, account_id);
		if (!queue)
			return;
		call = g_queue_peek_head(&queue->calls);
		wait_ms = call_limits_wait_ms(call);
		if (wait_ms) {
			arm(queue, wait_ms);
			return;
		}
		call_queue_remove(call);
		call_dial_start(call);
	}

	queue = g_hash_table_lookup(table->queues, account_id);
	if (queue)
		arm(queue, 0);
}

void call_queue_add(struct call *call)
{
	struct call_table *table = call->table;
	struct call_queue *queue =
		g_hash_table_lookup(table->queues, call->account_id);

	if (!queue) {
		queue = g_new0(struct call_queue, 1);
		queue->table = table;
		str_copy(queue->account_id, ID_SIZE, call->account_id);
		g_hash_table_insert(table->queues, queue->account_id, queue);
	}
	g_queue_push_tail(&queue->calls, call);
	call->queued = queue->calls.tail;
	if (!timer_is_running(&queue->timer))
		arm(queue, 0);
}

void call_queue_remove(struct call *call)
{
	struct call_queue *queue;

	if (!call->queued)
		return;
	queue = g_hash_table_lookup(call->table->queues, call->account_id);
	g_queue_delete_link(&queue->calls, call->queued);
	call->queued = NULL;
	if (!queue->calls.length)
		g_hash_table_remove(call->table->queues, queue->account_id);
}
