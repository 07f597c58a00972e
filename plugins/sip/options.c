/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sipx_priv.h"
#include "source.h"

/* The guard has turned strangers away over UDP; over TCP nua answers */
static bool is_strangers(const struct sipx_event *ev)
{
	const struct dir_trunk *trunk;
	struct sipx_peer peer;

	sipx_source_peer(ev->stack, &peer);

	return !directory_trunks_by_source(
		ev->stack->dir, (struct sockaddr *)&peer.addr, &trunk, 1);
}

/* A trunk's ping: are we there, and do we take calls? The stack adds Allow and
 * Supported. */
void sipx_on_options(const struct sipx_event *ev)
{
	if (!ev->leg && is_strangers(ev)) {
		sipx_refuse(ev, 403, NULL);
		return;
	}
	if (ev->stack->draining || ev->stack->stopping) {
		sipx_refuse(ev, 503, NULL);
		return;
	}

	nua_respond(ev->nh, 200, sipx_phrase(200),
		    NUTAG_WITH_THIS(ev->stack->nua),
		    SIPTAG_ACCEPT_STR("application/sdp"),
		    SIPTAG_ACCEPT_ENCODING_STR("identity"),
		    SIPTAG_ACCEPT_LANGUAGE_STR("en"), TAG_END());
	if (!ev->leg)
		nua_handle_destroy(ev->nh);
}
