/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "directory/directory_priv.h"

#include <errno.h>
#include <string.h>

#include "common/json.h"
#include "common/obj.h"
#include "common/str.h"
#include "flow/flow_doc.h"
#include "host/db.h"
#include "host/log.h"

enum {
	WHY_SIZE = 160
};

static const char *const kind_names[DIR_NKINDS] = {
	[DIR_ACCOUNT] = "account", [DIR_TRUNK] = "trunk",
	[DIR_NUMBER] = "number",   [DIR_FLOW] = "flow",
	[DIR_DOMAIN] = "domain",   [DIR_EXTENSION] = "extension",
};

static void unref(gpointer obj)
{
	obj_unref(obj);
}

static void directory_destructor(void *arg)
{
	struct directory *dir = arg;
	unsigned kind;

	if (dir->numbers)
		g_hash_table_destroy(dir->numbers);
	if (dir->patterns)
		g_hash_table_destroy(dir->patterns);
	if (dir->extensions)
		g_hash_table_destroy(dir->extensions);
	if (dir->flow_bytes)
		g_hash_table_destroy(dir->flow_bytes);
	sources_free(&dir->sources);
	for (kind = 0; kind < DIR_NKINDS; ++kind)
		if (dir->kinds[kind])
			g_hash_table_destroy(dir->kinds[kind]);
}

int directory_alloc(struct directory **dirp)
{
	struct directory *dir;
	unsigned kind;

	if (!dirp)
		return EINVAL;

	dir = obj_zalloc(sizeof(*dir), directory_destructor);
	for (kind = 0; kind < DIR_NKINDS; ++kind)
		dir->kinds[kind] = g_hash_table_new_full(
			g_str_hash, g_str_equal, NULL, unref);
	dir->numbers = g_hash_table_new(g_str_hash, g_str_equal);
	dir->patterns = g_hash_table_new(g_str_hash, g_str_equal);
	dir->extensions = g_hash_table_new(g_str_hash, g_str_equal);
	dir->flow_bytes =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	sources_init(&dir->sources);
	*dirp = dir;

	return 0;
}

static GHashTable *table_of(const struct directory *dir,
			    const struct dir_number *number)
{
	return number->is_pattern ? dir->patterns : dir->numbers;
}

/** A flow comes to its account's sum, or leaves it */
static void count_flow(struct directory *dir, const struct dir_flow *flow,
		       bool comes)
{
	const uint64_t bytes = flow_doc_bytes(flow->doc);
	uint64_t *sum = g_hash_table_lookup(dir->flow_bytes, flow->account_id);

	if (!sum) {
		sum = g_new0(uint64_t, 1);
		g_hash_table_insert(dir->flow_bytes, g_strdup(flow->account_id),
				    sum);
	}
	*sum = comes ? *sum + bytes : *sum - bytes;
	if (!*sum)
		g_hash_table_remove(dir->flow_bytes, flow->account_id);
}

uint64_t directory_flow_bytes(const struct directory *dir,
			      const char *account_id)
{
	const uint64_t *sum = g_hash_table_lookup(dir->flow_bytes, account_id);

	return sum ? *sum : 0;
}

/** Take the object out of the indexes it is in; its id stays */
static void unlink_object(struct directory *dir, enum dir_kind kind, void *obj)
{
	struct dir_extension *ext;
	struct dir_number *number;
	GHashTable *table;

	switch (kind) {
	case DIR_TRUNK:
		sources_remove(&dir->sources, obj);
		break;
	case DIR_NUMBER:
		number = obj;
		table = table_of(dir, number);
		if (g_hash_table_lookup(table, number->number) == number)
			g_hash_table_remove(table, number->number);
		break;
	case DIR_EXTENSION:
		ext = obj;
		if (g_hash_table_lookup(dir->extensions, ext->at) == ext)
			g_hash_table_remove(dir->extensions, ext->at);
		break;
	case DIR_FLOW:
		count_flow(dir, obj, false);
		break;
	case DIR_ACCOUNT:
	case DIR_DOMAIN:
	case DIR_NKINDS:
		break;
	}
}

