/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Calls to browsers. One that comes rings at each device of its extension: a
 * leg for each, bound to the device's handle. The browser takes it on a fresh
 * handle, to which the leg goes over (`accept`), or refuses it. */
#include <errno.h>
#include <string.h>

#include "common/json.h"
#include "common/str.h"
#include "host/log.h"
#include "webrtc/request.h"
#include "webrtc/wrtc_priv.h"

/* ---- what rings at a device ---- */

static bool add_ringing(struct wrtc_handle *device, struct wrtc_leg *leg)
{
	size_t i;

	for (i = 0; i < WRTC_RINGING_MAX; ++i) {
		if (!device->ringing[i]) {
			device->ringing[i] = obj_ref(leg);
			return true;
		}
	}

	return false;
}

/* @return Did it ring there? The device remembers it then. */
static bool remove_ringing(struct wrtc_handle *device, struct wrtc_leg *leg)
{
	size_t i;

	for (i = 0; i < WRTC_RINGING_MAX; ++i)
		if (device->ringing[i] == leg)
			break;
	if (i == WRTC_RINGING_MAX)
		return false;

	device->ringing[i] = NULL;
	for (i = WRTC_RANG_MAX - 1; i > 0; --i)
		str_copy(device->rang[i], ID_SIZE, device->rang[i - 1]);
	str_copy(device->rang[0], ID_SIZE, leg->leg.call_id);
	obj_unref(leg);

	return true;
}

static struct wrtc_leg *find_ringing(const struct wrtc_handle *device,
				     const char *call_id)
{
	size_t i;

	for (i = 0; i < WRTC_RINGING_MAX; ++i)
		if (device->ringing[i] &&
		    str_eq(device->ringing[i]->leg.call_id, call_id))
			return device->ringing[i];

	return NULL;
}

static bool has_rung(const struct wrtc_handle *device, const char *call_id)
{
	size_t i;

	for (i = 0; i < WRTC_RANG_MAX; ++i)
		if (str_eq(device->rang[i], call_id))
			return true;

	return false;
}

static void push_ended(struct wrtc_handle *device, const struct wrtc_leg *leg,
		       const char *reason)
{
	json_t *event = wrtc_event("incoming_call_ended");

	json_set_str(event, "call_id", leg->leg.call_id);
	json_set_str(event, "reason", reason);
	wrtc_push(device, NULL, event, NULL);
}

void wrtc_ring_over(struct wrtc_leg *leg, const struct leg_end *end)
{
	const char *reason = "canceled";

	if (!remove_ringing(leg->h, leg) || leg->h->state == WRTC_GONE)
		return;

	if (str_eq(end->code, "answered_elsewhere"))
		reason = "answered_elsewhere";
	else if (str_eq(end->code, "declined_elsewhere"))
		reason = "declined";
	push_ended(leg->h, leg, reason);
}

void wrtc_ring_gone(struct wrtc_handle *device)
{
	static const struct leg_end end = {
		.by = HANGUP_BY_REMOTE,
		.reason = HANGUP_FAILED,
		.code = "unreachable",
		.sip_code = 480,
	};
	struct wrtc_leg *leg;
	size_t i;

	for (i = 0; i < WRTC_RINGING_MAX; ++i) {
		leg = obj_ref(device->ringing[i]);
		if (!leg)
			continue;
		wrtc_leg_note(leg, "the browser went");
		remove_ringing(device, leg);
		wrtc_leg_end(leg, &end);
		obj_unref(leg);
	}
}

/* ---- leg_factory ---- */

static const struct dir_extension *extension_of(const struct wrtc *gw,
						const struct leg_dial *dial)
{
	if (!dial->target)
		return NULL;

	return directory_extension_at(gw->dir, dial->account_id, dial->target);
}

