/* SPDX-License-Identifier: GPL-3.0-or-later */
/* N legs of the media engine, without SIP: the server side of a comparison
 * with bench/reflector.c under bench/rtpload.c.
 *
 * usage: media_bench N [echo|play|both]
 * Prints "ip:port" of each leg, runs until it is interrupted, and prints the
 * engine's figures.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "codec/codec.h"
#include "common/clock.h"
#include "loop/loop.h"
#include "media/media.h"
#include "media/tone.h"

enum {
	LEGS_MAX = 8192
};

struct bench {
	struct loop *loop;
	struct media_engine *engine;
	struct media_leg *legs[LEGS_MAX];
	unsigned nlegs, closed;
	bool echo, play;
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

static int open_leg(struct bench *bench, unsigned i)
{
	const struct media_leg_params prm = {
		.handler = &handler, .arg = bench, .name = "bench"};
	const struct codec *codec = codec_by_id(CODEC_PCMU);
	const struct media_session sess = {
		.codec = codec,
		.pt = codec->pt,
		.dtmf_pt = 101,
		.dtmf_clock = 8000,
		.ptime_ms = 20,
		.send = true,
		.recv = true,
	};
	struct tone_list *list = NULL;
	int err;

	err = media_leg_alloc(&bench->legs[i], bench->engine, &prm);
	if (!err)
		err = media_leg_start(bench->legs[i], &sess);
	if (err)
		return err;

	media_leg_echo(bench->legs[i], bench->echo);
	if (bench->play && !tone_parse(&list, "tone:440+480", NULL))
		media_leg_play_tones(bench->legs[i], list, 0);
	printf("127.0.0.1:%u\n", media_leg_port(bench->legs[i]));

	return 0;
}

static void open_all(void *arg) /* Thread: loop */
{
	struct bench *bench = arg;
	unsigned i;

	for (i = 0; i < bench->nlegs && !bench->err; ++i)
		bench->err = open_leg(bench, i);
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
	while (!over)
		pause();
	print_stats(bench);

	loop_call(bench->loop, "close", close_all, bench);
	do {
		nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
		loop_call(bench->loop, "count", count_closed, bench);
	} while (bench->err);
	media_engine_stop(bench->engine);

	return 0;
}

int main(int argc, char *argv[])
{
	static struct bench bench;
	const struct sigaction sa = {.sa_handler = on_signal};
	const char *what = argc > 2 ? argv[2] : "echo";
	int err;

	bench.nlegs = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 0;
	if (!bench.nlegs || bench.nlegs > LEGS_MAX) {
		fprintf(stderr, "usage: media_bench N [echo|play|both]\n");
		return 2;
	}
	bench.echo = strcmp(what, "play") != 0;
	bench.play = strcmp(what, "echo") != 0;
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);

	err = loop_start(&bench.loop, clock_system());
	if (!err)
		err = run(&bench);
	loop_stop(bench.loop);

	return err ? 1 : 0;
}
