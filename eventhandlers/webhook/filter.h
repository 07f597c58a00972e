/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file filter.h  Which events an endpoint gets
 *
 * Thread: any; pure. Types and patterns are those of common/event_list.h.
 */
#ifndef BIFRONS_WEBHOOK_FILTER_H
#define BIFRONS_WEBHOOK_FILTER_H

#include <jansson.h>
#include <stdbool.h>

struct filter;

/** @param events  Patterns; null, missing or anything else but an array stands
 *                 for all but the noisy types
 */
struct filter *filter_new(const json_t *events);
struct filter *filter_free(struct filter *filter);

/** A type that this version does not know is not noisy */
bool filter_takes(const struct filter *filter, const char *type);

#endif
