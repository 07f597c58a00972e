/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "support/call_fake.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "directory/directory.h"
#include "support/call_fake_priv.h"

static int factory_routes(void *arg, const struct leg_dial *dial,
			  struct leg_route *routes, unsigned *np,
			  const char **codep)
{
	struct call_fake *fake = arg;

	assert_string_equal(dial->account_id, CALL_FAKE_ACCOUNT);
	assert_int_equal(*np, 0);
	*codep = fake->routes_code;
	if (!fake->nroutes)
		return fake->routes_err ? fake->routes_err : ENOENT;
	memcpy(routes, fake->routes, sizeof(fake->routes));
	*np = fake->nroutes;

	return 0;
}

static int factory_dial(void *arg, const struct leg_dial *dial,
			const struct leg_route *route,
			const struct leg_handler *handler, void *handler_arg,
			struct leg **legp)
{
	struct call_fake *fake = arg;
	struct call_fake_leg *leg = &fake->dialed[fake->ndialed];

	if (fake->bad_host && !strcmp(fake->bad_host, route->host))
		return EHOSTUNREACH;
	if (fake->ndialed == G_N_ELEMENTS(fake->dialed))
		return EAGAIN;
	assert_non_null(dial->call_text);
	++fake->ndialed;
	call_fake_leg_init(fake, leg);
	leg->leg.handler = handler;
	leg->leg.arg = handler_arg;
	g_strlcpy(fake->source, dial->source, sizeof(fake->source));
	g_strlcpy(fake->codec, dial->codec ? dial->codec : "",
		  sizeof(fake->codec));
	fake->anonymous = dial->anonymous;
	json_decref(fake->headers);
	fake->headers = json_deep_copy(dial->headers);
	*legp = &leg->leg;

	return 0;
}

void call_fake_out_setup(struct call_fake *fake)
{
	fake->factory = (struct leg_factory){.endpoint = "sip",
					     .routes = factory_routes,
					     .dial = factory_dial,
					     .arg = fake};
	call_table_add_factory(fake->table, &fake->factory);
}

void call_fake_route(struct call_fake *fake, unsigned order,
		     unsigned give_up_ms, const char *host)
{
	struct leg_route *route = &fake->routes[fake->nroutes++];

	route->factory = &fake->factory;
	route->order = order;
	route->give_up_ms = give_up_ms;
	g_strlcpy(route->trunk_id, CALL_FAKE_TRUNK, ID_SIZE);
	g_strlcpy(route->host, host, LEG_ROUTE_KEY);
}

struct call_origin call_fake_origin(struct call_fake *fake)
{
	return (struct call_origin){
		.account_id = CALL_FAKE_ACCOUNT,
		.source = {"tel", "+4511111111", NULL},
		.destination = {"tel", "+4522222222", NULL},
		.flow_id = CALL_FAKE_FLOW,
		.doc = directory_flow(fake->dir, CALL_FAKE_FLOW)->doc,
	};
}

struct call *call_fake_create(struct call_fake *fake,
			      const struct call_origin *origin)
{
	char id[ID_SIZE];

	assert_int_equal(call_create(fake->table, origin, id), CALL_TAKEN);
	call_fake_pass(fake, 0);

	return call_find(fake->table, id);
}

void call_fake_ringing(struct call_fake_leg *leg)
{
	leg->leg.handler->ringing(leg->leg.arg);
}

void call_fake_fails(struct call_fake_leg *leg, enum hangup_reason reason,
		     int sip_code)
{
	const struct leg_end end = {.by = HANGUP_BY_REMOTE,
				    .reason = reason,
				    .sip_code = sip_code,
				    .sip_reason = "No"};

	leg->leg.handler->ended(leg->leg.arg, &end);
	call_fake_closed(leg);
}

struct call *call_fake_dial(struct call_fake *fake)
{
	const struct call_origin origin = call_fake_origin(fake);

	return call_fake_create(fake, &origin);
}
