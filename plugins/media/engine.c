/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "media/engine.h"

#include <errno.h>
#include <sched.h>

#include "common/clock.h"
#include "common/obj.h"
#include "media/ports.h"

enum {
	THREADS_MAX = 64,
	PORT_REST_MS = 1000,
	/* Over a second of G.711 as the kernel counts it: enough for a
	 * delayed thread, and what a stranger can make us hold */
	RTP_RCVBUF = 65536,
	SILENCE_MS = 60000,
};

static void engine_destructor(void *arg)
{
	struct media_engine *engine = arg;
	unsigned i;

	for (i = 0; i < engine->nthreads; ++i)
		obj_unref(engine->threads[i].queue);
	g_free(engine->threads);
	obj_unref(engine->ports);
}

/* Those we may run on: a container or taskset leaves us some */
static unsigned cores(void)
{
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set))
		return 1;

	return (unsigned)CPU_COUNT(&set);
}

static int start_threads(struct media_engine *engine, unsigned threads)
{
	if (!threads)
		threads = cores();
	threads = MIN(threads, (unsigned)THREADS_MAX);
	engine->threads = g_new0(struct media_thread, threads);

	while (engine->nthreads < threads) {
		const int err =
			media_thread_start(&engine->threads[engine->nthreads],
					   engine, engine->nthreads);

		if (err)
			return err;
		++engine->nthreads;
	}

	return 0;
}

int media_engine_start(struct media_engine **enginep,
		       const struct media_engine_params *prm)
{
	struct media_engine *engine;
	struct ports_params ports = {0};
	int err;

	if (!enginep || !prm || !prm->loop)
		return EINVAL;

	engine = obj_zalloc(sizeof(*engine), engine_destructor);
	engine->loop = prm->loop;
	engine->wall_us = clock_wall_ms(clock_system()) * 1000 - media_now_us();
	engine->silence_us =
		(int64_t)(prm->silence_timeout_ms ? prm->silence_timeout_ms
						  : SILENCE_MS) *
		1000;

	ports.bind = prm->bind;
	ports.min = prm->port_min;
	ports.max = prm->port_max;
	ports.rest_ms = PORT_REST_MS;
	ports.rcvbuf = RTP_RCVBUF;
	err = ports_alloc(&engine->ports, &ports);
	if (err)
		goto out;
	engine->family = ports_family(engine->ports);

	err = start_threads(engine, prm->threads);
out:
	if (err)
		media_engine_stop(engine);
	else
		*enginep = engine;

	return err;
}

struct media_engine *media_engine_stop(struct media_engine *engine)
{
	unsigned i;

	if (!engine)
		return NULL;

	for (i = 0; i < engine->nthreads; ++i)
		media_thread_stop(&engine->threads[i]);

	/* legs whose last word is on its way to the loop have references */
	return obj_unref(engine);
}

void media_engine_stats(struct media_engine *engine,
			struct media_engine_stats *stats)
{
	unsigned i;

	*stats = (struct media_engine_stats){
		.ports_free = ports_free(engine->ports),
	};
	for (i = 0; i < engine->nthreads; ++i) {
		const struct media_thread *th = &engine->threads[i];
		const uint64_t late_us = media_counted(&th->tick.late_max_us);

		stats->legs += atomic_load(&th->nlegs);
		stats->rx_packets += media_counted(&th->rx_packets);
		stats->tx_packets += media_counted(&th->tx_packets);
		stats->dropped += media_counted(&th->dropped);
		stats->underruns += media_counted(&th->underruns);
		stats->late_ticks += media_counted(&th->tick.late);
		stats->tick_late_max_us = MAX(stats->tick_late_max_us, late_us);
	}
}
