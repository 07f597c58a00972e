/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What goes to the core goes by a thread of its own, one after the other: the
 * core takes locks and works on SDP meanwhile, and the loop must not wait; and
 * a browser sees its events in the order in which they happened */
#include <errno.h>
#include <poll.h>
#include <signal.h>

#include "common/json.h"
#include "common/queue.h"
#include "common/str.h"
#include "host/log.h"
#include "webrtc/wrtc_priv.h"

enum push_kind {
	PUSH_EVENT,
	PUSH_PLI,
	PUSH_CLOSE_PC,
	PUSH_END,
	PUSH_STOP,
};

struct push {
	struct queue_node node; /* first */
	enum push_kind kind;
	struct wrtc_handle *handle;
	char *transaction, *answer;
	json_t *event;
};

struct wrtc_pusher {
	struct queue *queue;
	pthread_t thread;
};

static void push_free(struct push *push)
{
	obj_unref(push->handle);
	json_decref(push->event);
	g_free(push->transaction);
	g_free(push->answer);
	g_free(push);
}

/* @return false: it was the last */
static bool run(const struct wrtc_host *host, struct push *push)
{
	void *core = push->handle ? push->handle->core : NULL;
	json_t *event = push->event;

	switch (push->kind) {
	case PUSH_EVENT:
		push->event = NULL;
		host->push_event(core, push->transaction, event, push->answer);
		break;
	case PUSH_PLI:
		host->send_pli(core);
		break;
	case PUSH_CLOSE_PC:
		host->close_pc(core);
		break;
	case PUSH_END:
		host->end_session(core);
		break;
	case PUSH_STOP:
		return false;
	}

	return true;
}

static void *pusher_main(void *arg)
{
	struct wrtc *gw = arg;
	struct queue *queue = gw->pusher->queue;
	struct pollfd pfd = {.fd = queue_fd(queue), .events = POLLIN};
	struct queue_node *node, *next;
	bool go_on = true;

	(void)pthread_setname_np(pthread_self(), "bif-webrtc");
	while (go_on) {
		if (poll(&pfd, 1, -1) < 0 && errno != EINTR)
			log_error("browsers: poll: %s", g_strerror(errno));
		for (node = queue_take_all(queue); node; node = next) {
			struct push *push = (struct push *)(void *)node;

			next = node->next;
			go_on &= run(&gw->host, push);
			push_free(push);
		}
	}

	return NULL;
}

int wrtc_pusher_start(struct wrtc *gw)
{
	struct wrtc_pusher *pusher = g_new0(struct wrtc_pusher, 1);
	sigset_t all, old;
	int err = queue_alloc(&pusher->queue);

	gw->pusher = pusher;
	if (!err) {
		sigfillset(&all);
		pthread_sigmask(SIG_SETMASK, &all, &old);
		err = pthread_create(&pusher->thread, NULL, pusher_main, gw);
		pthread_sigmask(SIG_SETMASK, &old, NULL);
	}
	if (err) {
		obj_unref(pusher->queue);
		g_free(pusher);
		gw->pusher = NULL;
	}

	return err;
}

static void put(struct wrtc *gw, struct push *push)
{
	if (queue_push(gw->pusher->queue, &push->node))
		push_free(push);
}

void wrtc_pusher_stop(struct wrtc *gw)
{
	struct push *push = g_new0(struct push, 1);

	if (!gw->pusher) {
		g_free(push);
		return;
	}
	push->kind = PUSH_STOP;
	put(gw, push);
	pthread_join(gw->pusher->thread, NULL);
	obj_unref(gw->pusher->queue);
	g_free(gw->pusher);
	gw->pusher = NULL;
}

static struct push *push_new(struct wrtc_handle *h, enum push_kind kind)
{
	struct push *push = g_new0(struct push, 1);

	push->kind = kind;
	push->handle = obj_ref(h);

	return push;
}

void wrtc_push(struct wrtc_handle *h, const char *transaction, json_t *event,
	       const char *answer)
{
	struct push *push = push_new(h, PUSH_EVENT);

	push->transaction = g_strdup(transaction);
	push->event = event;
	push->answer = g_strdup(answer);
	put(h->gw, push);
}

void wrtc_push_pli(struct wrtc_handle *h)
{
	put(h->gw, push_new(h, PUSH_PLI));
}

void wrtc_push_close_pc(struct wrtc_handle *h)
{
	put(h->gw, push_new(h, PUSH_CLOSE_PC));
}

void wrtc_push_end(struct wrtc_handle *h)
{
	put(h->gw, push_new(h, PUSH_END));
}

json_t *wrtc_event(const char *name)
{
	return json_pack("{s:s, s:s}", "bifrons", "event", "event", name);
}

/* What there is to say of a code where nothing more is known */
static const char *detail_of(const char *code)
{
	static const char *const details[][2] = {
		{"account_suspended", "the account is suspended"},
		{"call_limit", "too many calls at once"},
		{"call_taken", "it is answered, declined or cancelled"},
		{"flow_not_found", "its flow is gone"},
		{"no_such_call", "nothing rings here by this id"},
		{"too_many_devices",
		 "the extension has as many devices as max_contacts allows"},
		{"unavailable", "the platform takes no calls now"},
	};
	size_t i;

	for (i = 0; i < G_N_ELEMENTS(details); ++i)
		if (str_eq(details[i][0], code))
			return details[i][1];

	return code;
}

void wrtc_push_error(struct wrtc_handle *h, const char *transaction,
		     const char *code, const char *detail, json_t *faults)
{
	json_t *event =
		json_pack("{s:s, s:s}", "bifrons", "error", "code", code);

	json_set_str(event, "detail",
		     detail && *detail ? detail : detail_of(code));
	if (faults)
		json_object_set_new(event, "errors", faults);
	atomic_fetch_add(&h->gw->n.errors, 1);
	wrtc_push(h, transaction, event, NULL);
}
