/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "directory/directory_priv.h"

#include <string.h>

#include "common/json.h"
#include "common/obj.h"
#include "common/opt.h"
#include "common/str.h"
#include "flow/flow_doc.h"
#include "host/log.h"

static void account_destructor(void *arg)
{
	struct dir_account *account = arg;

	g_free(account->name);
	g_free(account->country);
	json_decref(account->doc);
	g_free(account->hold_media);
}

struct dir_account *dir_account_parse(const json_t *doc)
{
	struct dir_account *account =
		obj_zalloc(sizeof(*account), account_destructor);

	str_copy(account->id, sizeof(account->id), json_str(doc, "id", ""));
	account->name = g_strdup(json_str(doc, "name", ""));
	account->country = g_strdup(json_str(doc, "country", NULL));
	account->hold_media = g_strdup(json_str(doc, "hold_media", NULL));
	account->suspended = str_eq(json_str(doc, "status", ""), "suspended");
	account->max_calls = dir_limit(doc, "max_calls");
	account->max_incoming = dir_limit(doc, "max_incoming");
	account->max_outgoing = dir_limit(doc, "max_outgoing");
	account->max_cps = dir_limit(doc, "max_cps");
	account->doc = json_deep_copy(doc);

	return account;
}

static void number_destructor(void *arg)
{
	struct dir_number *number = arg;

	g_free(number->number);
	json_decref(number->doc);
}

struct dir_number *dir_number_parse(const json_t *doc)
{
	const char *pattern = json_str(doc, "pattern", NULL);
	struct dir_number *number =
		obj_zalloc(sizeof(*number), number_destructor);

	str_copy(number->id, sizeof(number->id), json_str(doc, "id", ""));
	str_copy(number->account_id, sizeof(number->account_id),
		 json_str(doc, "account_id", ""));
	str_copy(number->flow_id, sizeof(number->flow_id),
		 json_str(doc, "flow_id", ""));
	number->is_pattern = pattern != NULL;
	if (pattern)
		number->number = g_strndup(pattern, strcspn(pattern, "*"));
	else
		number->number = g_strdup(json_str(doc, "number", ""));
	number->doc = json_deep_copy(doc);

	return number;
}

bool dir_number_is_active(const struct dir_number *number)
{
	return str_eq(json_str(number->doc, "status", "active"), "active");
}

static void domain_destructor(void *arg)
{
	struct dir_domain *domain = arg;

	g_free(domain->name);
}

struct dir_domain *dir_domain_parse(const json_t *doc)
{
	struct dir_domain *domain =
		obj_zalloc(sizeof(*domain), domain_destructor);

	str_copy(domain->id, sizeof(domain->id), json_str(doc, "id", ""));
	str_copy(domain->account_id, sizeof(domain->account_id),
		 json_str(doc, "account_id", ""));
	str_copy(domain->outgoing_flow_id, sizeof(domain->outgoing_flow_id),
		 json_str(doc, "outgoing_flow_id", ""));
	domain->active = str_eq(json_str(doc, "status", "active"), "active");
	domain->name = g_ascii_strdown(json_str(doc, "name", ""), -1);

	return domain;
}

static void extension_destructor(void *arg)
{
	struct dir_extension *ext = arg;

	g_free(ext->extension);
	g_free(ext->at);
	g_free(ext->name);
	g_free(ext->caller_id);
	g_strfreev(ext->codecs);
	json_decref(ext->doc);
}

struct dir_extension *dir_extension_parse(const json_t *doc)
{
	struct dir_extension *ext =
		obj_zalloc(sizeof(*ext), extension_destructor);

	str_copy(ext->id, sizeof(ext->id), json_str(doc, "id", ""));
	str_copy(ext->account_id, sizeof(ext->account_id),
		 json_str(doc, "account_id", ""));
	str_copy(ext->domain_id, sizeof(ext->domain_id),
		 json_str(doc, "domain_id", ""));
	str_copy(ext->outgoing_flow_id, sizeof(ext->outgoing_flow_id),
		 json_str(doc, "outgoing_flow_id", ""));
	ext->extension = g_strdup(json_str(doc, "extension", ""));
	ext->at = g_strdup_printf("%s@%s", ext->extension, ext->domain_id);
	ext->name = g_strdup(json_str(doc, "name", ""));
	ext->caller_id = g_strdup(json_str(doc, "caller_id", NULL));
	ext->codecs = dir_strings(json_object_get(doc, "codecs"));
	ext->max_contacts = dir_limit(doc, "max_contacts");
	ext->doc = json_deep_copy(doc);

	return ext;
}

static void flow_destructor(void *arg)
{
	struct dir_flow *flow = arg;

	obj_unref(flow->doc);
}

struct dir_flow *dir_flow_parse(const json_t *doc)
{
	struct dir_flow *flow = obj_zalloc(sizeof(*flow), flow_destructor);
	struct opt_faults faults = {0};
	const json_t *first;

	str_copy(flow->id, sizeof(flow->id), json_str(doc, "id", ""));
	str_copy(flow->account_id, sizeof(flow->account_id),
		 json_str(doc, "account_id", ""));

	if (flow_doc_alloc(&flow->doc, doc, &faults)) {
		first = json_array_get(faults.list, 0);
		log_error("directory: flow %s cannot be used: %s %s", flow->id,
			  json_str(first, "pointer", ""),
			  json_str(first, "message", ""));
		flow = obj_unref(flow);
	}
	json_decref(faults.list);

	return flow;
}
