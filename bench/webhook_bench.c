/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The webhook module between a store that is written here and a sink that
 * answers 200 at once: how late an event arrives, and how many a second.
 *
 * usage: webhook_bench [SECONDS]       (make bench/webhook_bench builds it)
 * Prints one line of JSON. Latency is from before an event's transaction to
 * its request at the sink, at 100 events a second; a rate is of a backlog of
 * 200 calls' events that is written while it is sent, to one endpoint and to
 * ten.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <glib.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "support/hook_rig.h"

enum {
	BUF_SIZE = 65536,
	FDS_MAX = 1024,
	CALLS = 200,
	BACKLOG = 4000, /* events ahead of the sink */
	LATENCY_RATE = 100,
};

struct conn {
	size_t len;
	char buf[BUF_SIZE];
};

struct sink {
	int fd, epoll;
	uint16_t port;
	pthread_t thread;
	struct conn *conns[FDS_MAX];
	atomic_uint requests;
	_Atomic int64_t last_us; /* when the last one came */
};

static int64_t now_us(void)
{
	return clock_mono_us(clock_system());
}

static void need(bool ok, const char *what)
{
	if (!ok) {
		perror(what);
		exit(1);
	}
}

static void nap(int64_t us)
{
	const struct timespec t = {.tv_sec = us / 1000000,
				   .tv_nsec = us % 1000000 * 1000};

	if (us > 0)
		(void)nanosleep(&t, NULL);
}

/* ---- The sink ---- */

