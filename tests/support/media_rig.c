/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <math.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "common/clock.h"
#include "media/leg_priv.h"
#include "support/media_rig.h"

/* Was a tick so late that the sound had to jump? No fault of the engine's on
 * a busy machine.
 */
bool rig_was_late(const struct rig *rig)
{
	struct media_engine_stats stats;

	media_engine_stats(rig->engine, &stats);

	return stats.tick_late_max_us >= TICK_US * (TICK_CATCH_UP - 1);
}

int64_t rig_now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);

	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

void rig_sleep_ms(unsigned ms)
{
	const struct timespec ts = {.tv_sec = ms / 1000,
				    .tv_nsec = ms % 1000 * 1000000L};

	nanosleep(&ts, NULL);
}

void rig_open(struct rig *rig, const struct rig_params *prm)
{
	const struct media_engine_params ep_none = {0};
	struct media_engine_params ep = ep_none;

	assert_int_equal(loop_start(&rig->loop, clock_system()), 0);
	ep.loop = rig->loop;
	ep.threads = prm && prm->threads ? prm->threads : 2;
	ep.bind = "127.0.0.1";
	ep.port_min = prm && prm->port_min ? prm->port_min : 42000;
	ep.port_max = prm && prm->port_max ? prm->port_max : 43999;
	ep.silence_timeout_ms = prm ? prm->silence_ms : 0;
	assert_int_equal(media_engine_start(&rig->engine, &ep), 0);
}

void rig_close(struct rig *rig)
{
	rig->engine = media_engine_stop(rig->engine);
	rig->loop = loop_stop(rig->loop);
}

/* The far end --------------------------------------------------------- */

static int udp(const char *ip, uint16_t *portp)
{
	struct sockaddr_in sin = {.sin_family = AF_INET};
	socklen_t len = sizeof(sin);
	const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	const int keep = 1 << 20; /* while a slow test does not read */

	assert_true(fd >= 0);
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &keep, sizeof(keep));
	assert_int_equal(inet_pton(AF_INET, ip, &sin.sin_addr), 1);
	assert_int_equal(bind(fd, (struct sockaddr *)&sin, len), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&sin, &len), 0);
	if (portp)
		*portp = ntohs(sin.sin_port);

	return fd;
}

void rig_far_open(struct rig_far *far, const char *ip,
		  const struct codec *codec)
{
	memset(far, 0, sizeof(*far));
	far->rtp = udp(ip, &far->port);
	far->rtcp = udp(ip, NULL);
	far->pt = codec->pt;
	far->seq = 65530; /* wraps soon */
	far->ts = 0xfffffe00u;
	far->ssrc = 0x1234abcdu + far->port;
	far->step = codec_ts_units(codec, 20);
}

void rig_far_close(struct rig_far *far)
{
	close(far->rtp);
	close(far->rtcp);
}

void rig_far_send_raw(struct rig_far *far, const void *buf, size_t len)
{
	struct sockaddr_in sin = {.sin_family = AF_INET,
				  .sin_port = htons(far->to_port)};

	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(sendto(far->rtp, buf, len, 0, (struct sockaddr *)&sin,
				sizeof(sin)),
			 (ssize_t)len);
}

static void send_packet(struct rig_far *far, uint8_t pt, uint32_t ts,
			bool marker, const void *payload, size_t len)
{
	uint8_t buf[2048];
	const struct rtp_packet pkt = {.marker = marker,
				       .pt = pt,
				       .seq = far->seq++,
				       .ts = ts,
				       .ssrc = far->ssrc};

	rtp_write(buf, &pkt);
	memcpy(buf + RTP_HEADER_LEN, payload, len);
	rig_far_send_raw(far, buf, RTP_HEADER_LEN + len);
}

void rig_far_send(struct rig_far *far, const void *payload, size_t len,
		  bool marker)
{
	send_packet(far, far->pt, far->ts, marker, payload, len);
	far->ts += far->step;
}

