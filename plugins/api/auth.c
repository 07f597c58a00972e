/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "api/api_priv.h"

#include "common/json.h"
#include "common/str.h"

const char *const api_scopes[] = {
	"accounts:read",
	"accounts:write",
	"flows:read",
	"flows:write",
	"numbers:read",
	"numbers:write",
	"trunks:read",
	"trunks:write",
	"domains:read",
	"domains:write",
	"extensions:read",
	"extensions:write",
	"calls:read",
	"calls:write",
	"webhooks:read",
	"webhooks:write",
	"media:read",
	"media:write",
	"recordings:read",
	"recordings:write",
	"events:read",
	"metrics",
	"admin",
	"platform",
	NULL,
};

bool api_scope_covers(const json_t *scopes, const char *scope)
{
	const bool for_platform = str_eq(scope, "platform");
	const char *own;
	json_t *item;
	size_t i;

	json_array_foreach(scopes, i, item)
	{
		own = json_string_value(item);
		if (str_eq(own, scope) || str_eq(own, "platform"))
			return true;
		if (str_eq(own, "admin") && !for_platform)
			return true;
	}

	return false;
}

/** The transport made it, but anyone with the admin secret can send one */
static bool is_well_formed(const json_t *auth)
{
	const json_t *scopes = json_object_get(auth, "scopes");
	json_t *item;
	size_t i;

	if (!id_is_valid(json_str(auth, "account_id", "")) ||
	    !id_is_valid(json_str(auth, "key_id", "")) ||
	    !json_is_array(scopes))
		return false;

	json_array_foreach(scopes, i,
			   item) if (!json_is_string(item)) return false;

	return true;
}

json_t *api_authorise(struct req *req, const json_t *auth)
{
	const char *scope = req->row->scope;

	if (str_eq(scope, "public") || str_eq(scope, "internal"))
		return NULL;

	/* the transport lets a scraper on this machine in without a key */
	if (str_eq(scope, "metrics") && !auth)
		return NULL;

	if (!is_well_formed(auth))
		return api_error(API_ERR_unauthorized, NULL);

	req->account_id = json_str(auth, "account_id", "");
	req->key_id = json_str(auth, "key_id", "");
	req->scopes = json_object_get(auth, "scopes");
	req->platform = json_flag(auth, "platform", false) &&
			api_scope_covers(req->scopes, "platform");

	if (*scope && !api_scope_covers(req->scopes, scope))
		return api_errorf(API_ERR_forbidden,
				  "this needs the scope \"%s\"", scope);

	return NULL;
}
