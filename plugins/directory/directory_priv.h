/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file directory_priv.h  What the files of directory/ share
 *
 * Thread: loop only.
 */
#ifndef BIFRONS_DIRECTORY_DIRECTORY_PRIV_H
#define BIFRONS_DIRECTORY_DIRECTORY_PRIV_H

#include <glib.h>

#include "directory/directory.h"

/** Where a trunk's requests may come from: hashed by the masked address, so
 * that a look-up asks once for each length in use (sources.c)
 */
struct sources {
	GHashTable *nets;      /**< struct dir_cidr -> GPtrArray of trunks */
	guint used_v4[32 + 1]; /**< networks of each length */
	guint used_v6[128 + 1];
};

void sources_init(struct sources *src);
void sources_free(struct sources *src);
void sources_add(struct sources *src, const struct dir_trunk *trunk);
void sources_remove(struct sources *src, const struct dir_trunk *trunk);
size_t sources_find(const struct sources *src, const struct sockaddr *sa,
		    const struct dir_trunk **trunks, size_t max);

struct directory {
	GHashTable *kinds[DIR_NKINDS]; /**< id -> object, one reference */
	GHashTable *numbers;           /**< number -> dir_number, borrowed */
	GHashTable *patterns;          /**< prefix -> dir_number, borrowed */
	GHashTable *extensions;        /**< `at` -> dir_extension, borrowed */
	GHashTable *flow_bytes;        /**< account id -> uint64_t, of both */
	struct sources sources;
	void (*changed)(void *arg, enum dir_kind kind); /**< or NULL */
	void *changed_arg;
};

/** Documents to objects (parse.c, trunk.c). @return A new object, or NULL:
 * logged */
struct dir_account *dir_account_parse(const json_t *doc);
struct dir_trunk *dir_trunk_parse(const json_t *doc, const char *country);
struct dir_number *dir_number_parse(const json_t *doc);
struct dir_flow *dir_flow_parse(const json_t *doc);
struct dir_domain *dir_domain_parse(const json_t *doc);
struct dir_extension *dir_extension_parse(const json_t *doc);

/** A limit of a document; 0 = none (trunk.c) */
int dir_limit(const json_t *doc, const char *name);
/** A NULL-ended copy, g_strfreev(); NULL when there is nothing */
char **dir_strings(const json_t *array);

/** Does this number take calls (and not wait for approval)? */
bool dir_number_is_active(const struct dir_number *number);

/** A country's dialling (country.c) */
struct dir_country {
	char iso[3];
	const char *code;  /**< "45" */
	const char *trunk; /**< national prefix, dropped: "0", or "" */
	const char *intl;  /**< what goes before a country code: "00" */
};

/** NULL when it is not listed */
const struct dir_country *dir_country_find(const char *iso);

#endif
