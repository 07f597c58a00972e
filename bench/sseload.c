/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Load: clients of GET /v1/events, and when each of them has each event.
 *
 * usage: sseload PORT CLIENTS SECONDS BEARER_KEY
 * Prints "open" when all are, then after SECONDS one line of JSON: events,
 * how many reached everyone, and the median, 99th percentile and worst of the
 * time from `created_at` (before the commit) to the first and to the last
 * client, and between these two.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
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
	CLIENTS_MAX = 10000,
	EVENTS_MAX = 65536, /* a power of two */
	ID_LEN = 36,
	LINE_MAX = 256, /* what is kept of a line */
};

enum part {
	PART_HEAD,  /* of the answer */
	PART_SIZE,  /* of a chunk */
	PART_CHUNK, /* its bytes */
	PART_GAP,   /* the line end after it */
};

struct client {
	int fd;
	enum part part;
	size_t left; /* of the chunk */
	size_t len;
	char line[LINE_MAX]; /* of the head, or of the stream */
	size_t size_len;
	char size[16];
	char id[ID_LEN + 1];
};

struct event {
	char id[ID_LEN + 1];
	double created, first, last; /* ms */
	unsigned clients;
};

static struct client *clients;
static struct event events[EVENTS_MAX];
static unsigned nclients, nopen;

static double now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);

	return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

/* "2026-11-23T15:04:05.678Z" */
static double parse_time(const char *text)
{
	struct tm tm = {0};
	const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);

	return rest ? (double)timegm(&tm) * 1e3 + strtod(rest, NULL) * 1e3 : 0;
}

static struct event *find(const char *id)
{
	size_t i, hash = 5381;

	for (i = 0; i < ID_LEN; ++i)
		hash = hash * 33 + (unsigned char)id[i];
	for (i = hash; *events[i % EVENTS_MAX].id; ++i)
		if (!strcmp(events[i % EVENTS_MAX].id, id))
			break;

	return &events[i % EVENTS_MAX];
}

static void on_data(struct client *cli)
{
	const char *at = strstr(cli->line, "\"created_at\":\"");
	const double now = now_ms();
	struct event *ev = find(cli->id);

	if (!*cli->id || !at)
		return;
	if (!*ev->id) {
		memcpy(ev->id, cli->id, sizeof(ev->id));
		ev->created = parse_time(at + 14);
		ev->first = now;
	}
	++ev->clients;
	ev->last = now;
	*cli->id = '\0';
}

/* A line of the stream is whole */
static void on_line(struct client *cli)
{
	cli->line[cli->len < LINE_MAX ? cli->len : LINE_MAX - 1] = '\0';
	cli->len = 0;
	if (!strncmp(cli->line, "id: ", 4) && strlen(cli->line) >= 4 + ID_LEN)
		memcpy(cli->id, cli->line + 4, ID_LEN);
	else if (!strncmp(cli->line, "data: ", 6))
		on_data(cli);
	else if (!strncmp(cli->line, "retry: ", 7))
		++nopen;
}

static bool on_head(struct client *cli, char c)
{
	if (cli->len < LINE_MAX - 1 && c != '\r')
		cli->line[cli->len++] = c;
	if (c != '\n')
		return true;

	cli->line[cli->len] = '\0';
	if (!strncmp(cli->line, "HTTP/", 5) &&
	    strncmp(cli->line, "HTTP/1.1 200", 12))
		return false;
	if (cli->len == 1)
		cli->part = PART_SIZE;
	cli->len = 0;

	return true;
}

static bool on_size(struct client *cli, char c)
{
	if (c != '\n') {
		if (cli->size_len < sizeof(cli->size) - 1)
			cli->size[cli->size_len++] = c;
		return true;
	}
	cli->size[cli->size_len] = '\0';
	cli->size_len = 0;
	cli->left = strtoul(cli->size, NULL, 16);
	cli->part = PART_CHUNK;

	return cli->left > 0;
}

static bool on_byte(struct client *cli, char c)
{
	switch (cli->part) {
	case PART_HEAD:
		return on_head(cli, c);
	case PART_SIZE:
		return on_size(cli, c);
	case PART_CHUNK:
		if (c == '\n')
			on_line(cli);
		else if (cli->len++ < LINE_MAX - 1)
			cli->line[cli->len - 1] = c;
		if (!--cli->left)
			cli->part = PART_GAP;
		return true;
	case PART_GAP:
		if (c == '\n')
			cli->part = PART_SIZE;
		return true;
	}

	return false;
}

