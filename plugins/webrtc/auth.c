/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tokens and tickets. A token is looked up in the store, by its hash, on a
 * worker; a ticket is known here alone and dies with its device. */
#include <errno.h>
#include <string.h>

#include "common/clock.h"
#include "common/json.h"
#include "common/str.h"
#include "host/db.h"
#include "host/log.h"
#include "loop/worker.h"
#include "webrtc/request.h"
#include "webrtc/wrtc_priv.h"

static const char sql_token[] =
	"SELECT extension_id, account_id, expires_at FROM device_token"
	" WHERE token_hash = ?1";

struct lookup {
	struct wrtc_handle *h; /* a reference */
	struct db *db;
	char hash[SECRET_SHA256_HEX];
	/* the answer */
	int err;
	bool found;
	char ext_id[ID_SIZE], account_id[ID_SIZE];
	int64_t expires_ms;
};

static int64_t now_ms(const struct wrtc_handle *h)
{
	return clock_wall_ms(loop_clock(h->gw->loop));
}

static bool on_row(void *arg, const struct db_row *row)
{
	struct lookup *lu = arg;

	lu->found = true;
	str_copy(lu->ext_id, sizeof(lu->ext_id), db_text(row, 0));
	str_copy(lu->account_id, sizeof(lu->account_id), db_text(row, 1));
	lu->expires_ms = db_int(row, 2);

	return false;
}

static void look_up(void *arg) /* Thread: worker */
{
	struct lookup *lu = arg;
	const struct db_value params[] = {DB_S(lu->hash)};

	lu->err = db_read(lu->db, sql_token, params, 1, on_row, lu);
}

static int verdict(struct lookup *lu)
{
	if (lu->err) {
		log_error("%s: its token cannot be looked up: %s", lu->h->name,
			  g_strerror(lu->err));
		return EAGAIN;
	}
	if (!lu->found)
		return EACCES;
	if (lu->expires_ms && lu->expires_ms <= now_ms(lu->h))
		return ETIME;

	return 0;
}

static void looked_up(void *arg) /* Thread: loop */
{
	struct lookup *lu = arg;
	struct wrtc_handle *h = lu->h;
	int err = verdict(lu);

	/* a device stays what it is */
	if (!err && h->state == WRTC_DEVICE && !str_eq(h->ext_id, lu->ext_id))
		err = EACCES;
	if (!err && h->state != WRTC_GONE) {
		str_copy(h->ext_id, sizeof(h->ext_id), lu->ext_id);
		str_copy(h->account_id, sizeof(h->account_id), lu->account_id);
		h->token_expires_ms = lu->expires_ms;
	}
	wrtc_handle_known(h, err);
	obj_unref(h);
	g_free(lu);
}

int wrtc_auth_token(struct wrtc_handle *h, const struct wrtc_request *req)
{
	struct lookup *lu = g_new0(struct lookup, 1);

	lu->h = obj_ref(h);
	lu->db = h->gw->db;
	str_copy(lu->hash, sizeof(lu->hash), req->token);
	if (worker_run(h->gw->workers, "wrtc_token", look_up, looked_up, lu)) {
		obj_unref(h);
		g_free(lu);
		return EAGAIN;
	}

	return 0;
}

static bool is_valid(const struct wrtc_handle *device, const char *hash)
{
	const int64_t now = now_ms(device);
	unsigned i;

	for (i = 0; i < G_N_ELEMENTS(device->tickets); ++i)
		if (str_eq(device->tickets[i].hash, hash))
			return device->tickets[i].expires_ms > now;

	return false;
}

int wrtc_auth_ticket(struct wrtc_handle *h, const struct wrtc_request *req)
{
	const struct wrtc_handle *device =
		g_hash_table_lookup(h->gw->tickets, req->ticket);

	if (!device || !is_valid(device, req->ticket))
		return EACCES;
	if (device->token_expires_ms && device->token_expires_ms <= now_ms(h))
		return ETIME;

	str_copy(h->ext_id, sizeof(h->ext_id), device->ext_id);
	str_copy(h->account_id, sizeof(h->account_id), device->account_id);

	return 0;
}

const struct dir_extension *wrtc_extension(const struct wrtc_handle *h)
{
	const struct dir_extension *ext =
		directory_extension(h->gw->dir, h->ext_id);
	const struct dir_domain *domain =
		ext ? directory_domain(h->gw->dir, ext->domain_id) : NULL;

	if (!domain || !domain->active ||
	    !str_eq(ext->account_id, h->account_id))
		return NULL;

	return ext;
}

/* ---- devices ---- */

static void drop_ticket(struct wrtc_handle *h, struct wrtc_ticket *ticket)
{
	if (*ticket->hash)
		g_hash_table_remove(h->gw->tickets, ticket->hash);
	*ticket->hash = '\0';
}

/* A new one; the one before lives on until its own end, as calls may be on
 * their way with it. @return g_free() it */
