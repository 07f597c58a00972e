/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file metrics.h  Counters of the transport, as Prometheus text
 *
 * Thread: any; all is atomic, a text is a snapshot.
 */
#ifndef BIFRONS_REST_METRICS_H
#define BIFRONS_REST_METRICS_H

#include <glib.h>
#include <stdint.h>

#include "rest/router.h"

struct rest_metrics;

/** Values that are read when the text is made */
struct rest_gauges {
	unsigned connections;
	unsigned in_flight;
	uint64_t refused_busy;  /**< 503: too many in flight */
	uint64_t timeouts;      /**< 503: not answered in time */
	uint64_t late;          /**< answers nobody waited for any more */
	uint64_t cut_off;       /**< connections that were too slow */
	uint64_t auth_failures; /**< wrong credentials */
	unsigned event_streams;
	uint64_t event_resets; /**< streams that missed events */
};

struct rest_metrics *rest_metrics_new(void);
void rest_metrics_free(struct rest_metrics *metrics);

/** Count an answered request. @param route  NULL: no such path or method */
void rest_metrics_count(struct rest_metrics *metrics,
			const struct rest_route *route, int status,
			int64_t duration_us);

/** Append the text */
void rest_metrics_text(struct rest_metrics *metrics, GString *out,
		       const struct rest_gauges *gauges);

#endif