static int receive(struct client *cli)
{
	static char buf[262144];
	const ssize_t n = recv(cli->fd, buf, sizeof(buf), 0);
	ssize_t i;

	if (n <= 0)
		return EPIPE;
	for (i = 0; i < n; ++i)
		if (!on_byte(cli, buf[i]))
			return EPROTO;

	return 0;
}

/* @param until  Or until all are open */
static int run(int epfd, double until, bool opening)
{
	struct epoll_event evs[512];

	while (now_ms() < until && !(opening && nopen == nclients)) {
		const int n = epoll_wait(epfd, evs, 512, 20);
		int i;

		for (i = 0; i < n; ++i) {
			const int err = receive(evs[i].data.ptr);

			if (err)
				return err;
		}
	}

	return opening && nopen < nclients ? ETIMEDOUT : 0;
}

static int open_one(struct client *cli, int epfd, unsigned port,
		    const char *key)
{
	struct sockaddr_in sin = {.sin_family = AF_INET,
				  .sin_port = htons((uint16_t)port)};
	struct epoll_event ev = {.events = EPOLLIN, .data.ptr = cli};
	char request[512];
	int len;

	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	cli->fd = socket(AF_INET, SOCK_STREAM, 0);
	if (cli->fd < 0 ||
	    connect(cli->fd, (struct sockaddr *)&sin, sizeof(sin)))
		return errno;
	len = snprintf(request, sizeof(request),
		       "GET /v1/events?types=* HTTP/1.1\r\nHost: x\r\n"
		       "Authorization: Bearer %s\r\n\r\n",
		       key);
	if (send(cli->fd, request, (size_t)len, MSG_NOSIGNAL) != len ||
	    epoll_ctl(epfd, EPOLL_CTL_ADD, cli->fd, &ev))
		return errno;

	return 0;
}

static int by_value(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void print_times(const char *name, double *ms, unsigned n)
{
	qsort(ms, n, sizeof(*ms), by_value);
	printf(",\"%s_median_ms\":%.2f,\"%s_p99_ms\":%.2f,"
	       "\"%s_max_ms\":%.2f",
	       name, n ? ms[n / 2] : 0, name, n ? ms[n * 99 / 100] : 0, name,
	       n ? ms[n - 1] : 0);
}

static void report(void)
{
	static double first[EVENTS_MAX], last[EVENTS_MAX], spread[EVENTS_MAX];
	unsigned i, n = 0, all = 0;

	for (i = 0; i < EVENTS_MAX; ++i) {
		const struct event *ev = &events[i];

		if (!*ev->id)
			continue;
		++all;
		if (ev->clients != nclients)
			continue;
		first[n] = ev->first - ev->created;
		last[n] = ev->last - ev->created;
		spread[n++] = ev->last - ev->first;
	}
	printf("{\"clients\":%u,\"events\":%u,\"complete\":%u", nclients, all,
	       n);
	print_times("first", first, n);
	print_times("last", last, n);
	print_times("spread", spread, n);
	printf("}\n");
}

int main(int argc, char *argv[])
{
	const unsigned long port = argc > 4 ? strtoul(argv[1], NULL, 10) : 0;
	const unsigned long n = argc > 4 ? strtoul(argv[2], NULL, 10) : 0;
	const unsigned long seconds = argc > 4 ? strtoul(argv[3], NULL, 10) : 0;
	const int epfd = epoll_create1(0);
	unsigned i;
	int err = 0;

	if (!port || port > 65535 || !n || n > CLIENTS_MAX || !seconds ||
	    epfd < 0) {
		fprintf(stderr,
			"usage: sseload PORT CLIENTS SECONDS BEARER_KEY\n");
		return 2;
	}
	nclients = (unsigned)n;
	clients = calloc(n, sizeof(*clients));
	for (i = 0; clients && i < nclients && !err; ++i)
		err = open_one(&clients[i], epfd, (unsigned)port, argv[4]);
	if (!err)
		err = run(epfd, now_ms() + 20000, true);
	if (!err) {
		printf("open\n");
		fflush(stdout);
		err = run(epfd, now_ms() + (double)seconds * 1e3, false);
	}
	if (err) {
		fprintf(stderr, "sseload: %s, %u of %u open\n", strerror(err),
			nopen, nclients);
		return 1;
	}
	report();

	return 0;
}
