/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rest/caller.h"

#include <microhttpd.h>
#include <sys/socket.h>

#include "common/json.h"
#include "common/str.h"
#include "rest/auth.h"
#include "rest/query.h"
#include "rest/request.h"

static const struct sockaddr *source_of(struct MHD_Connection *conn)
{
	const union MHD_ConnectionInfo *info;

	info = MHD_get_connection_info(conn,
				       MHD_CONNECTION_INFO_CLIENT_ADDRESS);

	return info ? info->client_addr : NULL;
}

/* What a proxy on this machine forwards is not from this machine */
static bool is_local(const struct sockaddr *from, const struct rest_head *head)
{
	return rest_is_loopback(from) && !head->fields[REST_FIELD_FORWARDED] &&
	       !head->fields[REST_FIELD_X_FORWARDED_FOR] &&
	       !head->fields[REST_FIELD_X_REAL_IP] &&
	       !head->fields[REST_FIELD_AUTHORIZATION];
}

/* EventSource cannot send a key. A query that is wrong has its fault later.
 * @return g_free() it, or NULL
 */
static char *ticket_of(const struct rest_request *req)
{
	struct opt_faults faults = {0};
	json_t *query = NULL;
	const char *why;
	char *ticket;

	if (req->match.route->kind != VERB_STREAM)
		return NULL;

	if (rest_query_parse(&query, req->query, &faults, &why))
		query = NULL;
	ticket = g_strdup(json_str(query, "ticket", NULL));
	json_decref(query);
	json_decref(faults.list);

	return ticket;
}

void rest_caller_check(struct rest_keys *keys, struct MHD_Connection *conn,
		       const struct rest_head *head, struct rest_request *req,
		       struct rest_auth *auth)
{
	const struct rest_route *route = req->match.route;
	struct rest_credentials cred = {
		.authorization = head->fields[REST_FIELD_AUTHORIZATION],
		.account = head->fields[REST_FIELD_ACCOUNT],
		.from = source_of(conn),
	};
	char *ticket;

	if (!route || str_eq(route->scope, "public"))
		return;
	/* a scraper on this machine needs no key */
	if (str_eq(route->scope, "metrics") && is_local(cred.from, head))
		return;

	ticket = ticket_of(req);
	cred.ticket = ticket;
	rest_auth_check(keys, auth, &cred, route->scope, &req->fault);
	g_free(ticket);
}
