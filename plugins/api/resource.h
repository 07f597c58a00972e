/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file resource.h  List, get, create, patch and delete from a description
 *
 * Thread: as verbs (api_priv.h). A resource is a table of options, a table in
 * the store and a few hooks; what all have in common is done once here.
 * Stored documents hold the members of the option table, with secrets sealed.
 */
#ifndef BIFRONS_API_RESOURCE_H
#define BIFRONS_API_RESOURCE_H

#include "api/job.h"
#include "host/db.h"

enum {
	RES_COLUMNS_MAX = 8
};

/** How a parameter of a list restricts it */
enum filter_op {
	FILTER_IS,
	FILTER_FROM,
	FILTER_TO
};

struct list_filter {
	const char *name; /**< of the parameter; NULL ends */
	const char *column;
	enum filter_op op; /**< FROM and TO take times: from <= t < to */
};

struct list_sort {
	const char *name; /**< as in ?sort=; NULL ends; the first is default */
	const char *column;
	bool is_text, is_nullable; /**< without a value: not in this list */
};

struct list {
	const char *table;
	const char *where; /**< further condition, or NULL */
	const struct list_filter *filters;
	const struct list_sort *sorts;
	bool is_global;     /**< not of one account */
	const char *parent; /**< column that is the path's id, or NULL */
	/** Instead of documents: these columns, and an object made of them;
	 * they are in the row from LIST_COLUMN on */
	const char *select;
	json_t *(*item)(const struct db_row *row);
};

enum {
	LIST_COLUMN = 2
};

/** The parameters every list has; `sorts` is a NULL-ended list of names */
#define LIST_OPTS(sorts)                                                       \
	{.name = "page_size",                                                  \
	 .type = OPT_INT,                                                      \
	 .min = 1,                                                             \
	 .max = 200,                                                           \
	 .def = "50",                                                          \
	 .doc = "How many at most; fewer where they are large."},              \
		{.name = "page_token",                                         \
		 .type = OPT_STRING,                                           \
		 .min = 1,                                                     \
		 .max = 1024,                                                  \
		 .doc = "`next_page_token` of the page before; all "           \
			"else must be as it was there."},                      \
		{.name = "sort",                                               \
		 .type = OPT_STRING,                                           \
		 .values = (sorts),                                            \
		 .doc = "By what; `created_at` when left out."},               \
	{                                                                      \
		.name = "order", .type = OPT_STRING,                           \
		.values = (const char *const[]){"desc", "asc", NULL},          \
		.def = "\"desc\"", .doc = "Newest first, or oldest."           \
	}

/** Lists that are filtered and sorted by name */
extern const struct list_filter res_name_filters[];
extern const struct list_sort res_name_sorts[];
extern const char *const res_name_sort_names[];

/** Lists that are sorted by created_at alone */
extern const struct list_sort res_created_sorts[];
extern const char *const res_created_sort_names[];

#define RES_NAME_LIST_OPTS(longest)                                            \
	LIST_OPTS(res_name_sort_names),                                        \
	{                                                                      \
		.name = "name", .type = OPT_STRING, .max = (longest),          \
		.doc = "Its name."                                             \
	}

/** Members that every resource has in its replies */
#define RES_OPTS                                                               \
	{.name = "id",                                                         \
	 .type = OPT_ID,                                                       \
	 .flags = OPT_READ,                                                    \
	 .doc = "Its id (UUIDv7)."},                                           \
		{.name = "account_id",                                         \
		 .type = OPT_ID,                                               \
		 .flags = OPT_READ,                                            \
		 .doc = "Whose it is."},                                       \
		{.name = "created_at",                                         \
		 .type = OPT_TIME,                                             \
		 .flags = OPT_READ,                                            \
		 .doc = "When it was made."},                                  \
	{                                                                      \
		.name = "updated_at", .type = OPT_TIME, .flags = OPT_READ,     \
		.doc = "When it was last changed."                             \
	}

struct resource {
	const char *kind; /**< "flow": for secrets and messages */
	const char *base; /**< "/v1/flows" */
	enum api_err not_found;
	const struct opt *opts;
	const struct list *list;
	bool is_in_dir;
	enum dir_kind dir_kind;
	/** What those do that it cannot be deleted for: "uses it"; or NULL:
	 * the directory knows of none */
	const char *in_use;

