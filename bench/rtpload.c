/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Load: N streams of 172-byte packets every 20 ms, and what comes back.
 *
 * usage: rtpload SECONDS [SETTLE_SECONDS] < streams
 * Each line of standard input is "ip:port [local_port]"; without a local port
 * any is taken. The streams are spread over the 20 ms. After SETTLE seconds
 * (2) counting begins; what is sent in the window and comes back within half
 * a second after it is not lost. One line of JSON goes to standard output:
 * packets, loss, the longest gap, the 99.9th percentile of gaps (of all, and
 * the worst of a stream), jumps in sequence numbers and changes of SSRC.
 * With "-m" as last argument the window's begin and end are told by lines
 * "begin" and "end" on standard output, for whoever reads CPU times. With "-v"
 * before it the packets hold something like a voice, for a server that decodes
 * and encodes: whatever comes in the window counts as received then.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <math.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	STREAMS_MAX = 8192,
	PAYLOAD = 160,
	PACKET = 12 + PAYLOAD,
	TICK_US = 20000,
	SLOTS = 20, /* groups of streams, a millisecond apart */
	GAPS_MAX_MS = 2000,
	PER_MS = 4, /* buckets of the gap histogram */
	GAP_BUCKETS = GAPS_MAX_MS * PER_MS,
	DRAIN_US = 500000,
	MARK = 0x55, /* a payload that was sent in the window */
	VOICE = 50 * PAYLOAD,
};

struct stream {
	uint16_t *gaps; /* histogram, filled in the window */
	int64_t heard_us;
	uint64_t sent, received, jumps, ssrcs;
	int fd;
	uint32_t ts, heard_ssrc;
	uint16_t seq, heard_seq;
	struct sockaddr_in to;
	bool heard;
	uint8_t packet[PACKET];
};

static struct stream streams[STREAMS_MAX];
static unsigned nstreams;
static bool voiced;
static uint8_t voice[VOICE]; /* a second of G.711 mu-law */
static uint64_t all_gaps[GAP_BUCKETS];
static int64_t gap_max_us;

