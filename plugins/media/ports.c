/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "media/ports.h"

#include <arpa/inet.h>
#include <errno.h>
#include <glib.h>
#include <stdatomic.h>
#include <sys/random.h>
#include <unistd.h>

#include "common/obj.h"
#include "media/addr.h"

enum {
	TRIES_MAX = 64, /* ports held by others, in one search */
	DSCP_EF_TOS =
		0xb8, /* RFC 3246: expedited forwarding, in the TOS byte */
	RTCP_RCVBUF = 16384,
};

struct slot {
	uint16_t port;
	int64_t ready_us; /* not before */
};

struct ports {
	/* constant */
	union media_sockaddr addr;
	socklen_t addrlen;
	int64_t rest_us;
	int rcvbuf;

	/* thread: loop; a ring of the free ones, oldest first */
	struct slot *ring;
	unsigned size, head, count;

	/* any thread */
	atomic_uint nfree;
};

static void ports_destructor(void *arg)
{
	struct ports *ports = arg;

	g_free(ports->ring);
}

static int parse_bind(struct ports *ports, const char *bind)
{
	if (!bind)
		bind = "0.0.0.0";

	if (inet_pton(AF_INET, bind, &ports->addr.in.sin_addr) == 1) {
		ports->addr.in.sin_family = AF_INET;
		ports->addrlen = sizeof(ports->addr.in);
		return 0;
	}
	if (inet_pton(AF_INET6, bind, &ports->addr.in6.sin6_addr) == 1) {
		ports->addr.in6.sin6_family = AF_INET6;
		ports->addrlen = sizeof(ports->addr.in6);
		return 0;
	}

	return EINVAL;
}

static void push(struct ports *ports, uint16_t port, int64_t ready_us)
{
	const unsigned i = (ports->head + ports->count) % ports->size;

	ports->ring[i] = (struct slot){.port = port, .ready_us = ready_us};
	++ports->count;
	atomic_store_explicit(&ports->nfree, ports->count,
			      memory_order_relaxed);
}

static struct slot pop(struct ports *ports)
{
	const struct slot slot = ports->ring[ports->head];

	ports->head = (ports->head + 1) % ports->size;
	--ports->count;
	atomic_store_explicit(&ports->nfree, ports->count,
			      memory_order_relaxed);

	return slot;
}

/* Nobody outside should guess the port of the next call. */
static void shuffle(struct ports *ports)
{
	unsigned i;

	for (i = ports->size - 1; i > 0; --i) {
		const struct slot slot = ports->ring[i];
		uint32_t rnd;
		unsigned j;

		if (getrandom(&rnd, sizeof(rnd), 0) != sizeof(rnd))
			rnd = g_random_int();
		j = rnd % (i + 1);
		ports->ring[i] = ports->ring[j];
		ports->ring[j] = slot;
	}
}

int ports_alloc(struct ports **portsp, const struct ports_params *prm)
{
	struct ports *ports;
	unsigned first, port;
	int err;

	if (!portsp || !prm)
		return EINVAL;

	ports = obj_zalloc(sizeof(*ports), ports_destructor);
	err = parse_bind(ports, prm->bind);
	if (err)
		goto out;

	first = prm->min + (prm->min & 1u);
	if (!prm->min || first + 1 > prm->max) {
		err = EINVAL;
		goto out;
	}
	ports->size = (prm->max - first + 1u) / 2;
	ports->ring = g_new0(struct slot, ports->size);
	ports->rest_us = (int64_t)prm->rest_ms * 1000;
	ports->rcvbuf = (int)prm->rcvbuf;
	for (port = first; port + 1 <= prm->max; port += 2)
		push(ports, (uint16_t)port, 0);
	shuffle(ports);
out:
	if (err)
		obj_unref(ports);
	else
		*portsp = ports;

	return err;
}

static void set_options(const struct ports *ports, int fd, int rcvbuf)
{
	const int tos = DSCP_EF_TOS;

	/* a socket without its mark or its size still carries sound */
	if (rcvbuf > 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &rcvbuf,
				 sizeof(rcvbuf));
	(void)setsockopt(fd, IPPROTO_IP, IP_TOS, &tos, sizeof(tos));
	if (ports->addr.sa.sa_family == AF_INET6)
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_TCLASS, &tos,
				 sizeof(tos));
}

static int bind_udp(int *fdp, const struct ports *ports, unsigned port,
		    int rcvbuf)
{
	union media_sockaddr sa = ports->addr;
	int fd, err;

	fd = socket(sa.sa.sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
		    0);
	if (fd < 0)
		return errno;

	if (sa.sa.sa_family == AF_INET)
		sa.in.sin_port = htons((uint16_t)port);
	else
		sa.in6.sin6_port = htons((uint16_t)port);

	if (bind(fd, &sa.sa, ports->addrlen) < 0) {
		err = errno;
		close(fd);
		return err;
	}
	set_options(ports, fd, rcvbuf);
	*fdp = fd;

	return 0;
}

static int bind_pair(const struct ports *ports, struct ports_pair *pair,
		     uint16_t port)
{
	int rtp = -1, rtcp = -1, err;

	err = bind_udp(&rtp, ports, port, ports->rcvbuf);
	if (err)
		return err;

	err = bind_udp(&rtcp, ports, port + 1u, RTCP_RCVBUF);
	if (err) {
		close(rtp);
		return err;
	}
	*pair = (struct ports_pair){.port = port, .rtp = rtp, .rtcp = rtcp};

	return 0;
}

int ports_open(struct ports *ports, struct ports_pair *pair, int64_t now_us)
{
	unsigned tries;

	for (tries = 0; tries < TRIES_MAX && ports->count; ++tries) {
		struct slot slot;
		int err;

		if (ports->ring[ports->head].ready_us > now_us)
			return EAGAIN; /* the others are younger still */

		slot = pop(ports);
		err = bind_pair(ports, pair, slot.port);
		if (!err)
			return 0;

		push(ports, slot.port, now_us + ports->rest_us);
		if (err != EADDRINUSE)
			return err;
	}

	return EAGAIN;
}

void ports_give(struct ports *ports, uint16_t port, int64_t now_us)
{
	push(ports, port, now_us + ports->rest_us);
}

unsigned ports_free(const struct ports *ports)
{
	return atomic_load_explicit(&ports->nfree, memory_order_relaxed);
}

int ports_family(const struct ports *ports)
{
	return ports->addr.sa.sa_family;
}
