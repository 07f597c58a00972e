/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/obj.h"
#include "host/log.h"
#include "loop/loop.h"
#include "media/leg_priv.h"

static void event_free(struct media_event *ev)
{
	obj_unref(ev->leg);
	g_free(ev);
}

void media_event_add(struct media_thread *th, struct media_leg *leg,
		     const struct media_event *ev)
{
	struct media_event *copy = g_new(struct media_event, 1);

	*copy = *ev;
	copy->next = NULL;
	copy->leg = obj_ref(leg);
	*th->events_tail = copy;
	th->events_tail = &copy->next;
}

/* Thread: loop. The handler may close legs, this one too. */
static void events_run(void *arg)
{
	struct media_event *ev = arg, *next;

	for (; ev; ev = next) {
		next = ev->next;
		media_leg_event(ev->leg, ev);
		event_free(ev);
	}
}

void media_event_flush(struct media_thread *th)
{
	struct media_event *ev = th->events, *next;

	if (!ev)
		return;

	th->events = NULL;
	th->events_tail = &th->events;
	if (!loop_post(th->engine->loop, "media events", events_run, ev))
		return;

	log_error("media thread %u: events lost, the loop has ended",
		  th->index);
	for (; ev; ev = next) {
		next = ev->next;
		event_free(ev);
	}
}
