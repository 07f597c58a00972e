/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rest/metrics.h"

#include <inttypes.h>
#include <stdatomic.h>

/* Every status that we send; the last one stands for any other */
static const int statuses[] = {200, 201, 204, 206, 304, 400, 401, 403,
			       404, 405, 406, 409, 411, 413, 414, 415,
			       416, 422, 429, 431, 500, 503, 507, 0};

static const int64_t bounds_us[] = {500,    1000,   2500,    5000,
				    10000,  25000,  50000,   100000,
				    250000, 500000, 1000000, 2500000};

enum {
	NSTATUSES = G_N_ELEMENTS(statuses),
	NBOUNDS = G_N_ELEMENTS(bounds_us),
};

struct rest_metrics {
	atomic_uint_least64_t buckets[NBOUNDS + 1]; /* the last: +Inf */
	atomic_uint_least64_t sum_us;
	/* route by status; one row more for what has no route */
	atomic_uint_least64_t counts[];
};

struct rest_metrics *rest_metrics_new(void)
{
	const size_t cells = (rest_route_count() + 1) * NSTATUSES;

	return g_malloc0(sizeof(struct rest_metrics) +
			 cells * sizeof(atomic_uint_least64_t));
}

void rest_metrics_free(struct rest_metrics *metrics)
{
	g_free(metrics);
}

static void add(atomic_uint_least64_t *cell, uint64_t n)
{
	atomic_fetch_add_explicit(cell, n, memory_order_relaxed);
}

static uint64_t get(atomic_uint_least64_t *cell)
{
	return atomic_load_explicit(cell, memory_order_relaxed);
}

void rest_metrics_count(struct rest_metrics *metrics,
			const struct rest_route *route, int status,
			int64_t duration_us)
{
	const size_t row = route ? rest_route_index(route) : rest_route_count();
	size_t col = 0, bucket = 0;

	while (statuses[col] && statuses[col] != status)
		++col;
	while (bucket < NBOUNDS && duration_us > bounds_us[bucket])
		++bucket;

	add(&metrics->counts[row * NSTATUSES + col], 1);
	add(&metrics->buckets[bucket], 1);
	add(&metrics->sum_us, duration_us > 0 ? (uint64_t)duration_us : 0);
}

static void write_counts(struct rest_metrics *metrics, GString *out)
{
	size_t row, col;

	g_string_append(out,
			"# HELP bifrons_rest_requests_total Requests answered\n"
			"# TYPE bifrons_rest_requests_total counter\n");
	for (row = 0; row <= rest_route_count(); ++row) {
		const struct rest_route *route = rest_route_at(row);

		for (col = 0; col < NSTATUSES; ++col) {
			const uint64_t n =
				get(&metrics->counts[row * NSTATUSES + col]);

			if (!n)
				continue;
			g_string_append_printf(
				out,
				"bifrons_rest_requests_total{method=\"%s\","
				"route=\"%s\",status=\"%d\"} %" PRIu64 "\n",
				route ? rest_method_name(route->method) : "",
				route ? route->path : "", statuses[col], n);
		}
	}
}

static void write_durations(struct rest_metrics *metrics, GString *out)
{
	static const char name[] = "bifrons_rest_request_duration_seconds";
	const uint64_t sum_us = get(&metrics->sum_us);
	uint64_t total = 0;
	size_t i;

	g_string_append_printf(out,
			       "# HELP %s From the head to the last byte\n"
			       "# TYPE %s histogram\n",
			       name, name);
	for (i = 0; i < NBOUNDS; ++i) {
		char le[G_ASCII_DTOSTR_BUF_SIZE];

		total += get(&metrics->buckets[i]);
		g_ascii_formatd(le, sizeof(le), "%g",
				(double)bounds_us[i] / 1e6);
		g_string_append_printf(out,
				       "%s_bucket{le=\"%s\"} %" PRIu64 "\n",
				       name, le, total);
	}
	total += get(&metrics->buckets[NBOUNDS]);
	g_string_append_printf(out,
			       "%s_bucket{le=\"+Inf\"} %" PRIu64 "\n"
			       "%s_sum %" PRIu64 ".%06" PRIu64
			       "\n%s_count %" PRIu64 "\n",
			       name, total, name, sum_us / 1000000,
			       sum_us % 1000000, name, total);
}

static void write_one(GString *out, const char *name, const char *type,
		      const char *help, uint64_t value)
{
	g_string_append_printf(out,
			       "# HELP bifrons_rest_%s %s\n"
			       "# TYPE bifrons_rest_%s %s\n"
			       "bifrons_rest_%s %" PRIu64 "\n",
			       name, help, name, type, name, value);
}

void rest_metrics_text(struct rest_metrics *metrics, GString *out,
		       const struct rest_gauges *g)
{
	write_counts(metrics, out);
	write_durations(metrics, out);
	write_one(out, "connections", "gauge", "Connections now",
		  g->connections);
	write_one(out, "in_flight", "gauge", "Requests in the call plugin now",
		  g->in_flight);
	write_one(out, "uploads", "gauge", "Files that arrive or are worked on",
		  g->uploads);
	write_one(out, "busy_total", "counter",
		  "Requests refused: too many in flight", g->refused_busy);
	write_one(out, "timeouts_total", "counter",
		  "Requests not answered in time", g->timeouts);
	write_one(out, "late_answers_total", "counter",
		  "Answers that nobody waited for any more", g->late);
	write_one(out, "slow_connections_total", "counter",
		  "Connections cut off for slowness", g->cut_off);
	write_one(out, "auth_failures_total", "counter", "Wrong credentials",
		  g->auth_failures);
	write_one(out, "event_streams", "gauge", "Event streams now",
		  g->event_streams);
	write_one(out, "event_resets_total", "counter",
		  "Event streams that missed events", g->event_resets);
}
