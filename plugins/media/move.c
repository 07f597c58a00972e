/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A leg goes to another media thread. The loop decides, and posts for the leg
 * to the new thread from then on; the old one hands over all of it by a
 * message. Packets wait in the socket meanwhile, or in the ring. Only the
 * thread that is to have the leg names itself its owner.
 */
#include "loop/loop.h"
#include "media/input.h"
#include "media/leg_priv.h"

struct media_move {
	struct media_leg *leg; /* borrowed: its closing comes after */
	struct media_thread *to;
};

/* Thread: media, the new one */
static void arrive(struct media_thread *th, void *arg)
{
	struct media_leg *leg = arg;

	atomic_store(&leg->owner, th);
	if (leg->open)
		media_leg_attach(leg, th);
	media_input_drain(leg, th);
	media_commands_arrived(th);
}

/* Thread: media, the old one */
static void cmd_leave(struct media_thread *th, void *arg)
{
	struct media_move *move = arg;
	struct media_leg *leg = move->leg;

	if (leg->open)
		media_leg_detach(leg, th);
	/* what this thread has to tell comes before what the new one will */
	media_event_flush(th);

	atomic_store(&leg->inbox, move->to);
	atomic_store(&leg->owner, NULL);
	(void)media_post(move->to, arrive, leg);
	g_free(move);
}

void media_leg_move(struct media_leg *leg, struct media_thread *to)
{
	struct media_thread *from = leg->th;
	struct media_move *move;

	loop_assert(leg->engine->loop);
	if (from == to)
		return;

	move = g_new(struct media_move, 1);
	move->leg = leg;
	move->to = to;
	if (media_post_legs(from, leg, NULL, cmd_leave, move)) {
		g_free(move);
		return;
	}
	leg->th = to;
	atomic_fetch_sub(&from->nlegs, 1);
	atomic_fetch_add(&to->nlegs, 1);
}
