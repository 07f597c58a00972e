/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "api/job.h"
#include "api/keys.h"
#include "common/clock.h"
#include "common/json.h"
#include "common/obj.h"
#include "common/seal.h"
#include "common/str.h"
#include "common/webhook_sign.h"
#include "host/db.h"
#include "host/log.h"
#include "loop/loop.h"
#include "store/store.h"

enum {
	DEADLINE_MS = 30000,
	DEMO_ADDRESSES = 32
};

/* {"actions"}: hear a tone, press 1 for an echo, 2 for more tones */
static const char demo_actions[] =
	"[{\"id\":\"welcome\",\"type\":\"answer\"},"
	"{\"id\":\"menu\",\"type\":\"play\",\"option\":{"
	"\"stream_urls\":[\"tone:523/200,659/200,784/300,0/200\"],"
	"\"barge_in\":\"any\"}},"
	"{\"type\":\"dtmf_receive\",\"option\":{"
	"\"duration_ms\":10000,\"length\":1}},"
	"{\"type\":\"branch\",\"option\":{\"variable\":\"digits\","
	"\"target_ids\":{\"1\":\"echo\",\"2\":\"tones\"},"
	"\"default_target_id\":\"goodbye\"}},"
	"{\"id\":\"echo\",\"type\":\"echo\",\"option\":{"
	"\"duration_ms\":60000},\"next_id\":\"goodbye\"},"
	"{\"id\":\"tones\",\"type\":\"play\",\"option\":{"
	"\"stream_urls\":[\"tone:440/300,0/100,554/300,0/100,659/300,0/300\"],"
	"\"loop\":2},\"next_id\":\"menu\"},"
	"{\"id\":\"goodbye\",\"type\":\"play\",\"option\":{"
	"\"stream_urls\":[\"tone:784/200,659/200,523/300\"]}},"
	"{\"type\":\"hangup\"}]";

static bool first_text(void *arg, const struct db_row *row)
{
	str_copy(arg, ID_SIZE, db_text(row, 0));

	return false;
}

/** The oldest account; "" in an empty store */
static int oldest_account(struct api *api, char id[ID_SIZE])
{
	static const char sql[] =
		"SELECT id FROM account ORDER BY created_at, id LIMIT 1";

	id[0] = '\0';

	return db_read(store_db(api->env.store), sql, NULL, 0, first_text, id);
}

static int is_stored(struct api *api, const char *key, bool *storedp)
{
	static const char sql[] =
		"SELECT id FROM access_key WHERE token_hash = ?1";
	char hash[SECRET_SHA256_HEX], id[ID_SIZE] = "";
	const struct db_value params[] = {DB_S(hash)};
	int err;

	secret_sha256_hex(hash, key, strlen(key));
	err = db_read(store_db(api->env.store), sql, params, 1, first_text, id);
	*storedp = id[0] != '\0';

	return err;
}

/** The account as POST /accounts would make it, for the platform's own use */
static json_t *account_doc(const struct api *api, const char *id,
			   int64_t now_ms)
{
	json_t *in, *fields = NULL, *doc = json_object();
	struct opt_faults faults = {0};
	char *secret = webhook_secret_new();

	in = json_pack("{s:s, s:s, s:b}", "name", "default", "signing_secret",
		       secret, "auto_approve", 1);
	opt_check(&fields, api_account_opts, in, OPT_MODE_CREATE, true, "",
		  &faults);
	json_set_str(doc, "id", id);
	json_set_time(doc, "created_at", now_ms);
	json_set_time(doc, "updated_at", now_ms);
	json_object_update(doc, fields);
	seal_secrets(api, api_account_opts, "account", id, doc);

	json_decref(faults.list);
	json_decref(fields);
	json_decref(in);
	g_free(secret);

	return doc;
}

static void add_account(struct job *job, char id[ID_SIZE])
{
	static const char insert[] =
		"INSERT INTO account (id, name, status, created_at, doc)"
		" VALUES (?1, 'default', 'active', ?2, ?3)";
	const int64_t now_ms = clock_wall_ms(clock_system());
	char *text;

	id_new(id);
	job->doc = account_doc(job->api, id, now_ms);
	text = json_text(job->doc);
	STORE_ADD(job->tx, STORE_ONE_ROW, insert, DB_S(id), DB_I(now_ms),
		  DB_S(text));
	free(text);
}

static void add_key(struct job *job, const char *account_id, const char *value)
{
	json_t *fields =
		json_pack("{s:s, s:[s, s]}", "name", "the platform's first key",
			  "scopes", "platform", "admin");

	json_decref(key_add(job->tx, account_id, NULL, fields, value));
	json_decref(fields);
}

