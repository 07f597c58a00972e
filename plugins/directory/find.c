/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "directory/directory_priv.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/str.h"
#include "directory/cidr.h"

enum {
	DESTINATION_MAX = 64
}; /* no number or pattern is longer */

const struct dir_account *directory_first_account(const struct directory *dir)
{
	const struct dir_account *account, *first = NULL;
	GHashTableIter iter;
	gpointer value;

	/* ids sort by the time they were made */
	g_hash_table_iter_init(&iter, dir->kinds[DIR_ACCOUNT]);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		account = value;
		if (!first || strcmp(account->id, first->id) < 0)
			first = account;
	}

	return first;
}

size_t directory_trunks_by_source(const struct directory *dir,
				  const struct sockaddr *sa,
				  const struct dir_trunk **trunks, size_t max)
{
	return sources_find(&dir->sources, sa, trunks, max);
}

bool directory_source_is_taken(const struct directory *dir,
			       const struct dir_cidr *net,
			       const char *account_id)
{
	const struct dir_trunk *trunk;
	GHashTableIter iter;
	gpointer value;
	size_t i;

	g_hash_table_iter_init(&iter, dir->kinds[DIR_TRUNK]);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		trunk = value;
		if (str_eq(trunk->account_id, account_id))
			continue;
		for (i = 0; i < trunk->nallowed; ++i)
			if (dir_cidr_overlaps(&trunk->allowed[i], net))
				return true;
	}

	return false;
}

static const struct dir_number *of_account(const struct dir_number *number,
					   const char *account_id)
{
	if (number && account_id && !str_eq(number->account_id, account_id))
		return NULL;

	return number;
}

const struct dir_number *directory_number(const struct directory *dir,
					  const char *destination,
					  const char *account_id)
{
	const struct dir_number *number;
	char prefix[DESTINATION_MAX + 1];
	size_t len;

	number = of_account(g_hash_table_lookup(dir->numbers, destination),
			    account_id);
	if (number || !g_hash_table_size(dir->patterns))
		return number;

	str_copy(prefix, sizeof(prefix), destination);
	len = strlen(prefix);
	for (;;) {
		number = of_account(g_hash_table_lookup(dir->patterns, prefix),
				    account_id);
		if (number || !len)
			return number;
		prefix[--len] = '\0';
	}
}

static const struct dir_extension *in_domain(const struct directory *dir,
					     const struct dir_domain *domain,
					     const char *user, size_t len)
{
	char *at = g_strdup_printf("%.*s@%s", (int)len, user, domain->id);
	const struct dir_extension *ext =
		g_hash_table_lookup(dir->extensions, at);

	g_free(at);

	return ext && str_eq(ext->account_id, domain->account_id) ? ext : NULL;
}

const struct dir_extension *directory_extension_at(const struct directory *dir,
						   const char *account_id,
						   const char *address)
{
	const size_t len = strcspn(address, "@");
	const char *name = address[len] ? address + len + 1 : NULL;
	const struct dir_extension *ext, *found = NULL;
	const struct dir_domain *domain;
	GHashTableIter iter;
	gpointer value;

	if (!len || len > DESTINATION_MAX)
		return NULL;

	g_hash_table_iter_init(&iter, dir->kinds[DIR_DOMAIN]);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		domain = value;
		if (!domain->active ||
		    !str_eq(domain->account_id, account_id) ||
		    (name && g_ascii_strcasecmp(domain->name, name)))
			continue;
		ext = in_domain(dir, domain, address, len);
		if (ext && found)
			return NULL; /* which one? */
		if (ext)
			found = ext;
	}

	return found;
}

