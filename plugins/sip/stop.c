/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Stopping, in steps: every leg its BYE or rejection; wait for the answers, at
 * most SIPX_STOP_MS; let go of the handles that are left, so that nua has
 * nothing more to wait for (it would take 30 s); shut it down; destroy it from
 * outside its own callback. */
#include "host/log.h"

#include "sipx_priv.h"

static void finish(void *arg)
{
	struct sipx_stack *stack = arg;
	void (*stopped)(void *) = stack->stopped;
	void *stopped_arg = stack->stopped_arg;

	nua_destroy(stack->nua);
	stack->nua = NULL;
	sipx_stack_free(stack);
	stopped(stopped_arg);
}

void sipx_on_shutdown(const struct sipx_event *ev)
{
	if (ev->status >= 200)
		timer_start(ev->stack->timers, &ev->stack->stop_timer, 0,
			    "sip destroy", finish, ev->stack);
}

static void unref_leg(gpointer leg)
{
	obj_unref(leg);
}

static GPtrArray *live_legs(struct sipx_stack *stack)
{
	GPtrArray *legs = g_ptr_array_new_with_free_func(unref_leg);
	GHashTableIter it;
	gpointer leg;

	g_hash_table_iter_init(&it, stack->legs);
	while (g_hash_table_iter_next(&it, NULL, &leg))
		g_ptr_array_add(legs, obj_ref(leg));

	return legs;
}

static void shut_down(void *arg)
{
	struct sipx_stack *stack = arg;
	GPtrArray *legs = live_legs(stack);
	guint i;

	if (stack->destroyed)
		goto out;
	stack->destroyed = true;
	timer_cancel(stack->timers, &stack->stop_timer);

	for (i = 0; i < legs->len; ++i) {
		struct sipx_leg *leg = g_ptr_array_index(legs, i);

		log_warn("%s: the peer did not answer our BYE or CANCEL",
			 sipx_leg_name(leg));
		sipx_leg_forget(leg);
	}
	sipx_connections_close(stack->connections);
	nua_shutdown(stack->nua);
out:
	g_ptr_array_free(legs, TRUE);
}

void sipx_stop_check(struct sipx_stack *stack)
{
	if (stack->stopping && !stack->destroyed &&
	    !g_hash_table_size(stack->legs))
		timer_start(stack->timers, &stack->stop_timer, 0,
			    "sip shutdown", shut_down, stack);
}

static void hang_up(struct sipx_leg *leg)
{
	const struct leg_end end = {
		.by = HANGUP_BY_SYSTEM,
		.reason = HANGUP_NORMAL,
		.code = "node_stopped",
	};

	if (!leg->deaf) {
		leg->end = end;
		if (leg->state == SIPX_INVITED)
			leg->end.sip_code = 480;
		sipx_hangup(&leg->leg, &leg->end);
	}
	if (leg->bye_waits) { /* for an ACK that has little time left */
		leg->bye_waits = false;
		sipx_bye(leg);
	}
}

void sipx_stack_stop(struct sipx_stack *stack, void (*stopped)(void *arg),
		     void *arg)
{
	GPtrArray *legs;
	guint i;

	loop_assert(stack->loop);
	stack->stopping = true;
	stack->stopped = stopped;
	stack->stopped_arg = arg;

	legs = live_legs(stack);
	for (i = 0; i < legs->len; ++i)
		hang_up(g_ptr_array_index(legs, i));
	g_ptr_array_free(legs, TRUE);

	timer_start(stack->timers, &stack->stop_timer, SIPX_STOP_MS,
		    "sip shutdown", shut_down, stack);
	sipx_stop_check(stack);
}