static void link_object(struct directory *dir, enum dir_kind kind, void *obj)
{
	struct dir_extension *ext;
	struct dir_number *number;

	switch (kind) {
	case DIR_TRUNK:
		sources_add(&dir->sources, obj);
		break;
	case DIR_NUMBER:
		number = obj;
		if (dir_number_is_active(number))
			g_hash_table_replace(table_of(dir, number),
					     number->number, number);
		break;
	case DIR_EXTENSION:
		ext = obj;
		g_hash_table_replace(dir->extensions, ext->at, ext);
		break;
	case DIR_FLOW:
		count_flow(dir, obj, true);
		break;
	case DIR_ACCOUNT:
	case DIR_DOMAIN:
	case DIR_NKINDS:
		break;
	}
}

/** obj's id lies in it and is the key; its reference is taken */
static void replace(struct directory *dir, enum dir_kind kind, const char *id,
		    void *obj)
{
	void *old = g_hash_table_lookup(dir->kinds[kind], id);

	if (old)
		unlink_object(dir, kind, old);
	g_hash_table_replace(dir->kinds[kind], (gpointer)id, obj);
	link_object(dir, kind, obj);
}

void directory_watch(struct directory *dir,
		     void (*changed)(void *arg, enum dir_kind kind), void *arg)
{
	dir->changed = changed;
	dir->changed_arg = arg;
}

static void tell(const struct directory *dir, enum dir_kind kind)
{
	if (dir->changed)
		dir->changed(dir->changed_arg, kind);
}

void directory_remove(struct directory *dir, enum dir_kind kind, const char *id)
{
	void *old = g_hash_table_lookup(dir->kinds[kind], id);

	if (!old)
		return;

	unlink_object(dir, kind, old);
	g_hash_table_remove(dir->kinds[kind], id);
	tell(dir, kind);
}

static const char *country_of(const struct directory *dir, const char *id)
{
	const struct dir_account *account = directory_account(dir, id);

	return account ? account->country : NULL;
}

/** Trunks without a country of their own have the account's */
static void refresh_trunks(struct directory *dir, const char *account_id)
{
	GPtrArray *docs = g_ptr_array_new();
	const struct dir_trunk *trunk;
	GHashTableIter iter;
	gpointer value;
	json_t *doc;
	guint i;

	g_hash_table_iter_init(&iter, dir->kinds[DIR_TRUNK]);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		trunk = value;
		if (str_eq(trunk->account_id, account_id) &&
		    !json_str(trunk->doc, "country", NULL))
			g_ptr_array_add(docs, json_incref(trunk->doc));
	}

	for (i = 0; i < docs->len; ++i) {
		doc = docs->pdata[i];
		directory_apply(dir, DIR_TRUNK, doc);
		json_decref(doc);
	}
	g_ptr_array_free(docs, TRUE);
}

static void apply_account(struct directory *dir, const json_t *doc)
{
	struct dir_account *account = dir_account_parse(doc);
	const char *old = country_of(dir, account->id);
	const bool moved = !str_eq(old, account->country);

	replace(dir, DIR_ACCOUNT, account->id, account);
	if (moved)
		refresh_trunks(dir, account->id);
}

static void apply_trunk(struct directory *dir, const json_t *doc)
{
	const char *account_id = json_str(doc, "account_id", "");
	struct dir_trunk *trunk =
		dir_trunk_parse(doc, country_of(dir, account_id));

	replace(dir, DIR_TRUNK, trunk->id, trunk);
}

static void apply_number(struct directory *dir, const json_t *doc)
{
	struct dir_number *number = dir_number_parse(doc);

	replace(dir, DIR_NUMBER, number->id, number);
}

static void apply_flow(struct directory *dir, const json_t *doc)
{
	struct dir_flow *flow = dir_flow_parse(doc);

	if (flow)
		replace(dir, DIR_FLOW, flow->id, flow);
}

