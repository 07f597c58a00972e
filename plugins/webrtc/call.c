/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `call`: from a browser's offer to a call of the platform */
#include "common/json.h"
#include "common/str.h"
#include "host/log.h"
#include "webrtc/request.h"
#include "webrtc/wrtc_priv.h"

static const char *refusal_code(enum call_refusal refusal)
{
	switch (refusal) {
	case CALL_TAKEN:
		break;
	case CALL_REFUSED_ACCOUNT:
		return "account_suspended";
	case CALL_REFUSED_LIMIT:
		return "call_limit";
	case CALL_REFUSED_PLATFORM:
		return "unavailable";
	case CALL_REFUSED_FLOW:
		return "flow_not_found";
	}

	return "internal";
}

/* "1001@acme.test" */
static char *source_of(const struct wrtc *gw, const struct dir_extension *ext)
{
	const struct dir_domain *domain =
		directory_domain(gw->dir, ext->domain_id);

	return g_strdup_printf("%s@%s", ext->extension,
			       domain ? domain->name : "");
}

/* Hand the leg to call/. @return NULL, or the error's code */
static const char *offer_leg(struct wrtc_leg *leg,
			     const struct dir_extension *ext,
			     const struct wrtc_dial *dial,
			     const json_t *variables)
{
	struct wrtc *gw = leg->h->gw;
	char *source = source_of(gw, ext);
	const struct leg_incoming in = {
		.leg = &leg->leg,
		.account_id = ext->account_id,
		.number_id = dial->number_id,
		.flow_id = dial->flow_id,
		.source = source,
		.source_name = *ext->name ? ext->name : NULL,
		.source_type = "extension",
		.destination = dial->destination,
		.destination_type = dial->destination_type,
		.variables = variables,
	};
	const enum call_refusal refusal = gw->incoming(gw->arg, &in);

	g_free(source);

	return refusal == CALL_TAKEN ? NULL : refusal_code(refusal);
}

const char *wrtc_call(struct wrtc_handle *h, struct wrtc_request *req,
		      const char **detailp)
{
	const struct dir_extension *ext = wrtc_extension(h);
	const char *dialled = json_str(req->body, "destination", "");
	const char *code;
	struct wrtc_dial dial;
	struct wrtc_leg *leg;
	enum sdpx_result res;
	json_t *event;

	if (wrtc_dial(&dial, h->gw, ext, dialled)) {
		*detailp = "nothing answers this destination";
		return "no_route";
	}

	leg = wrtc_leg_new(h);
	leg->offer = req->offer;
	req->offer = NULL;
	leg->destination = g_strdup(dialled);
	leg->headers = json_deep_copy(json_object_get(req->body, "headers"));
	res = wrtc_sound_offer(leg, json_flag(req->body, "video", true));
	if (res != SDPX_OK) {
		*detailp = sdpx_result_text(res);
		wrtc_leg_drop(leg);
		return "offer_unusable";
	}
	code = offer_leg(leg, ext, &dial,
			 json_object_get(req->body, "variables"));
	if (code) {
		wrtc_leg_drop(leg);
		return code;
	}

	timer_cancel(h->gw->timers, &h->timer);
	wrtc_handle_set(h, WRTC_CALLING);
	h->leg = obj_ref(leg);
	event = wrtc_event("calling");
	json_set_str(event, "call_id", leg->leg.call_id);
	wrtc_push(h, req->transaction, event, NULL);
	wrtc_leg_note(leg, "offer received");

	return NULL;
}
