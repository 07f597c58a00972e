/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "api/extensions.h"

#include <stdlib.h>
#include <string.h>

#include "common/address.h"
#include "common/json.h"
#include "common/str.h"
#include "store/store.h"

static const char *const codecs[] = {"opus", "G722", "PCMA", "PCMU", NULL};

static const struct opt codec_item[] = {{
	.type = OPT_STRING,
	.values = codecs,
}};

static const struct opt extension_opts[] = {
	RES_OPTS,
	{
		.name = "domain_id",
		.type = OPT_ID,
		.flags = OPT_REQUIRED | OPT_CREATE,
		.doc = "The domain that it is in.",
	},
	{
		.name = "extension",
		.type = OPT_STRING,
		.flags = OPT_REQUIRED | OPT_CREATE,
		.min = 1,
		.max = 64,
		.check = address_check_extension,
		.doc = "User name, unique in its domain (\"1001\").",
	},
	{
		.name = "password",
		.type = OPT_STRING,
		.flags = OPT_WRITE,
		.min = 8,
		.max = 256,
		.check = opt_check_no_controls,
		.doc = "For phones; only its digest is kept, sealed, and it "
		       "is never shown again. Without one no phone can "
		       "register.",
	},
	{
		.name = "name",
		.type = OPT_STRING,
		.min = 0,
		.max = 128,
		.check = opt_check_no_controls,
		.def = "\"\"",
		.doc = "Whose it is.",
	},
	{
		.name = "caller_id",
		.type = OPT_STRING,
		.flags = OPT_NULLABLE,
		.min = 1,
		.max = 17,
		.check = opt_check_e164,
		.def = "null",
		.doc = "The number that its calls to the telephone network "
		       "show.",
	},
	{
		.name = "outgoing_flow_id",
		.type = OPT_ID,
		.flags = OPT_NULLABLE,
		.def = "null",
		.doc = "The flow that runs when it dials; null = the domain's, "
		       "else `/numbers` decide.",
	},
	{
		.name = "codecs",
		.type = OPT_ARRAY,
		.min = 0,
		.max = 8,
		.sub = codec_item,
		.def = "[]",
		.doc = "Audio codecs in order; empty = all.",
	},
	{
		.name = "max_contacts",
		.type = OPT_INT,
		.min = 1,
		.max = 100,
		.def = "10",
		.doc = "Devices registered at once.",
	},
	OPT_END,
};

struct realm {
	char *name;
};

static bool on_realm(void *arg, const struct db_row *row)
{
	struct realm *realm = arg;

	realm->name = g_strdup(db_text(row, 0));

	return false;
}

/** What digest needs of a password (RFC 7616, A1), in both algorithms: the
 * password itself is not kept. @return {"md5","sha256"} as text; free() it */
static char *digests(const char *user, const char *realm, const char *password)
{
	char *a1 = g_strdup_printf("%s:%s:%s", user, realm, password), *text;
	char md5[SECRET_MD5_HEX], sha256[SECRET_SHA256_HEX];
	json_t *both;

	secret_md5_hex(md5, a1, strlen(a1));
	secret_sha256_hex(sha256, a1, strlen(a1));
	memset(a1, 0, strlen(a1));
	g_free(a1);
	both = json_pack("{s:s, s:s}", "md5", md5, "sha256", sha256);
	text = json_text(both);
	json_decref(both);

	return text;
}

static json_t *check(struct req *req, const json_t *old, json_t *doc,
		     struct opt_faults *faults)
{
	static const char sql[] =
		"SELECT name FROM domain WHERE id = ?1 AND account_id = ?2";
	const struct db_value params[] = {DB_S(json_str(doc, "domain_id", "")),
					  DB_S(req->account_id)};
	const char *password = json_str(doc, "password", NULL);
	struct realm realm = {0};
	char *text;