	/* each has its own `prepare` where it is NULL */
	const char *sql_get; /**< ?1 id, ?2 account -> doc */
	/** ?1 id, ?2 account, ?3 created_at, ?4 doc, ?5 … columns */
	const char *sql_insert;
	/** ?1 id, ?2 account, ?3 old doc, ?4 doc, ?5 … columns; one row */
	const char *sql_update;
	const char *sql_delete; /**< ?1 id, ?2 account */

	/** Looks at the body as it came, whatever else is wrong with it.
	 * Thread: pool */
	void (*check_body)(const struct req *req, struct opt_faults *faults);
	/** Checks across members, and what the server fills in. old is NULL at
	 * creation. Thread: pool.
	 * @return NULL, or an error that is none of the input's */
	json_t *(*check)(struct req *req, const json_t *old, json_t *doc,
			 struct opt_faults *faults);
	/** Members that are indexed columns as they are, NULL-ended; or NULL:
	 * columns() */
	const char *const *members;
	/** The indexed columns' values, borrowed from doc.
	 * @return How many, RES_COLUMNS_MAX at most */
	size_t (*columns)(const json_t *doc, struct db_value *values);
	/** A creation is about to be written: more rows, more in the reply.
	 * Thread: pool */
	void (*creating)(struct req *req, struct job *job, json_t *shown);
	/** More rows with each creation, change and deletion. Thread: pool */
	void (*writing)(struct job *job);
	/** Before it is written or deleted (doc NULL). Thread: loop.
	 * @return NULL, or an error */
	json_t *(*on_loop)(struct job *job);
	/** After the commit, beyond the directory. Thread: loop */
	void (*done)(struct job *job);
	/** A FOREIGN KEY failed at creation or change */
	const char *foreign_pointer, *foreign_message;
	bool is_account; /**< its rows are accounts themselves */
};

/** What the five verbs of a resource have in common; summary, about and errors
 * are each one's own
 */
#define RES_REPLIES(resource, table, schema)                                   \
	.reply = (table), .reply_name = (schema), .res = &(resource)
#define RES_LISTS(resource, table, schema, parameters)                         \
	.query = (parameters), .read = res_list,                               \
	RES_REPLIES(resource, table, schema)
#define RES_GETS(resource, table, schema)                                      \
	.read = res_get, RES_REPLIES(resource, table, schema)
#define RES_CREATES(resource, table, schema)                                   \
	.body = (table), .prepare = res_create, .act = res_act,                \
	RES_REPLIES(resource, table, schema)
#define RES_PATCHES(resource, table, schema)                                   \
	.body = (table), .prepare = res_patch, .act = res_act,                 \
	RES_REPLIES(resource, table, schema)
#define RES_DELETES(resource)                                                  \
	.res = &(resource), .prepare = res_delete, .act = res_act

json_t *res_list(struct req *req);
/** The same of another list than the resource's */
json_t *res_list_of(struct req *req, const struct list *list);
json_t *res_get(struct req *req);
json_t *res_create(struct req *req, struct job *job);
json_t *res_patch(struct req *req, struct job *job);
json_t *res_delete(struct req *req, struct job *job);
/** The `act` of the three above */
void res_act(struct job *job);

/** The stored document of the path's id.
 * @param docp   A new object
 * @param textp  Its text as stored, g_free() it; or NULL
 * @return NULL, or the error to answer */
json_t *res_load(struct req *req, const struct resource *res, json_t **docp,
		 char **textp);

/** The body, checked; an optional one that is absent is {}.
 * @param inp  A new object
 * @return NULL, or the error to answer */
json_t *res_input(const struct req *req, json_t **inp);

/** A resource that the platform approves: `status` as it was, at creation as
 * api_is_approved() says, unless it is given */
void res_default_status(const struct req *req, const json_t *old, json_t *doc);

/** 422 of these faults, `flow_invalid` when they lie in a flow's actions */
json_t *res_invalid(struct opt_faults *faults);

#endif