static int factory_routes(void *arg, const struct leg_dial *dial,
			  struct leg_route *routes, unsigned *np,
			  const char **codep)
{
	const struct wrtc *gw = arg;
	const struct dir_extension *ext;
	const struct wrtc_handle *device;
	struct leg_route *route;
	GHashTableIter iter;
	gpointer value;
	bool any = false;

	if (!str_eq(dial->type, "extension"))
		return ENOENT; /* why not is for others to say */
	*codep = "no_route";
	ext = extension_of(gw, dial);
	if (!ext)
		return ENOENT;

	g_hash_table_iter_init(&iter, gw->devices);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		device = value;
		if (!str_eq(device->ext_id, ext->id) || *np >= LEG_ROUTES_MAX)
			continue;
		route = &routes[(*np)++];
		memset(route, 0, sizeof(*route));
		route->factory = &gw->factory;
		str_copy(route->key, sizeof(route->key), device->name);
		any = true;
	}
	*codep = "not_registered";

	return any ? 0 : ENOENT;
}

/* The caller's browser, when the call is for one's sake and it is ours */
static const struct wrtc_leg *parent_of(const struct wrtc *gw,
					const json_t *call)
{
	const char *id = json_str(call, "parent_call_id", NULL);
	const struct wrtc_handle *h;
	GHashTableIter iter;
	gpointer key;

	if (!id)
		return NULL;

	g_hash_table_iter_init(&iter, gw->handles);
	while (g_hash_table_iter_next(&iter, &key, NULL)) {
		h = key;
		if (h->leg && str_eq(h->leg->leg.call_id, id))
			return h->leg;
	}

	return NULL;
}

/* A device learns who calls */
static void push_incoming(struct wrtc_leg *leg, const struct leg_dial *dial)
{
	json_t *call = json_null(), *event = wrtc_event("incoming_call");
	const struct wrtc_leg *parent;

	if (dial->call_text)
		call = json_loads(dial->call_text, 0, NULL);
	parent = parent_of(leg->h->gw, call);
	if (parent && parent->sess.video.on)
		leg->local.video_codec = parent->sess.video.codec;

	json_set_str(event, "call_id", leg->leg.call_id);
	json_object_set_new(event, "call", call ? call : json_null());
	json_object_set_new(event, "video",
			    json_boolean(leg->local.video_codec != NULL));
	json_object_set_new(event, "queue", json_null());
	json_object_set_new(event, "auto_answer",
			    json_boolean(dial->auto_answer));
	if (json_object_size(dial->headers))
		json_object_set_new(event, "headers",
				    json_deep_copy(dial->headers));
	wrtc_push(leg->h, NULL, event, NULL);
}

static int factory_dial(void *arg, const struct leg_dial *dial,
			const struct leg_route *route,
			const struct leg_handler *handler, void *handler_arg,
			struct leg **legp)
{
	const struct wrtc *gw = arg;
	const struct dir_extension *ext = extension_of(gw, dial);
	struct wrtc_handle *device =
		g_hash_table_lookup(gw->devices, route->key);
	struct wrtc_leg *leg;

	/* it may have gone since routes() */
	if (!ext || !device || !str_eq(device->ext_id, ext->id))
		return EHOSTUNREACH;

	leg = wrtc_leg_new(device);
	leg->outgoing = true;
	leg->destination = g_strdup(dial->target);
	leg->wanted = dial->codec ? codec_by_name(dial->codec) : NULL;
	leg->leg.handler = handler;
	leg->leg.arg = handler_arg;
	str_copy(leg->leg.call_id, ID_SIZE, dial->call_id);
	wrtc_leg_set(leg, WRTC_LEG_OFFERED);
	if (!find_ringing(device, dial->call_id) && add_ringing(device, leg)) {
		push_incoming(leg, dial);
		wrtc_leg_later(leg, WRTC_LATER_RINGING);
	} else {
		wrtc_leg_later(leg, WRTC_LATER_BUSY);
	}
	*legp = &leg->leg;

	return 0;
}

void wrtc_ring_init(struct wrtc *gw)
{
	gw->factory.endpoint = "webrtc";
	gw->factory.routes = factory_routes;
	gw->factory.dial = factory_dial;
	gw->factory.arg = gw;
}

const struct leg_factory *wrtc_factory(const struct wrtc *gw)
{
	return &gw->factory;
}

/* ---- what the browser does about it ---- */