static void stored(void *arg, int err, const char *why) /* Thread: loop */
{
	struct job *job = arg;

	if (err)
		log_error("api: the first account could not be stored: %s",
			  why);
	else if (job->doc)
		directory_apply(job->api->env.dir, DIR_ACCOUNT, job->doc);

	job_reply(job, err ? api_error(API_ERR_unavailable, NULL)
			   : api_ok(json_object()));
}

static void act(struct job *job)
{
	struct store_tx *tx = job->tx;

	job->tx = NULL;
	store_commit(job->api->env.store, tx, stored, job);
}

/** The account (when id is "") and the key, in one transaction */
static int make_first(struct api *api, char id[ID_SIZE], const char *key)
{
	static const struct verb verb = {.act = act};
	static const struct verb_row row = {
		.name = "bootstrap",
		.verb = &verb,
	};
	const struct req req = {
		.api = api,
		.row = &row,
		.account_id = "",
		.id = "",
		.platform = true,
	};
	struct job *job = job_new(&req);
	struct timespec deadline;
	json_t *reply;
	int err;

	job->tx = store_tx_new();
	if (!*id)
		add_account(job, id);
	if (key)
		add_key(job, id, key);

	job_deadline(&deadline, DEADLINE_MS);
	reply = job_do(job, &deadline);
	err = api_reply_err(reply) == API_OK ? 0 : EIO;
	json_decref(reply);
	obj_unref(job);

	return err;
}

/** What the start cannot make is not made later, and the start has nobody who
 * would try again: a slow disk has more time than clients give it */
static json_t *ask(struct api *api, json_t *query)
{
	const unsigned deadline_ms = api->env.deadline_ms;
	json_t *reply;

	api->env.deadline_ms = DEADLINE_MS;
	reply = api_dispatch(api, query);
	api->env.deadline_ms = deadline_ms;

	return reply;
}

/** As a client with the platform's key would. body is taken.
 * @return The object, or NULL: logged */
static json_t *create(struct api *api, const char *verb, const char *account_id,
		      json_t *body)
{
	json_t *query, *reply, *ok;

	query = json_pack("{s:s, s:{s:s, s:s, s:[s], s:b}, s:o}", "verb", verb,
			  "auth", "account_id", account_id, "key_id",
			  account_id, "scopes", "platform", "platform", 1,
			  "body", body);
	reply = ask(api, query);
	ok = json_incref(json_object_get(reply, "ok"));
	if (!ok)
		log_error("api: the demo is not whole: %s: %s", verb,
			  json_str(json_object_get(reply, "error"), "detail",
				   ""));
	json_decref(reply);
	json_decref(query);

	return ok;
}

/** Add the addresses of this machine's interfaces: a phone on it calls from
 * any of them. (What comes from elsewhere with one the kernel drops.) */
static void add_own_addresses(json_t *list)
{
	struct ifaddrs *all = NULL, *ifa;
	const void *addr;
	char text[INET6_ADDRSTRLEN];

	if (getifaddrs(&all))
		return;

	for (ifa = all; ifa && json_array_size(list) < DEMO_ADDRESSES;
	     ifa = ifa->ifa_next) {
		const struct sockaddr *sa = ifa->ifa_addr;

		if (sa && sa->sa_family == AF_INET)
			addr = &((const struct sockaddr_in *)sa)->sin_addr;
		else if (sa && sa->sa_family == AF_INET6 &&
			 !((const struct sockaddr_in6 *)sa)->sin6_scope_id)
			addr = &((const struct sockaddr_in6 *)sa)->sin6_addr;
		else
			continue;
		if (inet_ntop(sa->sa_family, addr, text, sizeof(text)) &&
		    !str_eq(text, "127.0.0.1"))
			json_array_append_new(list, json_string(text));
	}
	freeifaddrs(all);
}

static json_t *demo_trunk(const struct api *api)
{
	const char *bind = api->env.bind;
	json_t *allowed = json_pack("[s]", "127.0.0.1");

	if (bind && !opt_check_cidr(bind) && !strchr(bind, '/') &&
	    !str_eq(bind, "127.0.0.1") && !str_eq(bind, "0.0.0.0") &&
	    !str_eq(bind, "::"))
		json_array_append_new(allowed, json_string(bind));
	add_own_addresses(allowed);

	return json_pack("{s:s, s:o}", "name", "demo: phones on this machine",
			 "allowed_ips", allowed);
}

static const char demo_domain[] = "demo.local";