void rig_far_send_event(struct rig_far *far, unsigned code, bool end,
			unsigned units, uint32_t ts)
{
	const uint8_t payload[4] = {(uint8_t)code, end ? 0x8a : 0x0a,
				    (uint8_t)(units >> 8), (uint8_t)units};

	send_packet(far, RIG_PT_EVENT, ts, false, payload, sizeof(payload));
}

static bool recv_on(int fd, struct rig_packet *pkt, int ms)
{
	struct pollfd pfd = {.fd = fd, .events = POLLIN};
	ssize_t n;

	if (poll(&pfd, 1, ms) != 1)
		return false;
	n = recv(fd, pkt->buf, sizeof(pkt->buf), 0);
	assert_true(n >= 0);
	pkt->len = (size_t)n;
	pkt->at_us = rig_now_us();

	return true;
}

bool rig_far_recv(struct rig_far *far, struct rig_packet *pkt, int ms)
{
	if (!recv_on(far->rtp, pkt, ms))
		return false;
	assert_int_equal(rtp_parse(&pkt->rtp, pkt->buf, pkt->len), 0);

	return true;
}

bool rig_far_recv_rtcp(struct rig_far *far, struct rig_packet *pkt, int ms)
{
	return recv_on(far->rtcp, pkt, ms);
}

void rig_payload(uint8_t *buf, size_t n, unsigned tag)
{
	size_t i;

	for (i = 0; i < n; ++i)
		buf[i] = (uint8_t)(tag * 31 + i * 7);
}

/* Callbacks, on the loop ---------------------------------------------- */

static void lock(struct rig_leg *leg)
{
	pthread_mutex_lock(&leg->mtx);
	if (leg->nclosed)
		++leg->nlate; /* nothing may come after closed() */
}

static void unlock(struct rig_leg *leg)
{
	pthread_cond_broadcast(&leg->cond);
	pthread_mutex_unlock(&leg->mtx);
}

static void on_dtmf(void *arg, char digit, unsigned duration_ms)
{
	struct rig_leg *leg = arg;

	(void)duration_ms;
	lock(leg);
	if (leg->ndigits < RIG_DIGITS_MAX)
		leg->digits[leg->ndigits] = digit;
	++leg->ndigits;
	unlock(leg);
}

static void on_played(void *arg, uint32_t id, int err)
{
	struct rig_leg *leg = arg;

	lock(leg);
	leg->played_id = id;
	leg->played_err = err;
	++leg->nplayed;
	unlock(leg);
}

static void on_silent(void *arg)
{
	struct rig_leg *leg = arg;

	lock(leg);
	++leg->nsilent;
	unlock(leg);
}

static void on_started(void *arg)
{
	struct rig_leg *leg = arg;

	lock(leg);
	++leg->nstarted;
	unlock(leg);
}

static void on_tapped(void *arg, uint32_t id, enum media_tap_end why)
{
	struct rig_leg *leg = arg;

	lock(leg);
	leg->tapped_id = id;
	leg->tapped_why = why;
	++leg->ntapped;
	unlock(leg);
}

static void on_closed(void *arg, const struct media_stats *stats)
{
	struct rig_leg *leg = arg;

	lock(leg);
	leg->last = *stats;
	++leg->nclosed;
	unlock(leg);
}

static const struct media_handler handler = {
	.dtmf = on_dtmf,
	.played = on_played,
	.silent = on_silent,
	.started = on_started,
	.tapped = on_tapped,
	.closed = on_closed,
};

static bool wait_until(struct rig_leg *leg,
		       bool (*is_true)(struct rig_leg *, uint64_t), uint64_t n)
{
	const int64_t end_us = rig_now_us() + RIG_WAIT_MS * 1000LL;

	while (!is_true(leg, n)) {
		if (rig_now_us() > end_us)
			return false;
		rig_sleep_ms(2);
	}

	return true;
}

bool rig_wait(struct rig_leg *leg, const atomic_uint *count, unsigned n)
{
	struct timespec end;
	int err = 0;

	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += RIG_WAIT_MS / 1000;
	pthread_mutex_lock(&leg->mtx);
	while (*count < n && !err)
		err = pthread_cond_timedwait(&leg->cond, &leg->mtx, &end);
	pthread_mutex_unlock(&leg->mtx);

	return !err;
}

