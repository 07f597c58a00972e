/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "media/input.h"

#include <unistd.h>

#include "common/obj.h"
#include "media/leg_priv.h"

enum {
	RING_SIZE = 16384, /* bytes: about two seconds of voice */
	RTCP_FLAG = 0x8000,
	PREFIX = 2, /* length and RTCP_FLAG */
};

struct media_ring {
	/* any thread; each written by one */
	atomic_uint head; /* bytes put, by who puts */
	atomic_uint tail; /* bytes taken, by media */
	atomic_ullong dropped;

	uint8_t data[RING_SIZE];
};

struct media_ring *media_ring_alloc(void)
{
	return obj_zalloc(sizeof(struct media_ring), NULL);
}

uint64_t media_ring_dropped(const struct media_ring *ring)
{
	return ring ? media_counted(&ring->dropped) : 0;
}

static unsigned copy_in(struct media_ring *ring, unsigned pos, const void *src,
			unsigned len)
{
	const unsigned at = pos % RING_SIZE;
	const unsigned first = MIN(len, RING_SIZE - at);

	memcpy(ring->data + at, src, first);
	memcpy(ring->data, (const uint8_t *)src + first, len - first);

	return pos + len;
}

static unsigned copy_out(const struct media_ring *ring, unsigned pos, void *dst,
			 unsigned len)
{
	const unsigned at = pos % RING_SIZE;
	const unsigned first = MIN(len, RING_SIZE - at);

	memcpy(dst, ring->data + at, first);
	memcpy((uint8_t *)dst + first, ring->data, len - first);

	return pos + len;
}

static bool ring_put(struct media_ring *ring, bool rtcp, const void *packet,
		     unsigned len)
{
	unsigned head = atomic_load_explicit(&ring->head, memory_order_relaxed);
	const unsigned tail =
		atomic_load_explicit(&ring->tail, memory_order_acquire);
	const uint16_t prefix = (uint16_t)(len | (rtcp ? RTCP_FLAG : 0));

	if (RING_SIZE - (head - tail) < PREFIX + len) {
		media_count(&ring->dropped, 1);
		return false;
	}
	head = copy_in(ring, head, &prefix, PREFIX);
	head = copy_in(ring, head, packet, len);
	atomic_store_explicit(&ring->head, head, memory_order_release);

	return true;
}

/* @param buf  At least RTP_PACKET_MAX. @return Length, 0 when empty */
static unsigned ring_take(struct media_ring *ring, uint8_t *buf, bool *rtcpp)
{
	unsigned tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);
	uint16_t prefix;

	if (tail == atomic_load_explicit(&ring->head, memory_order_acquire))
		return 0;

	tail = copy_out(ring, tail, &prefix, PREFIX);
	*rtcpp = prefix & RTCP_FLAG;
	prefix &= (uint16_t)~RTCP_FLAG;
	tail = copy_out(ring, tail, buf, prefix);
	atomic_store_explicit(&ring->tail, tail, memory_order_release);

	return prefix;
}

/* Into the stack of the thread that takes; with the stack's reference */
static void push(struct media_thread *th, struct media_leg *leg)
{
	struct media_leg *old = atomic_load(&th->input);
	const uint64_t one = 1;

	do {
		leg->input_next = old;
	} while (!atomic_compare_exchange_weak(&th->input, &old, leg));
	if (!old && write(th->input_watch.fd, &one, sizeof(one)) < 0)
		return; /* cannot be: the count stays far from its limit */
}

void media_leg_input(struct media_leg *leg, bool rtcp, const void *packet,
		     size_t len)
{
	if (!leg || !leg->ring || !packet)
		return;
	if (len < (rtcp ? 8u : (unsigned)RTP_HEADER_LEN) ||
	    len > RTP_PACKET_MAX) {
		media_count(&leg->ring->dropped, 1);
		return;
	}
	if (!ring_put(leg->ring, rtcp, packet, (unsigned)len))
		return;
	if (atomic_exchange(&leg->input_queued, true))
		return; /* media comes for it already */

	obj_ref(leg); /* the stack's */
	push(atomic_load(&leg->inbox), leg);
}

void media_input_drain(struct media_leg *leg, struct media_thread *th)
{
	unsigned len;
	bool rtcp;

	if (!leg->ring)
		return;

	while ((len = ring_take(leg->ring, th->buf, &rtcp)) > 0)
		media_rx_input(leg, th, rtcp, th->buf, len);
}

void media_input_drop(struct media_thread *th)
{
	struct media_leg *leg, *next;

	for (leg = atomic_exchange(&th->input, NULL); leg; leg = next) {
		next = leg->input_next;
		obj_unref(leg);
	}
}

void media_input_ready(struct media_watch *watch, struct media_thread *th)
{
	struct media_leg *leg, *next;
	uint64_t count;

	if (read(watch->fd, &count, sizeof(count)) < 0)
		return;

	for (leg = atomic_exchange(&th->input, NULL); leg; leg = next) {
		struct media_thread *inbox = atomic_load(&leg->inbox);

		next = leg->input_next;
		if (inbox != th) { /* it moved meanwhile */
			push(inbox, leg);
			continue;
		}
		/* before the ring is read: what comes now queues it anew */
		atomic_store(&leg->input_queued, false);
		/* else it is on its way: its ring is read when it arrives */
		if (atomic_load(&leg->owner) == th)
			media_input_drain(leg, th);
		obj_unref(leg);
	}
}
