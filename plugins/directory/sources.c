/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "directory/directory_priv.h"

#include <string.h>

#include "directory/cidr.h"

static guint net_hash(gconstpointer arg)
{
	const struct dir_cidr *net = arg;
	guint hash = (guint)net->family * 131 + net->bits;
	size_t i;

	for (i = 0; i < sizeof(net->addr); ++i)
		hash = hash * 33 + net->addr[i];

	return hash;
}

static gboolean net_equal(gconstpointer a, gconstpointer b)
{
	const struct dir_cidr *x = a, *y = b;

	return x->family == y->family && x->bits == y->bits &&
	       !memcmp(x->addr, y->addr, sizeof(x->addr));
}

static void trunks_free(gpointer arg)
{
	g_ptr_array_free(arg, TRUE);
}

void sources_init(struct sources *src)
{
	src->nets =
		g_hash_table_new_full(net_hash, net_equal, g_free, trunks_free);
}

void sources_free(struct sources *src)
{
	if (src->nets)
		g_hash_table_destroy(src->nets);
}

static guint *used_of(struct sources *src, const struct dir_cidr *net)
{
	return net->family == AF_INET ? &src->used_v4[net->bits]
				      : &src->used_v6[net->bits];
}

static void add_net(struct sources *src, const struct dir_cidr *net,
		    const struct dir_trunk *trunk)
{
	GPtrArray *trunks = g_hash_table_lookup(src->nets, net);
	struct dir_cidr *key;

	if (!trunks) {
		trunks = g_ptr_array_new();
		key = g_new(struct dir_cidr, 1);
		*key = *net;
		g_hash_table_insert(src->nets, key, trunks);
		++*used_of(src, net);
	}

	/* the same network may be named twice */
	if (!g_ptr_array_find(trunks, trunk, NULL))
		g_ptr_array_add(trunks, (gpointer)trunk);
}

void sources_add(struct sources *src, const struct dir_trunk *trunk)
{
	size_t i;

	for (i = 0; i < trunk->nallowed; ++i)
		add_net(src, &trunk->allowed[i], trunk);
}

void sources_remove(struct sources *src, const struct dir_trunk *trunk)
{
	GPtrArray *trunks;
	size_t i;

	for (i = 0; i < trunk->nallowed; ++i) {
		trunks = g_hash_table_lookup(src->nets, &trunk->allowed[i]);
		if (!trunks)
			continue;

		g_ptr_array_remove(trunks, (gpointer)trunk);
		if (trunks->len)
			continue;

		--*used_of(src, &trunk->allowed[i]);
		g_hash_table_remove(src->nets, &trunk->allowed[i]);
	}
}

static bool has(const struct dir_trunk **trunks, size_t n,
		const struct dir_trunk *trunk)
{
	while (n--)
		if (trunks[n] == trunk)
			return true;

	return false;
}

size_t sources_find(const struct sources *src, const struct sockaddr *sa,
		    const struct dir_trunk **trunks, size_t max)
{
	struct dir_cidr net;
	const GPtrArray *found;
	const guint *used;
	size_t n = 0;
	guint i;
	int bits;

	if (dir_cidr_of_sockaddr(&net, sa))
		return 0;

	used = net.family == AF_INET ? src->used_v4 : src->used_v6;
	for (bits = (int)net.bits; bits >= 0; --bits) {
		if (!used[bits])
			continue;

		dir_cidr_mask(&net, (unsigned)bits);
		found = g_hash_table_lookup(src->nets, &net);
		for (i = 0; found && i < found->len && n < max; ++i)
			if (!has(trunks, n, found->pdata[i]))
				trunks[n++] = found->pdata[i];
	}

	return n;
}