static bool dials_by(const struct directory *dir, enum dir_kind kind,
		     const char *flow_id, char *why, size_t size)
{
	const struct dir_extension *ext;
	const struct dir_domain *domain;
	GHashTableIter iter;
	gpointer value;

	g_hash_table_iter_init(&iter, dir->kinds[kind]);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		ext = kind == DIR_EXTENSION ? value : NULL;
		domain = kind == DIR_DOMAIN ? value : NULL;
		if (ext && str_eq(ext->outgoing_flow_id, flow_id)) {
			snprintf(why, size, "extension %s (%s)", ext->id,
				 ext->extension);
			return true;
		}
		if (domain && str_eq(domain->outgoing_flow_id, flow_id)) {
			snprintf(why, size, "domain %s (%s)", domain->id,
				 domain->name);
			return true;
		}
	}

	return false;
}

static int flow_in_use(const struct directory *dir, const char *id, char *why,
		       size_t size)
{
	const struct dir_number *number;
	GHashTableIter iter;
	gpointer value;

	g_hash_table_iter_init(&iter, dir->kinds[DIR_NUMBER]);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		number = value;
		if (!str_eq(number->flow_id, id))
			continue;
		snprintf(why, size, "number %s (%s%s)", number->id,
			 number->number, number->is_pattern ? "*" : "");
		return EBUSY;
	}
	if (dials_by(dir, DIR_EXTENSION, id, why, size) ||
	    dials_by(dir, DIR_DOMAIN, id, why, size))
		return EBUSY;

	return 0;
}

static int domain_in_use(const struct directory *dir, const char *id, char *why,
			 size_t size)
{
	const struct dir_extension *ext;
	GHashTableIter iter;
	gpointer value;

	g_hash_table_iter_init(&iter, dir->kinds[DIR_EXTENSION]);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		ext = value;
		if (!str_eq(ext->domain_id, id))
			continue;
		snprintf(why, size, "extension %s (%s)", ext->id,
			 ext->extension);
		return EBUSY;
	}

	return 0;
}

static const char *account_of(enum dir_kind kind, gpointer obj)
{
	switch (kind) {
	case DIR_TRUNK:
		return ((struct dir_trunk *)obj)->account_id;
	case DIR_NUMBER:
		return ((struct dir_number *)obj)->account_id;
	case DIR_FLOW:
		return ((struct dir_flow *)obj)->account_id;
	case DIR_DOMAIN:
		return ((struct dir_domain *)obj)->account_id;
	case DIR_EXTENSION:
		return ((struct dir_extension *)obj)->account_id;
	case DIR_ACCOUNT:
	case DIR_NKINDS:
		break;
	}

	return NULL;
}

static int account_in_use(const struct directory *dir, const char *id,
			  char *why, size_t size)
{
	static const struct {
		enum dir_kind kind;
		const char *name;
	} owned[] = {
		{DIR_NUMBER, "number"}, {DIR_TRUNK, "trunk"},
		{DIR_FLOW, "flow"},     {DIR_EXTENSION, "extension"},
		{DIR_DOMAIN, "domain"},
	};
	GHashTableIter iter;
	gpointer key, value;
	size_t i;

	for (i = 0; i < G_N_ELEMENTS(owned); ++i) {
		g_hash_table_iter_init(&iter, dir->kinds[owned[i].kind]);
		while (g_hash_table_iter_next(&iter, &key, &value)) {
			if (!str_eq(account_of(owned[i].kind, value), id))
				continue;
			snprintf(why, size, "%s %s", owned[i].name,
				 (const char *)key);
			return EBUSY;
		}
	}

	return 0;
}

int directory_in_use(const struct directory *dir, enum dir_kind kind,
		     const char *id, char *why, size_t size)
{
	switch (kind) {
	case DIR_ACCOUNT:
		return account_in_use(dir, id, why, size);
	case DIR_FLOW:
		return flow_in_use(dir, id, why, size);
	case DIR_DOMAIN:
		return domain_in_use(dir, id, why, size);
	case DIR_TRUNK:
	case DIR_NUMBER:
	case DIR_EXTENSION:
	case DIR_NKINDS:
		break;
	}

	return 0;
}
