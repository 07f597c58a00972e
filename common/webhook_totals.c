/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/webhook_totals.h"

#include <jansson.h>

#include "common/json.h"

static void put(json_t *obj, const char *name, uint64_t n)
{
	json_object_set_new(obj, name, json_integer((json_int_t)n));
}

char *webhook_totals_text(const struct webhook_totals *totals)
{
	json_t *obj = json_object();
	char *text;

	put(obj, "delivered", totals->delivered);
	put(obj, "retried", totals->retried);
	put(obj, "failed", totals->failed);
	put(obj, "canceled", totals->canceled);
	text = json_text(obj);
	json_decref(obj);

	return text;
}

static uint64_t get(const json_t *obj, const char *name)
{
	const int64_t n = json_int(obj, name, 0);

	return n > 0 ? (uint64_t)n : 0;
}

void webhook_totals_read(struct webhook_totals *totals, const char *text)
{
	json_t *obj = json_loads(text ? text : "", 0, NULL);

	*totals = (struct webhook_totals){
		.delivered = get(obj, "delivered"),
		.retried = get(obj, "retried"),
		.failed = get(obj, "failed"),
		.canceled = get(obj, "canceled"),
	};
	json_decref(obj);
}
