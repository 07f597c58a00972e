/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "webhook/delivery.h"

#include <glib.h>

struct delivery *delivery_new(const char *id, const char *event_id,
			      const char *call_id)
{
	struct delivery *d = g_new0(struct delivery, 1);

	d->id = g_strdup(id);
	d->event_id = g_strdup(event_id);
	d->call_id = g_strdup(call_id);

	return d;
}

struct delivery *delivery_free(struct delivery *d)
{
	if (d) {
		g_free(d->id);
		g_free(d->event_id);
		g_free(d->call_id);
		g_free(d);
	}

	return NULL;
}