static int make_demo_extension(struct api *api, const char *account_id)
{
	json_t *domain = create(api, "domains.create", account_id,
				json_pack("{s:s}", "name", demo_domain));
	json_t *ext = NULL;
	int err;

	if (domain)
		ext = create(api, "extensions.create", account_id,
			     json_pack("{s:s, s:s, s:s}", "domain_id",
				       json_str(domain, "id", ""), "extension",
				       "1000", "name", "demo"));
	err = ext ? 0 : EIO;
	json_decref(domain);
	json_decref(ext);

	return err;
}

struct demo_row {
	char id[ID_SIZE], account_id[ID_SIZE];
};

static bool on_demo(void *arg, const struct db_row *row)
{
	struct demo_row *demo = arg;

	str_copy(demo->id, ID_SIZE, db_text(row, 0));
	str_copy(demo->account_id, ID_SIZE, db_text(row, 1));

	return false;
}

int api_demo_token(struct api *api, char **tokenp)
{
	static const char sql[] =
		"SELECT e.id, e.account_id FROM extension e"
		" JOIN domain d ON d.id = e.domain_id"
		" WHERE d.name = ?1 ORDER BY e.created_at, e.id LIMIT 1";
	const struct db_value params[] = {DB_S(demo_domain)};
	struct demo_row demo = {.id = ""};
	json_t *query, *reply;
	const char *token;

	if (db_read(store_db(api->env.store), sql, params, 1, on_demo, &demo))
		return EIO;
	if (!*demo.id)
		return ENOENT;

	query = json_pack("{s:s, s:{s:s, s:s, s:[s], s:b}, s:{s:s}}", "verb",
			  "extensions.device_token", "auth", "account_id",
			  demo.account_id, "key_id", demo.account_id, "scopes",
			  "platform", "platform", 1, "path", "id", demo.id);
	reply = ask(api, query);
	token = json_str(json_object_get(reply, "ok"), "token", NULL);
	*tokenp = g_strdup(token);
	json_decref(reply);
	json_decref(query);

	return *tokenp ? 0 : EIO;
}

static int make_demo(struct api *api, const char *account_id)
{
	json_t *flow, *number = NULL, *trunk = NULL;
	int err = EIO;

	flow = create(api, "flows.create", account_id,
		      json_pack("{s:s, s:s, s:o}", "name", "demo",
				"description",
				"A tone; 1 for an echo, 2 for more tones.",
				"actions", json_loads(demo_actions, 0, NULL)));
	if (flow)
		number = create(api, "numbers.create", account_id,
				json_pack("{s:s, s:s, s:s}", "number", "demo",
					  "name", "demo", "flow_id",
					  json_str(flow, "id", "")));
	if (number)
		trunk = create(api, "trunks.create", account_id,
			       demo_trunk(api));
	if (trunk)
		err = make_demo_extension(api, account_id);

	json_decref(flow);
	json_decref(number);
	json_decref(trunk);

	return err;
}

static bool keep_doc(void *arg, const struct db_row *row)
{
	*(json_t **)arg = json_loads(db_text(row, 0), 0, NULL);

	return false;
}

/* What the first account has sealed is opened, to say at once what webhooks
 * and trunks would fail with one by one */
static void check_key(struct api *api, const char *id)
{
	static const char sql[] = "SELECT doc FROM account WHERE id = ?1";
	const struct seal_owner owner = {
		.kind = "account",
		.id = id,
		.path = "signing_secret",
	};
	const struct db_value params[] = {DB_S(id)};
	json_t *doc = NULL;
	char *plain = NULL;

	if (!db_read(store_db(api->env.store), sql, params, 1, keep_doc,
		     &doc) &&
	    seal_open(api->env.key, &owner, doc, &plain) == EBADMSG)
		log_error("data: the key file does not open the secrets in the "
			  "store, it is another store's or new: put the right "
			  "one back, or set those secrets anew");
	g_free(plain);
	json_decref(doc);
}

int api_bootstrap(struct api *api, const char *first_key, bool demo)
{
	bool is_first, has_key = false;
	char id[ID_SIZE];

	if (first_key && !*first_key)
		first_key = NULL;

	if (oldest_account(api, id) ||
	    (first_key && is_stored(api, first_key, &has_key)))
		return EIO;

	is_first = !*id;
	if (!is_first)
		check_key(api, id);
	if (has_key)
		first_key = NULL;
	if (!is_first && !first_key)
		return 0;

	if (make_first(api, id, first_key))
		return EIO;

	return is_first && demo ? make_demo(api, id) : 0;
}