	if (!password)
		return NULL;
	if (db_read(store_db(req->api->env.store), sql, params, 2, on_realm,
		    &realm))
		return api_error(API_ERR_unavailable, NULL);
	if (!realm.name) {
		opt_fault(faults, "/domain_id", "no such domain");
		return NULL;
	}

	text = digests(json_str(doc, "extension", ""), realm.name, password);
	json_set_str(doc, "password", text);
	free(text);
	g_free(realm.name);

	return NULL;
}

static const char *const members[] = {"domain_id", "extension",
				      "outgoing_flow_id", NULL};

/** The store says only that something is missing, not what */
static json_t *on_loop(struct job *job)
{
	const struct directory *dir = job->api->env.dir;
	const char *id = json_str(job->doc, "domain_id", NULL);
	const struct dir_domain *domain = directory_domain(dir, id);

	if (id && (!domain || !str_eq(domain->account_id, job->account_id)))
		return api_fault("/domain_id", "no such domain");

	return NULL;
}

static const struct list_filter filters[] = {
	{"domain_id", "domain_id", FILTER_IS},
	{"extension", "extension", FILTER_IS},
	{.name = NULL},
};

static const struct list_sort sorts[] = {
	{.name = "created_at", .column = "created_at"},
	{.name = "extension", .column = "extension", .is_text = true},
	{.name = NULL},
};

static const char *const sort_names[] = {"created_at", "extension", NULL};

static const struct opt list_opts[] = {
	LIST_OPTS(sort_names),
	{.name = "domain_id", .type = OPT_ID, .doc = "Of this domain."},
	{
		.name = "extension",
		.type = OPT_STRING,
		.max = 64,
		.doc = "The user name.",
	},
	OPT_END,
};

static const struct list list = {
	.table = "extension",
	.filters = filters,
	.sorts = sorts,
};

const struct resource api_extensions = {
	.kind = "extension",
	.base = "/v1/extensions",
	.not_found = API_ERR_extension_not_found,
	.opts = extension_opts,
	.list = &list,
	.is_in_dir = true,
	.dir_kind = DIR_EXTENSION,
	.sql_get = "SELECT doc FROM extension"
		   " WHERE id = ?1 AND account_id = ?2",
	.sql_insert = "INSERT INTO extension (id, account_id, created_at, doc,"
		      " domain_id, extension, outgoing_flow_id)"
		      " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
	.sql_update = "UPDATE extension SET doc = ?4, domain_id = ?5,"
		      " extension = ?6, outgoing_flow_id = ?7"
		      " WHERE id = ?1 AND account_id = ?2 AND doc = ?3",
	.sql_delete = "DELETE FROM extension WHERE id = ?1 AND account_id = ?2",
	.check = check,
	.members = members,
	.on_loop = on_loop,
	.foreign_pointer = "/outgoing_flow_id",
	.foreign_message = "no such flow",
};

static const enum api_err exists[] = {API_ERR_already_exists, API_OK};
static const enum api_err missing[] = {API_ERR_extension_not_found, API_OK};

const struct verb api_verb_extensions_list = {
	.summary = "List extensions",
	RES_LISTS(api_extensions, extension_opts, "Extension", list_opts),
};

const struct verb api_verb_extensions_create = {
	.summary = "Make an extension",
	.about = "A user of a domain: its phones and browsers.",
	.errors = exists,
	RES_CREATES(api_extensions, extension_opts, "Extension"),
};

const struct verb api_verb_extensions_get = {
	.summary = "Get an extension",
	.errors = missing,
	RES_GETS(api_extensions, extension_opts, "Extension"),
};

const struct verb api_verb_extensions_patch = {
	.summary = "Change an extension",
	.about = "A call that is up goes on as it began.",
	.errors = missing,
	RES_PATCHES(api_extensions, extension_opts, "Extension"),
};

const struct verb api_verb_extensions_delete = {
	.summary = "Delete an extension",
	.about = "Its device tokens end with it; calls that are up go on.",
	.errors = missing,
	RES_DELETES(api_extensions),
};