/* Has a browser of this extension the call by now? */
static bool is_taken(const struct wrtc_handle *h, const char *call_id)
{
	const struct wrtc_handle *other;
	GHashTableIter iter;
	gpointer key;

	g_hash_table_iter_init(&iter, h->gw->handles);
	while (g_hash_table_iter_next(&iter, &key, NULL)) {
		other = key;
		if (other->leg && other->leg->outgoing &&
		    str_eq(other->ext_id, h->ext_id) &&
		    str_eq(other->leg->leg.call_id, call_id))
			return true;
	}

	return false;
}

/* The device that this handle speaks for, where it says so by a ticket */
static struct wrtc_handle *device_of(struct wrtc_handle *h,
				     const struct wrtc_request *req)
{
	if (h->state == WRTC_DEVICE)
		return h;

	return *req->ticket ? g_hash_table_lookup(h->gw->tickets, req->ticket)
			    : NULL;
}

/* At the device that asks, else at another one of the extension.
 * @return The leg, borrowed; NULL: *codep says why not */
static struct wrtc_leg *find_leg(struct wrtc_handle *h,
				 const struct wrtc_handle *device,
				 const char *call_id, const char **codep)
{
	const struct wrtc_handle *other;
	struct wrtc_leg *leg = NULL;
	GHashTableIter iter;
	gpointer value;

	*codep = "call_taken";
	if (is_taken(h, call_id))
		return NULL;
	if (device)
		leg = find_ringing(device, call_id);
	if (leg)
		return leg;

	*codep = "no_such_call";
	g_hash_table_iter_init(&iter, h->gw->devices);
	while (!leg && g_hash_table_iter_next(&iter, NULL, &value)) {
		other = value;
		if (!str_eq(other->ext_id, h->ext_id))
			continue;
		leg = find_ringing(other, call_id);
		if (has_rung(other, call_id))
			*codep = "call_taken";
	}

	return leg;
}

static void take_over(struct wrtc_leg *leg, struct wrtc_handle *h,
		      const struct wrtc_handle *device)
{
	struct wrtc_handle *old = leg->h;

	remove_ringing(old, leg);
	if (old != device)
		push_ended(old, leg, "answered_elsewhere");
	leg->h = obj_ref(h);
	obj_unref(old);

	timer_cancel(h->gw->timers, &h->timer);
	wrtc_handle_set(h, WRTC_CALLING);
	h->leg = obj_ref(leg);
}

const char *wrtc_ring_accept(struct wrtc_handle *h, struct wrtc_request *req,
			     const char **detailp)
{
	const struct wrtc_handle *device = device_of(h, req);
	enum sdpx_result res;
	struct wrtc_leg *leg;
	const char *code;

	leg = find_leg(h, device, json_str(req->body, "call_id", ""), &code);
	if (!leg)
		return code;

	obj_unref(leg->offer); /* of an attempt before that could not be used */
	leg->offer = req->offer;
	req->offer = NULL;
	res = wrtc_sound_offer(leg, json_flag(req->body, "video", true));
	if (res != SDPX_OK) {
		*detailp = sdpx_result_text(res);
		return "offer_unusable";
	}

	take_over(leg, h, device);
	wrtc_leg_note(leg, "accepted by a browser");
	wrtc_leg_accept(leg, req->transaction);

	return NULL;
}

const char *wrtc_ring_decline(struct wrtc_handle *h,
			      const struct wrtc_request *req)
{
	static const struct leg_end end = {
		.by = HANGUP_BY_REMOTE,
		.reason = HANGUP_REJECTED,
		.sip_code = 603,
	};
	const struct wrtc_handle *device = device_of(h, req);
	struct wrtc_leg *leg;
	const char *code;
	json_t *event;

	leg = find_leg(h, device, json_str(req->body, "call_id", ""), &code);
	if (!leg)
		return code;

	obj_ref(leg);
	remove_ringing(leg->h, leg);
	if (leg->h != h)
		push_ended(leg->h, leg, "declined");
	wrtc_leg_note(leg, "declined by a browser");
	wrtc_leg_end(leg, &end);
	event = wrtc_event("declined");
	json_set_str(event, "call_id", leg->leg.call_id);
	wrtc_push(h, req->transaction, event, NULL);
	obj_unref(leg);
	if (h->state != WRTC_DEVICE)
		wrtc_handle_over(h);

	return NULL;
}
