/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A call that goes out: its leg and its INVITE */
#include <errno.h>

#include "common/secret.h"
#include "common/str.h"
#include "host/log.h"

#include "identity.h"
#include "route.h"
#include "sipx_priv.h"

enum {
	CALL_ID_BYTES = 16
};

/** What an INVITE says, as text */
struct invite {
	char uri[SIPX_URI_SIZE], to[SIPX_URI_SIZE], proxy[SIPX_URI_SIZE];
	char from[SIPX_FROM_SIZE];
	char *headers;
};

/* "host", "host:port" or a URI; one that is none is passed over */
static void read_proxy(struct invite *inv, const struct sipx_stack *stack,
		       const struct dir_trunk *trunk)
{
	struct sipx_target proxy;

	if (!trunk || !trunk->outbound_proxy)
		return;
	if (sipx_target_parse(&proxy, trunk->outbound_proxy)) {
		log_warn("sip: trunk %s: outbound_proxy is no host", trunk->id);
		return;
	}
	sipx_route_near(stack, &proxy);
	sipx_target_uri(inv->proxy, sizeof(inv->proxy), &proxy);
}

static void compose(struct invite *inv, const struct sipx_stack *stack,
		    const struct leg_dial *dial, const struct dir_trunk *trunk,
		    const struct sipx_target *target)
{
	struct sipx_target party = *target;
	char uri[SIPX_URI_SIZE - 2];

	sipx_target_uri(inv->uri, sizeof(inv->uri), target);
	party.params[0] = '\0';
	sipx_target_uri(uri, sizeof(uri), &party);
	g_snprintf(inv->to, sizeof(inv->to), "<%s>", uri);
	sipx_identity_from(inv->from, sizeof(inv->from), stack, dial, trunk);
	inv->headers = sipx_identity_headers(stack, dial, trunk);
	read_proxy(inv, stack, trunk);
}

static void send_invite(struct sipx_leg *leg, const struct invite *inv)
{
	const char *user = leg->trunk ? leg->trunk->contact_user : NULL;
	char contact[SIPX_ESCAPED_SIZE];

	sipx_user_write(contact, sizeof(contact), user ? user : "");
	nua_invite(leg->nh, NUTAG_URL(inv->uri), SIPTAG_TO_STR(inv->to),
		   SIPTAG_FROM_STR(inv->from), SIPTAG_CALL_ID_STR(leg->call_id),
		   /* no 100rel: nua drops forks then (architecture) */
		   SIPTAG_SUPPORTED_STR("timer"),
		   NUTAG_SESSION_TIMER(leg->stack->session_s),
		   NUTAG_UPDATE_REFRESH(0), /* until they say that they can */
		   TAG_IF(user, NUTAG_M_USERNAME(contact)),
		   TAG_IF(inv->proxy[0], NUTAG_PROXY(inv->proxy)),
		   TAG_IF(inv->headers[0], SIPTAG_HEADER_STR(inv->headers)),
		   SIPTAG_CONTENT_TYPE_STR("application/sdp"),
		   SIPTAG_PAYLOAD_STR(leg->sdp), TAG_END());
	atomic_fetch_add(&leg->stack->n.dialled, 1);
	sipx_leg_note(leg, "INVITE sent");
}

static struct sipx_leg *new_leg(struct sipx_stack *stack,
				const struct leg_dial *dial,
				const struct leg_route *route,
				const struct dir_trunk *trunk)
{
	nua_handle_t *nh = nua_handle(stack->nua, NULL, TAG_END());
	uint8_t bytes[CALL_ID_BYTES];
	char call_id[2 * CALL_ID_BYTES + 1];
	struct sipx_leg *leg;

	if (!nh)
		return NULL;
	secret_random(bytes, sizeof(bytes));
	str_hex(call_id, bytes, sizeof(bytes));
	leg = sipx_leg_new(stack, nh, call_id, trunk, dial->codec);
	leg->state = SIPX_CALLING;
	leg->outgoing = true;
	leg->dialling = true;
	str_copy(leg->leg.call_id, sizeof(leg->leg.call_id), dial->call_id);
	leg->info = sipx_describe(leg->call_id, NULL, route->host);
	str_copy(leg->remote, sizeof(leg->remote), route->host);

	return leg;
}

/* Nobody has heard of it yet */
static void drop(struct sipx_leg *leg)
{
	leg->leg.handler = NULL;
	leg->closed = true;
	leg->dialling = false;
	leg->state = SIPX_OVER;
	leg->deaf = true;
	sipx_sound_close(leg);
	sipx_leg_forget(leg);
	obj_unref(leg);
}

int sipx_dial(void *arg, const struct leg_dial *dial,
	      const struct leg_route *route, const struct leg_handler *handler,
	      void *handler_arg, struct leg **legp)
{
	struct sipx_stack *stack = arg;
	const struct dir_trunk *trunk;
	struct sipx_target target;
	struct invite inv = {.headers = NULL};
	struct sipx_leg *leg;
	int err;

	loop_assert(stack->loop);
	if (stack->stopping)
		return ESHUTDOWN;
	err = sipx_route_trunk(stack, dial, &trunk);
	if (err)
		return err;
	err = sipx_route_target(stack, dial, route, trunk, &target);
	if (err)
		return err;

	leg = new_leg(stack, dial, route, trunk);
	if (!leg)
		return EAGAIN;
	err = sipx_sound_describe(leg);
	if (err) {
		drop(leg);
		return err;
	}

	leg->leg.handler = handler;
	leg->leg.arg = handler_arg;
	compose(&inv, stack, dial, trunk, &target);
	send_invite(leg, &inv);
	g_free(inv.headers);
	*legp = &leg->leg;

	return 0;
}