void rig_assert_digits(struct rig_leg *leg, const char *digits)
{
	char heard[sizeof(leg->digits)];

	pthread_mutex_lock(&leg->mtx);
	memcpy(heard, leg->digits, sizeof(heard));
	pthread_mutex_unlock(&leg->mtx);
	assert_string_equal(heard, digits);
}

static bool has_rx(struct rig_leg *leg, uint64_t n)
{
	struct media_stats stats;

	media_leg_stats(leg->leg, &stats);

	return stats.rx_packets >= n;
}

static bool has_dropped(struct rig_leg *leg, uint64_t n)
{
	struct media_stats stats;

	media_leg_stats(leg->leg, &stats);

	return stats.rx_dropped >= n;
}

bool rig_wait_rx(struct rig_leg *leg, uint64_t n)
{
	return wait_until(leg, has_rx, n);
}

bool rig_wait_dropped(struct rig_leg *leg, uint64_t n)
{
	return wait_until(leg, has_dropped, n);
}

/* Verbs, run on the loop ---------------------------------------------- */

struct verb {
	struct rig_leg *leg;
	const struct media_leg_params *prm;
	const struct media_session *sess;
	const char *text;
	struct tone_list *list;
	struct media_stream *stream;
	unsigned a, b;
	bool on;
	int err;
	uint32_t id;
};

/* Thread: media. What was posted before has been done. */
static void on_barrier(struct media_thread *th, void *arg)
{
	struct rig_leg *leg = arg;

	pthread_mutex_lock(&leg->mtx);
	++leg->nbarriers;
	pthread_cond_broadcast(&leg->cond);
	pthread_mutex_unlock(&leg->mtx);
}

void rig_settle(struct rig_leg *leg)
{
	const unsigned n = leg->nbarriers + 1;

	assert_int_equal(
		media_post_legs(leg->leg->th, leg->leg, NULL, on_barrier, leg),
		0);
	assert_true(rig_wait(leg, &leg->nbarriers, n));
}

/* A verb is done when media has done it: what the test sends next comes
 * after it.
 */
static struct verb run(struct rig_leg *leg, loop_h *fn, struct verb verb)
{
	const bool settles = leg->leg && !leg->closing;

	verb.leg = leg;
	assert_int_equal(loop_call(leg->rig->loop, "test", fn, &verb), 0);
	if (settles)
		rig_settle(leg);

	return verb;
}

static void do_alloc(void *arg)
{
	struct verb *v = arg;
	struct media_leg_params prm =
		v->prm ? *v->prm : (struct media_leg_params){0};

	prm.handler = &handler;
	prm.arg = v->leg;
	prm.name = "test";
	v->err = media_leg_alloc(&v->leg->leg, v->leg->rig->engine, &prm);
	if (!v->err)
		v->leg->port = media_leg_port(v->leg->leg);
}

static void do_start(void *arg)
{
	struct verb *v = arg;

	v->err = media_leg_start(v->leg->leg, v->sess);
}

static void do_close(void *arg)
{
	struct verb *v = arg;

	media_leg_close(v->leg->leg);
}

static void do_echo(void *arg)
{
	struct verb *v = arg;

	media_leg_echo(v->leg->leg, v->on);
}

static void do_tones(void *arg)
{
	struct verb *v = arg;

	v->id = media_leg_play_tones(v->leg->leg, v->list, v->a);
}

static void do_dtmf(void *arg)
{
	struct verb *v = arg;

	v->id = media_leg_send_dtmf(v->leg->leg, v->text, v->a, v->b);
}

static void do_stream(void *arg)
{
	struct verb *v = arg;

	v->id = media_leg_play_stream(v->leg->leg, v->stream);
}

static void do_stop(void *arg)
{
	struct verb *v = arg;

	media_leg_stop(v->leg->leg);
}