static int64_t now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);

	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static void put16(uint8_t *p, unsigned v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static void put32(uint8_t *p, uint32_t v)
{
	put16(p, v >> 16);
	put16(p + 2, v & 0xffff);
}

static uint8_t mulaw(int sample)
{
	const int sign = sample < 0 ? 0x80 : 0;
	int value = (sample < 0 ? -sample : sample) + 132, exponent = 7;

	while (exponent > 0 && value < 128 << exponent)
		--exponent;

	return (uint8_t) ~(sign | exponent << 4 |
			   (value >> (exponent + 3) & 15));
}

/* Harmonics of a pitch that moves, in four syllables; a little noise */
static void make_voice(void)
{
	double phase = 0.;
	uint32_t noise = 1;
	int i, k;

	for (i = 0; i < VOICE; ++i) {
		const double at = (double)i / VOICE;
		double sum = 0.;

		phase += (120. + 30. * sin(6.2832 * at)) / VOICE;
		for (k = 1; k < 24; ++k)
			sum += sin(6.2832 * phase * k) / k;
		sum *= 6000. * fabs(sin(12.5664 * at));
		noise = noise * 1664525u + 1013904223u;
		voice[i] = mulaw((int)sum + (int)(noise >> 25) - 64);
	}
}

static int open_stream(struct stream *s, const char *ip, unsigned port,
		       unsigned local)
{
	struct sockaddr_in sin = {.sin_family = AF_INET,
				  .sin_port = htons((uint16_t)local)};
	uint32_t rnd[3] = {0};

	s->to.sin_family = AF_INET;
	s->to.sin_port = htons((uint16_t)port);
	if (inet_pton(AF_INET, ip, &s->to.sin_addr) != 1)
		return EINVAL;

	s->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	if (s->fd < 0 || bind(s->fd, (struct sockaddr *)&sin, sizeof(sin)))
		return errno;
	s->gaps = calloc(GAP_BUCKETS, sizeof(*s->gaps));
	if (!s->gaps || getrandom(rnd, sizeof(rnd), 0) < 0)
		return ENOMEM;

	s->seq = (uint16_t)rnd[0];
	s->ts = rnd[1];
	s->packet[0] = 0x80;
	put32(s->packet + 8, rnd[2]);
	memset(s->packet + 12, 0xff, PAYLOAD);

	return 0;
}

/* "ip:port [local_port]", cut in place. @return 0 or EINVAL */
static int add_stream(char *line)
{
	char *colon = strchr(line, ':'), *end;
	unsigned long port, local;

	if (!colon || nstreams == STREAMS_MAX)
		return EINVAL;
	*colon = '\0';
	port = strtoul(colon + 1, &end, 10);
	local = strtoul(end, NULL, 10); /* 0 when there is none */
	if (!port || port > 65535 || local > 65535)
		return EINVAL;

	return open_stream(&streams[nstreams], line, (unsigned)port,
			   (unsigned)local);
}

static int read_streams(FILE *in)
{
	char line[128];

	while (fgets(line, sizeof(line), in)) {
		const int err = add_stream(line);

		if (err) {
			fprintf(stderr, "rtpload: stream %u: %s\n",
				nstreams + 1, strerror(err));
			return err;
		}
		++nstreams;
	}

	return nstreams ? 0 : ENOENT;
}

static void send_one(struct stream *s, bool counted)
{
	put16(s->packet + 2, s->seq++);
	put32(s->packet + 4, s->ts);
	s->ts += PAYLOAD;
	if (sendto(s->fd, s->packet, sizeof(s->packet), 0,
		   (struct sockaddr *)&s->to, sizeof(s->to)) < 0)
		return;
	s->sent += counted;
}

static void count_gap(struct stream *s, int64_t at_us)
{
	const int64_t gap_us = at_us - s->heard_us;
	int64_t bucket = gap_us * PER_MS / 1000;

	if (bucket >= GAP_BUCKETS)
		bucket = GAP_BUCKETS - 1;
	++all_gaps[bucket];
	if (s->gaps[bucket] < UINT16_MAX)
		++s->gaps[bucket];
	if (gap_us > gap_max_us)
		gap_max_us = gap_us;
}

static void receive_one(struct stream *s, int64_t at_us, bool counted)
{
	uint8_t buf[2048];
	const ssize_t n = recv(s->fd, buf, sizeof(buf), 0);
	uint16_t seq;
	uint32_t ssrc;

	/* RTCP of a server that takes the port above as ours goes astray */
	if (n < 12 || (buf[1] >= 200 && buf[1] <= 204))
		return;

	seq = (uint16_t)(buf[2] << 8 | buf[3]);
	ssrc = (uint32_t)buf[8] << 24 | (uint32_t)buf[9] << 16 |
	       (uint32_t)buf[10] << 8 | buf[11];
	if (counted) {
		/* the payload says whether it was sent in the window */
		s->received += voiced || buf[12] == MARK;
		if (s->heard) {
			count_gap(s, at_us);
			s->ssrcs += ssrc != s->heard_ssrc;
			s->jumps += ssrc == s->heard_ssrc &&
				    seq != (uint16_t)(s->heard_seq + 1);
		}
	}
	s->heard = true;
	s->heard_us = at_us;
	s->heard_seq = seq;
	s->heard_ssrc = ssrc;
}

static void receive_all(int epfd, int timeout_ms, bool counted)
{
	struct epoll_event evs[256];
	const int n = epoll_wait(epfd, evs, 256, timeout_ms);
	const int64_t at_us = now_us();
	int i;

	for (i = 0; i < n; ++i)
		receive_one(evs[i].data.ptr, at_us, counted);
}

static void send_slot(unsigned slot, bool counted)
{
	unsigned i;

	for (i = slot; i < nstreams; i += SLOTS) {
		struct stream *s = &streams[i];

		if (voiced)
			memcpy(s->packet + 12,
			       voice + s->seq % (VOICE / PAYLOAD) * PAYLOAD,
			       PAYLOAD);
		else
			memset(s->packet + 12, counted ? MARK : 0xff, PAYLOAD);
		send_one(s, counted);
	}
}

/* Milliseconds at a share of a histogram */
static double percentile(const uint64_t *hist, double share)
{
	uint64_t all = 0, sum = 0;
	unsigned i;

	for (i = 0; i < GAP_BUCKETS; ++i)
		all += hist[i];
	for (i = 0; i < GAP_BUCKETS; ++i) {
		sum += hist[i];
		if ((double)sum >= (double)all * share)
			break;
	}

	return (double)i / PER_MS;
}

static double worst_stream(void)
{
	static uint64_t hist[GAP_BUCKETS];
	double worst = 0.0, p;
	unsigned i, j;

	for (i = 0; i < nstreams; ++i) {
		for (j = 0; j < GAP_BUCKETS; ++j)
			hist[j] = streams[i].gaps[j];
		p = percentile(hist, 0.999);
		if (p > worst)
			worst = p;
	}

	return worst;
}

static void print_result(unsigned seconds)
{
	uint64_t sent = 0, received = 0, jumps = 0, ssrcs = 0;
	struct rusage ru;
	unsigned i;

	for (i = 0; i < nstreams; ++i) {
		sent += streams[i].sent;
		received += streams[i].received;
		jumps += streams[i].jumps;
		ssrcs += streams[i].ssrcs;
	}
	getrusage(RUSAGE_SELF, &ru);
	printf("{\"streams\":%u,\"seconds\":%u,\"sent\":%llu,"
	       "\"received\":%llu,\"lost\":%lld,\"gap_max_ms\":%.1f,"
	       "\"gap_p999_ms\":%.2f,\"gap_p999_worst_ms\":%.2f,"
	       "\"seq_jumps\":%llu,\"ssrc_changes\":%llu,"
	       "\"load_cpu_s\":%.2f}\n",
	       nstreams, seconds, (unsigned long long)sent,
	       (unsigned long long)received, (long long)(sent - received),
	       (double)gap_max_us / 1000.0, percentile(all_gaps, 0.999),
	       worst_stream(), (unsigned long long)jumps,
	       (unsigned long long)ssrcs,
	       (double)(ru.ru_utime.tv_sec + ru.ru_stime.tv_sec) +
		       (double)(ru.ru_utime.tv_usec + ru.ru_stime.tv_usec) /
			       1e6);
}

static void tell(bool marks, const char *what)
{
	if (!marks)
		return;
	printf("%s\n", what);
	fflush(stdout);
}

/* One round: every slot once, a millisecond apart */
static int64_t run_round(int epfd, int64_t at_us, bool sent_counted,
			 bool heard_counted)
{
	unsigned slot;

	for (slot = 0; slot < SLOTS; ++slot, at_us += TICK_US / SLOTS) {
		int64_t left_us;

		while ((left_us = at_us - now_us()) > 0)
			receive_all(epfd, left_us > 1000 ? 1 : 0,
				    heard_counted);
		send_slot(slot, sent_counted);
		receive_all(epfd, 0, heard_counted);
	}

	return at_us;
}

static void run(int epfd, unsigned settle, unsigned seconds, bool marks)
{
	const unsigned rounds = (settle + seconds) * (1000000 / TICK_US);
	const unsigned first = settle * (1000000 / TICK_US);
	int64_t at_us = now_us(), end_us;
	unsigned i;

	for (i = 0; i < rounds; ++i) {
		if (i == first)
			tell(marks, "begin");
		at_us = run_round(epfd, at_us, i >= first, i >= first);
	}
	tell(marks, "end");
	end_us = now_us() + DRAIN_US;
	while (now_us() < end_us)
		receive_all(epfd, 10, true);
}

int main(int argc, char *argv[])
{
	const bool marks = argc > 1 && !strcmp(argv[argc - 1], "-m");
	const bool speaks =
		argc - marks > 1 && !strcmp(argv[argc - marks - 1], "-v");
	const int nargs = argc - marks - speaks;
	const unsigned long seconds =
		nargs > 1 ? strtoul(argv[1], NULL, 10) : 0;
	const unsigned long settle = nargs > 2 ? strtoul(argv[2], NULL, 10) : 2;
	const int epfd = epoll_create1(0);
	unsigned i;

	if (!seconds || seconds > 3600 || settle > 60 || epfd < 0) {
		fprintf(stderr, "usage: rtpload SECONDS [SETTLE] [-v] [-m] < "
				"streams\n");
		return 2;
	}
	voiced = speaks;
	make_voice();
	if (read_streams(stdin))
		return 1;
	for (i = 0; i < nstreams; ++i) {
		struct epoll_event ev = {.events = EPOLLIN,
					 .data.ptr = &streams[i]};

		if (epoll_ctl(epfd, EPOLL_CTL_ADD, streams[i].fd, &ev))
			return 1;
	}

	run(epfd, (unsigned)settle, (unsigned)seconds, marks);
	print_result((unsigned)seconds);

	return 0;
}
