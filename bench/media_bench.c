/* SPDX-License-Identifier: GPL-3.0-or-later */
/* N legs of the media engine, without SIP: the server side of a comparison
 * with bench/reflector.c under bench/rtpload.c.
 *
 * usage: media_bench N [echo|play|both|bridge|opus|tap]
 * Prints "ip:port" of each leg that is to be loaded, runs until it is
 * interrupted, and prints the engine's figures.
 *
 * bridge: each two legs hear each other. opus: chains of four, of which the
 * load sees the ends: PCMU = Opus - Opus = PCMU; two bridges that convert, and
 * a hop on loopback between them. tap: echo, and a tap of both sides on each
 * that is read twice a second.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "codec/codec.h"
#include "common/clock.h"
#include "common/obj.h"
#include "loop/loop.h"
#include "media/media.h"
#include "media/tone.h"

enum {
	LEGS_MAX = 8192,
	CHAIN = 4,       /* legs */
	READ_MS = 500,   /* a recorder's */
	READ_MAX = 8000, /* frames at once */
};

enum what {
	ECHO,
	PLAY,
	BOTH,
	BRIDGE,
	OPUS,
	TAP,
	NWHATS
};

static const char *const names[NWHATS] = {
	[ECHO] = "echo",     [PLAY] = "play", [BOTH] = "both",
	[BRIDGE] = "bridge", [OPUS] = "opus", [TAP] = "tap",
};

struct bench {
	struct loop *loop;
	struct media_engine *engine;
	struct media_leg *legs[LEGS_MAX];
	struct media_tap *taps[LEGS_MAX];
	unsigned nlegs, closed;
	enum what what;
	int err;
};

static volatile sig_atomic_t over;

static void on_signal(int sig)
{
	(void)sig;
	over = 1;
}

static void on_closed(void *arg, const struct media_stats *stats)
{
	struct bench *bench = arg;

	++bench->closed;
}

static const struct media_handler handler = {.closed = on_closed};

static int start_leg(struct media_leg *leg, enum codec_id id, uint16_t port)
{
	const struct codec *codec = codec_by_id(id);
	struct media_session sess = {
		.codec = codec,
		.pt = codec->pt,
		.dtmf_pt = 101,
		.dtmf_clock = 8000,
		.ptime_ms = 20,
		.send = true,
		.recv = true,
	};
	struct sockaddr_in *sin = (struct sockaddr_in *)(void *)&sess.rtp;

	if (port) {
		sin->sin_family = AF_INET;
		sin->sin_port = htons(port);
		sin->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	}

	return media_leg_start(leg, &sess);
}

static void show(const struct media_leg *leg)
{
	printf("127.0.0.1:%u\n", media_leg_port(leg));
}

static int open_leg(struct bench *bench, unsigned i)
{
	const struct media_tap_params tp = {.rate = 8000, .channels = 2};
	struct media_leg *leg = bench->legs[i];
	struct tone_list *list = NULL;
	int err = start_leg(leg, CODEC_PCMU, 0);

	if (err)
		return err;
	if (bench->what != PLAY && bench->what != BRIDGE)
		media_leg_echo(leg, true);
	if ((bench->what == PLAY || bench->what == BOTH) &&
	    !tone_parse(&list, "tone:440+480", NULL))
		media_leg_play_tones(leg, list, 0);
	if (bench->what == TAP && !media_tap_alloc(&bench->taps[i], &tp))
		media_leg_tap(leg, bench->taps[i]);
	show(leg);

	return bench->what == BRIDGE && i % 2
		       ? media_leg_bridge(bench->legs[i - 1], leg)
		       : 0;
}

