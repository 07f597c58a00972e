/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a media thread is told to do: a queue in order. A leg that moves may be
 * late: its commands wait here until it has arrived, and so does whatever came
 * after them for the same legs. The list is short and nearly always empty.
 */
#include "host/log.h"
#include "media/leg_priv.h"

enum {
	CMD_LEGS = 2
};

struct media_cmd {
	struct queue_node node; /* first */
	media_cmd_h *fn;
	void *arg;
	struct media_leg *legs[CMD_LEGS]; /* or NULL */
};

int media_post_legs(struct media_thread *th, struct media_leg *a,
		    struct media_leg *b, media_cmd_h *fn, void *arg)
{
	struct media_cmd *cmd = g_new0(struct media_cmd, 1);
	int err;

	cmd->fn = fn;
	cmd->arg = arg;
	cmd->legs[0] = a;
	cmd->legs[1] = b;
	err = queue_push(th->queue, &cmd->node);
	if (err)
		g_free(cmd);

	return err;
}

int media_post(struct media_thread *th, media_cmd_h *fn, void *arg)
{
	return media_post_legs(th, NULL, NULL, fn, arg);
}

static bool is_for(const struct media_cmd *cmd, const struct media_leg *leg)
{
	return leg && (cmd->legs[0] == leg || cmd->legs[1] == leg);
}

static bool must_wait(const struct media_thread *th,
		      const struct media_cmd *cmd)
{
	const struct queue_node *node;
	unsigned i;

	for (i = 0; i < CMD_LEGS; ++i) {
		const struct media_leg *leg = cmd->legs[i];

		if (leg && atomic_load(&leg->owner) != th)
			return true;
		for (node = th->waiting; node; node = node->next)
			if (is_for((const void *)node, leg))
				return true;
	}

	return false;
}

/* Each in its turn, or into the list of those that wait */
static void run_chain(struct media_thread *th, struct queue_node *node)
{
	struct queue_node *next;

	for (; node; node = next) {
		struct media_cmd *cmd = (struct media_cmd *)(void *)node;

		next = node->next;
		if (must_wait(th, cmd)) {
			node->next = NULL;
			*th->waiting_tail = node;
			th->waiting_tail = &node->next;
			continue;
		}
		cmd->fn(th, cmd->arg);
		g_free(cmd);
	}
}

static struct queue_node *take_waiting(struct media_thread *th)
{
	struct queue_node *node = th->waiting;

	th->waiting = NULL;
	th->waiting_tail = &th->waiting;

	return node;
}

void media_commands_run(struct media_thread *th)
{
	th->has_commands = false;
	run_chain(th, queue_take_all(th->queue));
}

void media_commands_arrived(struct media_thread *th)
{
	run_chain(th, take_waiting(th));
}

void media_commands_drop(struct media_thread *th)
{
	struct queue_node *node = take_waiting(th), *next;

	if (node)
		log_error("media thread %u: stopped while legs move",
			  th->index);
	for (; node; node = next) {
		next = node->next;
		g_free(node);
	}
}
