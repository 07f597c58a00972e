/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file delivery.h  One event on its way to one endpoint
 *
 * Thread: the courier's. What is in memory of a row of `delivery`; the event's
 * document is read when it is sent.
 */
#ifndef BIFRONS_WEBHOOK_DELIVERY_H
#define BIFRONS_WEBHOOK_DELIVERY_H

#include <stdint.h>

struct endpoint;

struct delivery {
	struct delivery *next; /**< of its owner's list */
	struct endpoint *ep;   /**< borrowed: an endpoint outlives them */
	char *id;
	char *event_id;
	char *call_id; /**< or NULL */
	int64_t event_row;
	unsigned attempts; /**< that were made before */
};

/** Texts are copied; call_id may be NULL */
struct delivery *delivery_new(const char *id, const char *event_id,
			      const char *call_id);

/** @return NULL */
struct delivery *delivery_free(struct delivery *d);

#endif
