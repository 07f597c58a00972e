/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file engine.h  Media threads, as the files of media/ see them
 *
 * Private to media/. A media thread waits in epoll for its legs' sockets, for
 * commands (media_post()), for packets handed in, and, while anything plays
 * or is decoded, for the tick. One wake runs in this order: sockets, packets
 * handed in, commands, tick, housekeeping, events to the loop. So a leg never
 * goes away under an epoll event that points to it.
 */
#ifndef BIFRONS_MEDIA_ENGINE_H
#define BIFRONS_MEDIA_ENGINE_H

#include <glib.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/queue.h"
#include "media/media.h"
#include "media/rtp.h"
#include "media/tick.h"

struct media_thread;
struct media_event;
struct ports;

#define media_container(ptr, type, member)                                     \
	((type *)(void *)((char *)(ptr)-offsetof(type, member)))

/** What an epoll event points to */
struct media_watch {
	int fd;
	void (*ready)(struct media_watch *watch, struct media_thread *th);
};

/** Counted on one thread, read on any: no locked instruction */
static inline void media_count(atomic_ullong *counter, uint64_t n)
{
	atomic_store_explicit(
		counter,
		atomic_load_explicit(counter, memory_order_relaxed) + n,
		memory_order_relaxed);
}

static inline uint64_t media_counted(const atomic_ullong *counter)
{
	return atomic_load_explicit(counter, memory_order_relaxed);
}

struct media_thread {
	/* set before start, then read-only */
	struct media_engine *engine;
	unsigned index;
	pthread_t tid;
	int epfd;
	struct queue *queue; /**< of struct media_cmd */

	/* thread: this one */
	struct media_watch queue_watch, input_watch;
	bool has_commands, stop;
	struct queue_node *waiting, **waiting_tail; /**< for legs to arrive */
	int64_t now_us;                             /**< read once a wake */
	int64_t house_us;                           /**< next housekeeping */
	struct tick tick;
	GPtrArray *legs; /**< started ones; each knows its place */
	struct media_event *events, **events_tail;
	/** One byte more than allowed, so that a longer one shows */
	uint8_t buf[RTP_PACKET_MAX + 1];

	/* any thread */
	atomic_uint nlegs; /**< of this thread: the loop's choice */
	_Atomic(struct media_leg *) input; /**< stack of legs with packets */
	atomic_ullong rx_packets, tx_packets, dropped, underruns;
};

struct media_engine {
	/* set before start, then read-only */
	struct loop *loop;
	unsigned nthreads;
	struct media_thread *threads;
	int64_t silence_us;
	int64_t wall_us; /**< the time of day when media_now_us() was 0 */
	int family;      /**< of the sockets */

	/* thread: loop */
	struct ports *ports;
};

/** Microseconds of CLOCK_MONOTONIC */
int64_t media_now_us(void);

/* ---- thread.c ---- */

int media_thread_start(struct media_thread *th, struct media_engine *engine,
		       unsigned index);
/** Run what is queued, then end; its queue stays, closed. Not from a media
 * thread. */
void media_thread_stop(struct media_thread *th);

/* ---- command.c ---- */

/** What a command runs; owns arg */
typedef void(media_cmd_h)(struct media_thread *th, void *arg);

/** Run fn(arg) on the thread, in the order posted. Thread: any.
 * @return 0, or ESHUTDOWN: arg is still the caller's
 */
int media_post(struct media_thread *th, media_cmd_h *fn, void *arg);
/** As media_post(), for legs (b may be NULL) that live there or are on their
 * way (move.c): it runs when they are there, after what was posted for any of
 * them before
 */
int media_post_legs(struct media_thread *th, struct media_leg *a,
		    struct media_leg *b, media_cmd_h *fn, void *arg);

/** Run what was posted. Thread: media */
void media_commands_run(struct media_thread *th);
/** A leg arrived: run what waited for it. Thread: media */
void media_commands_arrived(struct media_thread *th);
/** Drop what still waits; said in the log. Not from a media thread. */
void media_commands_drop(struct media_thread *th);

/** Read a descriptor on this thread (level-triggered).
 * @return 0 or errno
 */
int media_watch_add(struct media_thread *th, struct media_watch *watch);
void media_watch_del(struct media_thread *th, struct media_watch *watch);

/* ---- event.c: what the loop is told, one post a wake ---- */

enum media_event_type {
	MEDIA_EV_DTMF,
	MEDIA_EV_PLAYED,
	MEDIA_EV_SILENT,
	MEDIA_EV_STARTED,
	MEDIA_EV_TAPPED,
	MEDIA_EV_CLOSED,
};

struct media_event {
	struct media_event *next;
	struct media_leg *leg; /**< counted */
	enum media_event_type type;
	char digit;
	unsigned duration_ms;
	uint32_t play_id;
	int err;
	uint32_t tap_id;
	enum media_tap_end tap_end;
};

/** Queue a copy of what `ev` says. Thread: media */
void media_event_add(struct media_thread *th, struct media_leg *leg,
		     const struct media_event *ev);
/** Hand what is queued to the loop. Thread: media */
void media_event_flush(struct media_thread *th);

#endif