void rig_session(struct media_session *sess, const struct codec *codec,
		 const struct rig_far *far)
{
	struct sockaddr_in *sin = (struct sockaddr_in *)&sess->rtp;
	socklen_t len = sizeof(*sin);

	memset(sess, 0, sizeof(*sess));
	sess->codec = codec;
	sess->pt = codec->pt;
	sess->dtmf_pt = RIG_PT_EVENT;
	sess->dtmf_clock = 8000;
	sess->ptime_ms = 20;
	sess->send = sess->recv = true;
	if (!far)
		return;
	assert_int_equal(getsockname(far->rtp, (struct sockaddr *)sin, &len),
			 0);
	len = sizeof(*sin);
	assert_int_equal(
		getsockname(far->rtcp, (struct sockaddr *)&sess->rtcp, &len),
		0);
}

int rig_leg_alloc(struct rig_leg *leg, struct rig *rig,
		  const struct media_leg_params *prm)
{
	pthread_condattr_t attr;

	memset(leg, 0, sizeof(*leg));
	leg->rig = rig;
	pthread_mutex_init(&leg->mtx, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&leg->cond, &attr);
	pthread_condattr_destroy(&attr);

	return run(leg, do_alloc, (struct verb){.prm = prm}).err;
}

int rig_leg_start(struct rig_leg *leg, const struct media_session *sess)
{
	leg->sess = *sess;

	return run(leg, do_start, (struct verb){.sess = sess}).err;
}

void rig_leg_open(struct rig_leg *leg, struct rig *rig,
		  const struct media_session *sess, struct rig_far *far)
{
	assert_int_equal(rig_leg_alloc(leg, rig, NULL), 0);
	assert_int_equal(rig_leg_start(leg, sess), 0);
	if (far)
		far->to_port = leg->port;
}

void rig_leg_close_post(struct rig_leg *leg)
{
	leg->closing = true;
	run(leg, do_close, (struct verb){0});
}

void rig_leg_close(struct rig_leg *leg)
{
	if (!leg->closing)
		rig_leg_close_post(leg);
	assert_true(rig_wait(leg, &leg->nclosed, 1));
	assert_int_equal(leg->nclosed, 1);
	assert_int_equal(leg->nlate, 0);
	pthread_cond_destroy(&leg->cond);
	pthread_mutex_destroy(&leg->mtx);
}

void rig_leg_echo(struct rig_leg *leg, bool on)
{
	run(leg, do_echo, (struct verb){.on = on});
}

uint32_t rig_leg_tones(struct rig_leg *leg, const char *text, unsigned loops)
{
	struct tone_list *list = NULL;

	assert_int_equal(tone_parse(&list, text, NULL), 0);

	return run(leg, do_tones, (struct verb){.list = list, .a = loops}).id;
}

uint32_t rig_leg_stream(struct rig_leg *leg, struct media_stream *stream)
{
	return run(leg, do_stream, (struct verb){.stream = stream}).id;
}

uint32_t rig_leg_dtmf(struct rig_leg *leg, const char *digits,
		      unsigned duration_ms, unsigned interval_ms)
{
	return run(leg, do_dtmf,
		   (struct verb){
			   .text = digits, .a = duration_ms, .b = interval_ms})
		.id;
}

void rig_leg_stop(struct rig_leg *leg)
{
	run(leg, do_stop, (struct verb){0});
}

void rig_latch(struct rig_leg *leg, struct rig_far *far)
{
	struct rig_packet pkt;
	uint8_t payload[160];

	rig_payload(payload, sizeof(payload), 0);
	rig_far_send(far, payload, sizeof(payload), true);
	rig_far_send(far, payload, sizeof(payload), false);
	assert_true(rig_wait(leg, &leg->nstarted, 1));
	assert_true(rig_wait_rx(leg, 2));
	rig_settle(leg); /* what was counted has been sent on */
	while (rig_far_recv(far, &pkt, 20))
		;
}

double rig_goertzel(const int16_t *pcm, size_t n, unsigned rate, double hz)
{
	const double w = 2.0 * M_PI * hz / rate;
	double re = 0.0, im = 0.0;
	size_t i;

	for (i = 0; i < n; ++i) {
		re += pcm[i] * cos(w * (double)i);
		im -= pcm[i] * sin(w * (double)i);
	}

	return 2.0 * sqrt(re * re + im * im) / ((double)n * 32768.0);
}
