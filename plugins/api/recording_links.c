/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Links that need no key: the address says until when, and a signature by the
 * platform's key that it was made here. Nothing of them is stored.
 */

#include <errno.h>
#include <string.h>

#include "api/recordings.h"
#include "common/clock.h"
#include "common/json.h"
#include "common/str.h"
#include "store/store.h"

enum {
	MAC_LEN = 32,
	LIFE_MAX_S = 30 * 24 * 3600,
	SIGNATURE_LEN = 43, /* base64url of the MAC */
};

static const int64_t expiry_max = INT64_C(1) << 40;

static const struct opt link_body[] = {
	{
		.name = "expires_s",
		.type = OPT_INT,
		.min = 1,
		.max = LIFE_MAX_S,
		.def = "3600",
		.doc = "For how long it opens, in seconds; an hour when left "
		       "out, 30 days at most.",
	},
	OPT_END,
};

static const struct opt link_reply[] = {
	{
		.name = "url",
		.type = OPT_STRING,
		.flags = OPT_READ,
		.doc = "What to open, on this server.",
	},
	{
		.name = "expires_at",
		.type = OPT_TIME,
		.flags = OPT_READ,
		.doc = "When it ends.",
	},
	OPT_END,
};

static const char *check_signature(const char *value)
{
	static const char all[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				  "abcdefghijklmnopqrstuvwxyz0123456789-_";

	return value[strspn(value, all)] ? "is none" : NULL;
}

static const struct opt shared_query[] = {
	{
		.name = "expires",
		.type = OPT_INT,
		.flags = OPT_REQUIRED,
		.min = 1,
		.max = INT64_C(1) << 40,
		.doc = "As in the link.",
	},
	{
		.name = "signature",
		.type = OPT_STRING,
		.flags = OPT_REQUIRED,
		.min = SIGNATURE_LEN,
		.max = SIGNATURE_LEN,
		.check = check_signature,
		.doc = "The same.",
	},
	OPT_END,
};

/* g_free() it */
static char *sign(const struct api *api, const char *id, int64_t expires_s)
{
	char *text = g_strdup_printf("recording-link\n%s\n%lld", id,
				     (long long)expires_s);
	uint8_t mac[MAC_LEN];

	secret_hmac_sha256(mac, api->env.key, SECRET_KEY_LEN, text,
			   strlen(text));
	g_free(text);

	return str_base64url(mac, sizeof(mac));
}

static json_t *make_link(const struct req *req, int64_t life_s)
{
	const int64_t expires_s = clock_wall_ms(clock_system()) / 1000 + life_s;
	char *signature = sign(req->api, req->id, expires_s);
	char *url = g_strdup_printf(
		"/v1/recordings/%s/shared?expires=%lld&signature=%s", req->id,
		(long long)expires_s, signature);
	json_t *out = json_object();

	json_set_str(out, "url", url);
	json_set_time(out, "expires_at", expires_s * 1000);
	g_free(url);
	g_free(signature);

	return out;
}

static json_t *prepare_link(struct req *req, struct job *job)
{
	json_t *doc = NULL, *reply = res_load(req, &api_recordings, &doc, NULL);

	json_decref(doc);
	if (!reply)
		reply = res_input(req, &job->input);
	if (!reply)
		job->ready = api_ok(
			make_link(req, json_int(job->input, "expires_s", 0)));

	return reply;
}

static void act_link(struct job *job)
{
	job_reply(job, g_steal_pointer(&job->ready));
}

/* ---- opened, by anybody ---- */

static bool doc_row(void *arg, const struct db_row *row)
{
	json_t **docp = arg;
	const char *text = db_text(row, 0);

	*docp = json_loads(text ? text : "", 0, NULL);

	return false;
}

static json_t *load(struct req *req)
{
	static const char sql[] = "SELECT r.doc FROM recording r"
				  " JOIN account a ON a.id = r.account_id"
				  " WHERE r.id = ?1 AND a.status = 'active'";
	const struct db_value params[] = {DB_S(req->id)};
	json_t *doc = NULL;

	if (db_read(store_db(req->api->env.store), sql, params, 1, doc_row,
		    &doc))
		return api_error(API_ERR_unavailable, NULL);

	return doc ? recording_file(doc)
		   : api_error(API_ERR_recording_not_found, NULL);
}

static json_t *check_link(const struct req *req, const json_t *in)
{
	const int64_t expires_s = json_int(in, "expires", 0);
	const char *given = json_str(in, "signature", "");
	char *right = sign(req->api, req->id, expires_s);
	const bool equal = strlen(given) == SIGNATURE_LEN &&
			   strlen(right) == SIGNATURE_LEN &&
			   secret_equal(given, right, SIGNATURE_LEN);

	g_free(right);
	if (!equal)
		return api_error(API_ERR_forbidden,
				 "the link was not made here, or was changed");
	if (expires_s > expiry_max ||
	    expires_s * 1000 <= clock_wall_ms(clock_system()))
		return api_error(API_ERR_token_expired, "the link has expired");

	return NULL;
}

static json_t *read_shared(struct req *req)
{
	json_t *none = json_object(), *in = NULL, *reply = NULL;
	struct opt_faults faults = {0};

	if (!id_is_valid(req->id)) {
		reply = api_error(API_ERR_recording_not_found, NULL);
	} else if (opt_check(&in, shared_query, req->query ? req->query : none,
			     OPT_MODE_QUERY, false, "query", &faults)) {
		/* whoever guesses learns nothing but that it is wrong */
		json_decref(faults.list);
		reply = api_error(API_ERR_forbidden, "this is no link of ours");
	}
	if (!reply)
		reply = check_link(req, in);
	if (!reply)
		reply = load(req);
	json_decref(in);
	json_decref(none);

	return reply;
}

static const enum api_err missing[] = {API_ERR_recording_not_found, API_OK};
static const enum api_err opened[] = {API_ERR_forbidden,
				      API_ERR_token_expired,
				      API_ERR_recording_not_found,
				      API_ERR_wrong_state,
				      API_ERR_range_not_satisfiable,
				      API_OK};

const struct verb api_verb_recordings_link = {
	.summary = "Make a link to a recording",
	.about = "It opens without a key until it expires; only deleting the "
		 "recording ends it before.",
	.body = link_body,
	.body_optional = true,
	.reply = link_reply,
	.reply_name = "RecordingLink",
	.errors = missing,
	.res = &api_recordings,
	.prepare = prepare_link,
	.act = act_link,
};

const struct verb api_verb_recordings_shared = {
	.summary = "Download a recording by its link",
	.query = shared_query,
	.errors = opened,
	.res = &api_recordings,
	.read = read_shared,
};
