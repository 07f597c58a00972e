/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The floor: the least that sends a packet back. One thread, level-triggered
 * epoll, recvfrom, sendto, nothing else; N port pairs as a media server has
 * them (the odd one is only held).
 *
 * usage: reflector N [FIRST_PORT]
 * Prints "ip:port" of each stream to standard output, then runs until it is
 * interrupted, and prints how many packets it sent back.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	EVENTS_MAX = 64,
	PACKET_MAX = 1500
};

static volatile sig_atomic_t over;

static void on_signal(int sig)
{
	(void)sig;
	over = 1;
}

static int bind_udp(unsigned port)
{
	struct sockaddr_in sin = {.sin_family = AF_INET,
				  .sin_port = htons((uint16_t)port)};
	const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);

	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd >= 0 && bind(fd, (struct sockaddr *)&sin, sizeof(sin))) {
		close(fd);
		return -1;
	}

	return fd;
}

static int open_streams(int epfd, unsigned n, unsigned port)
{
	unsigned opened = 0;

	for (; opened < n && port < 65534; port += 2) {
		struct epoll_event ev = {.events = EPOLLIN};
		const int rtp = bind_udp(port), rtcp = bind_udp(port + 1);

		if (rtp < 0 || rtcp < 0) {
			close(rtp);
			close(rtcp);
			continue;
		}
		ev.data.fd = rtp;
		if (epoll_ctl(epfd, EPOLL_CTL_ADD, rtp, &ev))
			return errno;
		printf("127.0.0.1:%u\n", port);
		++opened;
	}
	fflush(stdout);

	return opened == n ? 0 : EADDRINUSE;
}

static uint64_t reflect(int epfd)
{
	struct epoll_event evs[EVENTS_MAX];
	uint8_t buf[PACKET_MAX];
	uint64_t sent = 0;

	while (!over) {
		const int n = epoll_wait(epfd, evs, EVENTS_MAX, -1);
		int i;

		for (i = 0; i < n; ++i) {
			struct sockaddr_in sin;
			socklen_t len = sizeof(sin);
			const ssize_t got =
				recvfrom(evs[i].data.fd, buf, sizeof(buf), 0,
					 (struct sockaddr *)&sin, &len);

			if (got > 0 &&
			    sendto(evs[i].data.fd, buf, (size_t)got, 0,
				   (struct sockaddr *)&sin, len) == got)
				++sent;
		}
	}

	return sent;
}

int main(int argc, char *argv[])
{
	const unsigned long n = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;
	const unsigned long port =
		argc > 2 ? strtoul(argv[2], NULL, 10) : 30000;
	const struct sigaction sa = {.sa_handler = on_signal};
	const int epfd = epoll_create1(0);
	int err;

	if (!n || n > 30000 || port < 2 || port > 65000 || epfd < 0) {
		fprintf(stderr, "usage: reflector N [FIRST_PORT]\n");
		return 2;
	}
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);

	err = open_streams(epfd, (unsigned)n, (unsigned)port);
	if (err) {
		fprintf(stderr, "reflector: no sockets: error %d\n", err);
		return 1;
	}
	printf("sent %llu\n", (unsigned long long)reflect(epfd));

	return 0;
}