/* PCMU = Opus - Opus = PCMU */
static int open_chain(struct media_leg **legs)
{
	int err = start_leg(legs[0], CODEC_PCMU, 0);

	if (!err)
		err = start_leg(legs[1], CODEC_OPUS, media_leg_port(legs[2]));
	if (!err)
		err = start_leg(legs[2], CODEC_OPUS, media_leg_port(legs[1]));
	if (!err)
		err = start_leg(legs[3], CODEC_PCMU, 0);
	if (!err)
		err = media_leg_bridge(legs[0], legs[1]);
	if (!err)
		err = media_leg_bridge(legs[2], legs[3]);
	show(legs[0]);
	show(legs[3]);

	return err;
}

static void open_all(void *arg) /* Thread: loop */
{
	const struct media_leg_params prm = {
		.handler = &handler, .arg = arg, .name = "bench"};
	struct bench *bench = arg;
	const unsigned step = bench->what == OPUS ? (unsigned)CHAIN : 1;
	unsigned i;

	for (i = 0; i < bench->nlegs && !bench->err; ++i)
		bench->err =
			media_leg_alloc(&bench->legs[i], bench->engine, &prm);
	for (i = 0; i + step <= bench->nlegs && !bench->err; i += step)
		bench->err = bench->what == OPUS ? open_chain(&bench->legs[i])
						 : open_leg(bench, i);
	fflush(stdout);
}

static void close_all(void *arg)
{
	struct bench *bench = arg;
	unsigned i;

	for (i = 0; i < bench->nlegs; ++i)
		media_leg_close(bench->legs[i]);
}

static void count_closed(void *arg)
{
	struct bench *bench = arg;

	bench->err = bench->closed < bench->nlegs;
}

static void print_stats(struct bench *bench)
{
	struct media_engine_stats st;

	media_engine_stats(bench->engine, &st);
	printf("rx %llu tx %llu dropped %llu late_ticks %llu late_max_us "
	       "%llu\n",
	       (unsigned long long)st.rx_packets,
	       (unsigned long long)st.tx_packets,
	       (unsigned long long)st.dropped,
	       (unsigned long long)st.late_ticks,
	       (unsigned long long)st.tick_late_max_us);
}

static void read_taps(struct bench *bench)
{
	static int16_t pcm[2 * READ_MAX];
	unsigned i;

	for (i = 0; i < bench->nlegs && bench->what == TAP; ++i)
		while (media_tap_read(bench->taps[i], pcm, READ_MAX))
			;
}

static int run(struct bench *bench)
{
	const struct media_engine_params prm = {
		.loop = bench->loop,
		.threads = 1,
		.bind = "127.0.0.1",
		.port_min = 20000,
		.port_max = 29999,
	};
	int err = media_engine_start(&bench->engine, &prm);

	if (err)
		return err;

	loop_call(bench->loop, "open", open_all, bench);
	if (bench->err) {
		fprintf(stderr, "media_bench: %s\n", strerror(bench->err));
		return bench->err;
	}
	while (!over) {
		nanosleep(&(struct timespec){.tv_nsec = READ_MS * 1000000L},
			  NULL);
		read_taps(bench);
	}
	print_stats(bench);

	loop_call(bench->loop, "close", close_all, bench);
	do {
		nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
		loop_call(bench->loop, "count", count_closed, bench);
	} while (bench->err);
	media_engine_stop(bench->engine);
	while (bench->nlegs > 0)
		obj_unref(bench->taps[--bench->nlegs]);

	return 0;
}

int main(int argc, char *argv[])
{
	static struct bench bench;
	const struct sigaction sa = {.sa_handler = on_signal};
	const char *what = argc > 2 ? argv[2] : "echo";
	int err;

	bench.nlegs = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 0;
	while (bench.what < NWHATS && strcmp(what, names[bench.what]) != 0)
		++bench.what;
	if (!bench.nlegs || bench.nlegs > LEGS_MAX || bench.what == NWHATS) {
		fprintf(stderr, "usage: media_bench N "
				"[echo|play|both|bridge|opus|tap]\n");
		return 2;
	}
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);

	err = loop_start(&bench.loop, clock_system());
	if (!err)
		err = run(&bench);
	loop_stop(bench.loop);

	return err ? 1 : 0;
}