static void apply_domain(struct directory *dir, const json_t *doc)
{
	struct dir_domain *domain = dir_domain_parse(doc);

	replace(dir, DIR_DOMAIN, domain->id, domain);
}

static void apply_extension(struct directory *dir, const json_t *doc)
{
	struct dir_extension *ext = dir_extension_parse(doc);

	replace(dir, DIR_EXTENSION, ext->id, ext);
}

void directory_apply(struct directory *dir, enum dir_kind kind,
		     const json_t *doc)
{
	const char *id = json_str(doc, "id", "");

	if (!id_is_valid(id)) {
		log_error("directory: a %s without an id was left out",
			  kind_names[kind]);
		return;
	}

	switch (kind) {
	case DIR_ACCOUNT:
		apply_account(dir, doc);
		break;
	case DIR_TRUNK:
		apply_trunk(dir, doc);
		break;
	case DIR_NUMBER:
		apply_number(dir, doc);
		break;
	case DIR_FLOW:
		apply_flow(dir, doc);
		break;
	case DIR_DOMAIN:
		apply_domain(dir, doc);
		break;
	case DIR_EXTENSION:
		apply_extension(dir, doc);
		break;
	case DIR_NKINDS:
		break;
	}
	tell(dir, kind);
}

struct loading {
	struct directory *dir;
	enum dir_kind kind;
};

static bool load_row(void *arg, const struct db_row *row)
{
	const struct loading *load = arg;
	const char *text = db_text(row, 0);
	char why[WHY_SIZE] = "empty";
	json_t *doc = NULL;

	if (!text || json_parse(&doc, text, strlen(text), why, sizeof(why)))
		log_error("directory: a stored %s cannot be read: %s",
			  kind_names[load->kind], why);
	else
		directory_apply(load->dir, load->kind, doc);
	json_decref(doc);

	return true;
}

int directory_load(struct directory *dir, struct db *db)
{
	/* flows before numbers, accounts before trunks */
	static const struct {
		enum dir_kind kind;
		const char *sql;
	} steps[] = {
		{DIR_ACCOUNT, "SELECT doc FROM account"},
		{DIR_FLOW, "SELECT doc FROM flow"},
		{DIR_NUMBER, "SELECT doc FROM number"},
		{DIR_TRUNK, "SELECT doc FROM trunk ORDER BY created_at, id"},
		{DIR_DOMAIN, "SELECT doc FROM domain"},
		{DIR_EXTENSION, "SELECT doc FROM extension"},
	};
	struct loading load = {.dir = dir};
	size_t i;
	int err = 0;

	for (i = 0; !err && i < G_N_ELEMENTS(steps); ++i) {
		load.kind = steps[i].kind;
		err = db_read(db, steps[i].sql, NULL, 0, load_row, &load);
	}

	return err ? EIO : 0;
}

const struct dir_account *directory_account(const struct directory *dir,
					    const char *id)
{
	return id ? g_hash_table_lookup(dir->kinds[DIR_ACCOUNT], id) : NULL;
}

const struct dir_flow *directory_flow(const struct directory *dir,
				      const char *id)
{
	return id ? g_hash_table_lookup(dir->kinds[DIR_FLOW], id) : NULL;
}

const struct dir_trunk *directory_trunk(const struct directory *dir,
					const char *id)
{
	return id ? g_hash_table_lookup(dir->kinds[DIR_TRUNK], id) : NULL;
}

const struct dir_domain *directory_domain(const struct directory *dir,
					  const char *id)
{
	return id ? g_hash_table_lookup(dir->kinds[DIR_DOMAIN], id) : NULL;
}

const struct dir_extension *directory_extension(const struct directory *dir,
						const char *id)
{
	return id ? g_hash_table_lookup(dir->kinds[DIR_EXTENSION], id) : NULL;
}

const struct dir_number *directory_number_by_id(const struct directory *dir,
						const char *id)
{
	return id ? g_hash_table_lookup(dir->kinds[DIR_NUMBER], id) : NULL;
}