static char *make_ticket(struct wrtc_handle *h)
{
	char *text = secret_token("bft_");
	struct wrtc_ticket *ticket = &h->tickets[0];

	drop_ticket(h, &h->tickets[1]);
	if (*ticket->hash) { /* the table's keys lie in the tickets */
		g_hash_table_remove(h->gw->tickets, ticket->hash);
		h->tickets[1] = *ticket;
		g_hash_table_insert(h->gw->tickets, h->tickets[1].hash, h);
	}
	secret_sha256_hex(ticket->hash, text, strlen(text));
	ticket->expires_ms = now_ms(h) + (int64_t)h->gw->ticket_s * 1000;
	if (h->token_expires_ms && h->token_expires_ms < ticket->expires_ms)
		ticket->expires_ms = h->token_expires_ms;
	g_hash_table_insert(h->gw->tickets, ticket->hash, h);

	return text;
}

void wrtc_unregister(struct wrtc_handle *h)
{
	if (h->state != WRTC_DEVICE)
		return;

	drop_ticket(h, &h->tickets[0]);
	drop_ticket(h, &h->tickets[1]);
	g_hash_table_remove(h->gw->devices, h->name);
	wrtc_ring_gone(h);
	atomic_fetch_sub(&h->gw->n.devices, 1);
}

static unsigned count_devices(const struct wrtc_handle *h)
{
	const struct wrtc_handle *other;
	GHashTableIter iter;
	gpointer value;
	unsigned n = 0;

	g_hash_table_iter_init(&iter, h->gw->devices);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		other = value;
		n += str_eq(other->ext_id, h->ext_id);
	}

	return n;
}

static json_t *calls_of(const struct wrtc_handle *h)
{
	const struct wrtc_handle *other;
	json_t *out = json_array();
	GHashTableIter iter;
	gpointer key;

	g_hash_table_iter_init(&iter, h->gw->handles);
	while (g_hash_table_iter_next(&iter, &key, NULL)) {
		other = key;
		if (other->leg && str_eq(other->ext_id, h->ext_id))
			json_array_append_new(out, wrtc_leg_json(other->leg));
	}

	return out;
}

static void start_renewal(struct wrtc_handle *h);

static void add_ticket(struct wrtc_handle *h, json_t *event)
{
	char *text = make_ticket(h);

	json_set_str(event, "ticket", text);
	json_set_time(event, "expires_at", h->tickets[0].expires_ms);
	g_free(text);
	start_renewal(h);
}

static void end_gone(struct wrtc_handle *device)
{
	log_info("%s: its extension is gone", device->name);
	wrtc_push_error(device, NULL, "unauthorized",
			"the extension is gone; the handle is ended", NULL);
	wrtc_handle_end(device);
}

static void sweep(void *arg)
{
	struct wrtc *gw = arg;
	GList *all = g_hash_table_get_values(gw->devices), *l;

	/* the table alone refers to them, and ending one changes it */
	for (l = all; l; l = l->next)
		obj_ref(l->data);
	for (l = all; l; l = l->next) {
		struct wrtc_handle *h = l->data;

		if (h->state == WRTC_DEVICE && !wrtc_extension(h))
			end_gone(h);
		obj_unref(h);
	}
	g_list_free(all);
}

void wrtc_directory_changed(void *gateway, enum dir_kind kind)
{
	struct wrtc *gw = gateway;

	if (kind == DIR_EXTENSION || kind == DIR_DOMAIN)
		timer_start(gw->timers, &gw->sweep, 0, "wrtc_sweep", sweep, gw);
}

static void on_renewal(void *arg)
{
	struct wrtc_handle *h = arg;
	json_t *event;

	if (h->token_expires_ms && h->token_expires_ms <= now_ms(h)) {
		wrtc_push_error(h, NULL, "token_expired",
				"register again with a new token", NULL);
		wrtc_handle_end(h);
		return;
	}

	event = wrtc_event("ticket");
	add_ticket(h, event);
	wrtc_push(h, NULL, event, NULL);
}

/* At half of the ticket's life, or just past the token's end */
static void start_renewal(struct wrtc_handle *h)
{
	int64_t ms = (int64_t)h->gw->ticket_s * 1000 / 2;
	int64_t left;

	if (h->token_expires_ms) {
		left = h->token_expires_ms - now_ms(h) + 1;
		ms = CLAMP(left, 0, ms);
	}
	timer_start(h->gw->timers, &h->timer, ms, "wrtc_ticket", on_renewal, h);
}

const char *wrtc_register(struct wrtc_handle *h, const char *transaction)
{
	const struct dir_extension *ext = wrtc_extension(h);
	const struct dir_domain *domain =
		directory_domain(h->gw->dir, ext->domain_id);
	const struct dir_account *account =
		directory_account(h->gw->dir, h->account_id);
	json_t *event;

	if (account && account->suspended)
		return "account_suspended";
	if (h->state == WRTC_NEW) {
		if (ext->max_contacts > 0 &&
		    count_devices(h) >= (unsigned)ext->max_contacts)
			return "too_many_devices";
		wrtc_handle_set(h, WRTC_DEVICE);
		g_hash_table_insert(h->gw->devices, h->name, h);
		atomic_fetch_add(&h->gw->n.devices, 1);
		log_info("%s: registered as %s@%s", h->name, ext->extension,
			 domain ? domain->name : "?");
	}

	event = wrtc_event("registered");
	json_set_str(event, "extension", ext->extension);
	json_set_str(event, "domain", domain ? domain->name : NULL);
	json_set_str(event, "name", ext->name);
	add_ticket(h, event);
	json_object_set_new(event, "calls", calls_of(h));
	wrtc_push(h, transaction, event, NULL);

	return NULL;
}