/** Whole requests in the buffer are answered and taken out */
static void answer(struct sink *sink, int fd, struct conn *conn)
{
	static const char ok[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
	const char *end, *field;
	size_t whole;

	conn->buf[conn->len] = '\0';
	while ((end = strstr(conn->buf, "\r\n\r\n"))) {
		field = strcasestr(conn->buf, "content-length:");
		whole = (size_t)(end + 4 - conn->buf) +
			(field ? strtoul(field + 15, NULL, 10) : 0);
		if (conn->len < whole)
			return;
		sink->last_us = now_us();
		++sink->requests;
		need(send(fd, ok, sizeof(ok) - 1, MSG_NOSIGNAL) > 0, "send");
		conn->len -= whole;
		memmove(conn->buf, conn->buf + whole, conn->len + 1);
	}
}

static void accept_one(struct sink *sink)
{
	struct epoll_event ev = {.events = EPOLLIN};
	const int one = 1;

	ev.data.fd = accept4(sink->fd, NULL, NULL, SOCK_CLOEXEC);
	need(ev.data.fd >= 0 && ev.data.fd < FDS_MAX, "accept");
	(void)setsockopt(ev.data.fd, IPPROTO_TCP, TCP_NODELAY, &one,
			 sizeof(one));
	if (!sink->conns[ev.data.fd])
		sink->conns[ev.data.fd] = g_new(struct conn, 1);
	sink->conns[ev.data.fd]->len = 0;
	need(!epoll_ctl(sink->epoll, EPOLL_CTL_ADD, ev.data.fd, &ev), "epoll");
}

static void *sink_main(void *arg)
{
	struct sink *sink = arg;
	struct epoll_event evs[64];
	ssize_t got;
	int n, i;

	for (;;) {
		n = epoll_wait(sink->epoll, evs, 64, -1);
		for (i = 0; i < n; ++i) {
			const int fd = evs[i].data.fd;
			struct conn *conn = sink->conns[fd];

			if (fd == sink->fd) {
				accept_one(sink);
				continue;
			}
			got = recv(fd, conn->buf + conn->len,
				   BUF_SIZE - 1 - conn->len, 0);
			if (got <= 0) {
				close(fd);
				continue;
			}
			conn->len += (size_t)got;
			answer(sink, fd, conn);
		}
	}

	return NULL;
}

static void sink_open(struct sink *sink)
{
	struct sockaddr_in addr = {.sin_family = AF_INET};
	socklen_t len = sizeof(addr);
	struct epoll_event ev = {.events = EPOLLIN};

	addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	sink->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	need(!bind(sink->fd, (void *)&addr, sizeof(addr)), "bind");
	need(!listen(sink->fd, 512), "listen");
	need(!getsockname(sink->fd, (void *)&addr, &len), "getsockname");
	sink->port = ntohs(addr.sin_port);
	sink->epoll = epoll_create1(EPOLL_CLOEXEC);
	ev.data.fd = sink->fd;
	need(!epoll_ctl(sink->epoll, EPOLL_CTL_ADD, sink->fd, &ev), "epoll");
	need(!pthread_create(&sink->thread, NULL, sink_main, sink), "thread");
}

static void wait_requests(struct sink *sink, unsigned n)
{
	while (sink->requests < n)
		nap(50);
}

/* ---- Measurements ---- */

static void open_rig(struct hook_rig *rig, const struct sink *sink,
		     unsigned endpoints)
{
	char id[ID_SIZE];
	unsigned i;

	hook_rig_open(rig);
	rig->prm.step = NULL;
	rig->prm.poll_ms = 1000;
	for (i = 0; i < endpoints; ++i) {
		char *url = g_strdup_printf("http://127.0.0.1:%u/%u",
					    sink->port, i);
		const struct hook_endpoint ep = {.url = url};

		hook_rig_endpoint(rig, &ep, id);
		g_free(url);
	}
	hook_rig_start(rig);
}

static int by_size(const void *a, const void *b)
{
	const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static void latency(struct sink *sink, unsigned seconds)
{
	const unsigned n = seconds * LATENCY_RATE, warm = LATENCY_RATE / 2;
	int64_t *us = g_new(int64_t, n + warm), at;
	unsigned i, before = sink->requests;
	struct hook_rig rig;

	open_rig(&rig, sink, 1);
	for (i = 0; i < n + warm; ++i) {
		char call[16];

		(void)g_snprintf(call, sizeof(call), "%u", i % CALLS);
		at = now_us();
		hook_rig_tell(&rig, "call.ended", call, i);
		wait_requests(sink, before + i + 1);
		us[i] = sink->last_us - at;
		nap(1000000 / LATENCY_RATE - (now_us() - at));
	}
	hook_rig_close(&rig);
	qsort(us + warm, n, sizeof(*us), by_size);
	printf("\"latency_ms\": %.3f, \"latency_p99_ms\": %.3f, ",
	       (double)us[warm + n / 2] / 1000,
	       (double)us[warm + n * 99 / 100] / 1000);
	g_free(us);
}

static double rate(struct sink *sink, unsigned endpoints, unsigned seconds)
{
	const int64_t end_us = now_us() + (int64_t)seconds * 1000000;
	const unsigned before = sink->requests;
	unsigned told = 0, i;
	struct hook_rig rig;
	int64_t begun_us;
	double per_s;

	open_rig(&rig, sink, endpoints);
	begun_us = now_us();
	while (now_us() < end_us) {
		if (told * endpoints > sink->requests - before + BACKLOG) {
			nap(1000);
			continue;
		}
		hook_rig_sql(&rig, "BEGIN IMMEDIATE");
		for (i = 0; i < 100; ++i, ++told) {
			char call[16];

			(void)g_snprintf(call, sizeof(call), "%u",
					 told % CALLS);
			hook_rig_tell(&rig, "call.ended", call, told);
		}
		hook_rig_sql(&rig, "COMMIT");
		courier_ring(rig.courier, told);
	}
	wait_requests(sink, before + told * endpoints);
	per_s = told * endpoints * 1e6 / (double)(sink->last_us - begun_us);
	hook_rig_close(&rig);

	return per_s;
}

int main(int argc, char **argv)
{
	const unsigned seconds =
		argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 5;
	static struct sink sink;

	sink_open(&sink);
	printf("{");
	latency(&sink, MAX(seconds, 1));
	printf("\"one_endpoint_per_s\": %.0f, ",
	       rate(&sink, 1, MAX(seconds, 1)));
	printf("\"ten_endpoints_per_s\": %.0f}\n",
	       rate(&sink, 10, MAX(seconds, 1)));

	return 0;
}
