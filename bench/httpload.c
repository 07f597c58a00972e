/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Load: GET one path over keep-alive connections, as fast as answers come.
 *
 * usage: httpload PORT PATH CONNECTIONS SECONDS [BEARER_KEY]
 * Prints one line of JSON: requests, failures (any status but 200), requests
 * a second, and the median and 99th percentile of the answer's time.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	CONNS_MAX = 1024,
	BUF_MAX = 65536,
	REQUEST_MAX = 1024,
	BUCKET_US = 20,
	BUCKETS = 50000, /* one second */
};

struct conn {
	int fd;
	int64_t sent_us;
	size_t len;
	char buf[BUF_MAX];
};

static struct conn *conns;
static char request[REQUEST_MAX];
static size_t request_len;
static uint64_t done, failed, buckets[BUCKETS];

static int64_t now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);

	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static int ask(struct conn *conn)
{
	conn->len = 0;
	conn->sent_us = now_us();

	return send(conn->fd, request, request_len, MSG_NOSIGNAL) ==
			       (ssize_t)request_len
		       ? 0
		       : EIO;
}

static int open_conn(struct conn *conn, unsigned port)
{
	struct sockaddr_in sin = {.sin_family = AF_INET,
				  .sin_port = htons((uint16_t)port)};
	const int on = 1;

	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	conn->fd = socket(AF_INET, SOCK_STREAM, 0);
	if (conn->fd < 0 ||
	    connect(conn->fd, (struct sockaddr *)&sin, sizeof(sin)))
		return errno;
	(void)setsockopt(conn->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));

	return 0;
}

/* Length of the whole answer, 0 = not there yet */
static size_t answer_len(struct conn *conn)
{
	const char *end, *field;

	conn->buf[conn->len] = '\0';
	end = strstr(conn->buf, "\r\n\r\n");
	field = strcasestr(conn->buf, "\r\nContent-Length:");
	if (!end || !field || field > end)
		return 0;

	return (size_t)(end + 4 - conn->buf) + strtoul(field + 17, NULL, 10);
}

static void count(const struct conn *conn)
{
	int64_t bucket = (now_us() - conn->sent_us) / BUCKET_US;

	if (bucket >= BUCKETS)
		bucket = BUCKETS - 1;
	++buckets[bucket];
	++done;
	if (strncmp(conn->buf, "HTTP/1.1 200 ", 13) != 0)
		++failed;
}

static int receive(struct conn *conn)
{
	const ssize_t n = recv(conn->fd, conn->buf + conn->len,
			       sizeof(conn->buf) - 1 - conn->len, 0);
	size_t whole;

	if (n <= 0)
		return EPIPE;
	conn->len += (size_t)n;
	whole = answer_len(conn);
	if (!whole || conn->len < whole)
		return conn->len < sizeof(conn->buf) - 1 ? 0 : EMSGSIZE;
	count(conn);

	return ask(conn);
}

static double percentile_ms(double share)
{
	uint64_t sum = 0;
	unsigned i;

	for (i = 0; i < BUCKETS; ++i) {
		sum += buckets[i];
		if ((double)sum >= (double)done * share)
			break;
	}

	return (double)i * BUCKET_US / 1000.0;
}

static int run(int epfd, unsigned long seconds)
{
	const int64_t end_us = now_us() + (int64_t)seconds * 1000000;
	struct epoll_event evs[256];

	while (now_us() < end_us) {
		const int n = epoll_wait(epfd, evs, 256, 100);
		int i;

		for (i = 0; i < n; ++i) {
			const int err = receive(evs[i].data.ptr);

			if (err) {
				fprintf(stderr, "httpload: %s\n",
					strerror(err));
				return err;
			}
		}
	}

	return 0;
}

static int open_all(int epfd, unsigned long n, unsigned port)
{
	unsigned long i;

	conns = calloc(n, sizeof(*conns));
	if (!conns)
		return ENOMEM;
	for (i = 0; i < n; ++i) {
		struct epoll_event ev = {.events = EPOLLIN,
					 .data.ptr = &conns[i]};
		int err = open_conn(&conns[i], port);

		if (!err && epoll_ctl(epfd, EPOLL_CTL_ADD, conns[i].fd, &ev))
			err = errno;
		if (!err)
			err = ask(&conns[i]);
		if (err)
			return err;
	}

	return 0;
}

int main(int argc, char *argv[])
{
	const unsigned long port = argc > 4 ? strtoul(argv[1], NULL, 10) : 0;
	const unsigned long n = argc > 4 ? strtoul(argv[3], NULL, 10) : 0;
	const unsigned long seconds = argc > 4 ? strtoul(argv[4], NULL, 10) : 0;
	const int epfd = epoll_create1(0);
	int len, err;

	if (!port || port > 65535 || !n || n > CONNS_MAX || !seconds ||
	    epfd < 0) {
		fprintf(stderr, "usage: httpload PORT PATH CONNECTIONS "
				"SECONDS [BEARER_KEY]\n");
		return 2;
	}
	len = snprintf(request, sizeof(request),
		       "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%lu\r\n%s%s%s\r\n",
		       argv[2], port, argc > 5 ? "Authorization: Bearer " : "",
		       argc > 5 ? argv[5] : "", argc > 5 ? "\r\n" : "");
	if (len < 0 || (size_t)len >= sizeof(request))
		return 2;
	request_len = (size_t)len;

	err = open_all(epfd, n, (unsigned)port);
	if (!err)
		err = run(epfd, seconds);
	if (err) {
		fprintf(stderr, "httpload: %s\n", strerror(err));
		return 1;
	}
	printf("{\"requests\":%llu,\"failed\":%llu,\"per_s\":%.0f,"
	       "\"median_ms\":%.2f,\"p99_ms\":%.2f}\n",
	       (unsigned long long)done, (unsigned long long)failed,
	       (double)done / (double)seconds, percentile_ms(0.5),
	       percentile_ms(0.99));

	return 0;
}
