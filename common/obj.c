/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/obj.h"

#include <glib.h>
#include <stdatomic.h>
#include <stdint.h>

/* the object follows; max_align_t keeps it aligned for any member */
struct hdr {
	atomic_uint nrefs;
	obj_dtor_h *dtor;
	max_align_t body[];
};

static struct hdr *hdr_of(void *obj)
{
	return (struct hdr *)((char *)obj - offsetof(struct hdr, body));
}

void *obj_zalloc(size_t size, obj_dtor_h *dtor)
{
	struct hdr *h;

	g_assert(size <= SIZE_MAX - sizeof(*h));
	h = g_malloc0(sizeof(*h) + size);
	atomic_init(&h->nrefs, 1);
	h->dtor = dtor;

	return h->body;
}

void *obj_ref(void *obj)
{
	if (obj)
		atomic_fetch_add_explicit(&hdr_of(obj)->nrefs, 1,
					  memory_order_relaxed);

	return obj;
}

void *obj_unref(void *obj)
{
	struct hdr *h;

	if (!obj)
		return NULL;

	h = hdr_of(obj);
	if (atomic_fetch_sub_explicit(&h->nrefs, 1, memory_order_acq_rel) > 1)
		return NULL;

	if (h->dtor)
		h->dtor(obj);
	g_free(h);

	return NULL;
}
