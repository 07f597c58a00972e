/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rest/auth.h"

#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>

#include "common/json.h"
#include "common/obj.h"
#include "common/secret.h"
#include "common/str.h"
#include "host/db.h"
#include "host/log.h"
#include "rest/limit.h"

enum {
	MAX_TOKEN = 256
};

static const char sql_key[] =
	"SELECT k.id, k.account_id, k.scopes, k.expires_at, k.revoked_at,"
	" a.status FROM access_key k JOIN account a ON a.id = k.account_id"
	" WHERE k.token_hash = ?1";
/* of a browser: no scopes, so that it opens what any key opens */
static const char sql_device[] =
	"SELECT t.id, t.account_id, '', t.expires_at, NULL, a.status"
	" FROM device_token t JOIN account a ON a.id = t.account_id"
	" WHERE t.token_hash = ?1";
static const char sql_account[] = "SELECT id FROM account WHERE id = ?1";

struct rest_keys {
	/* set before start, then read-only */
	char *path;
	unsigned connections;
	const struct clock *clk;
	struct rest_limit *limit;

	pthread_mutex_t mtx; /* of db: opened at the first request */
	struct db *db;
	struct log_limit complaints;
	atomic_uint_least64_t failures;
};

/* A row of access_key and its account */
struct key_row {
	bool found;
	char id[64], account_id[64];
	json_t *scopes;
	int64_t expires_at; /* 0: never */
	bool revoked, suspended;
	bool device; /* a device token */
};

struct rest_keys *rest_keys_new(const struct rest_keys_params *prm)
{
	struct rest_keys *keys = g_new0(struct rest_keys, 1);

	keys->path = g_strdup(prm->store);
	keys->connections = prm->connections;
	keys->clk = prm->clk;
	keys->limit = rest_limit_new(prm->failures_per_min, prm->clk);
	pthread_mutex_init(&keys->mtx, NULL);

	return keys;
}

void rest_keys_free(struct rest_keys *keys)
{
	if (!keys)
		return;

	obj_unref(keys->db);
	rest_limit_free(keys->limit);
	pthread_mutex_destroy(&keys->mtx);
	g_free(keys->path);
	g_free(keys);
}

uint64_t rest_keys_failures(struct rest_keys *keys)
{
	return atomic_load(&keys->failures);
}

static struct db *open_db(struct rest_keys *keys)
{
	struct db *db;
	int err = 0;

	pthread_mutex_lock(&keys->mtx);
	if (!keys->db)
		err = db_open(&keys->db, keys->path, keys->connections);
	db = keys->db;
	pthread_mutex_unlock(&keys->mtx);

	return err ? NULL : db;
}

static int read_row(struct rest_keys *keys, const char *sql, const char *param,
		    db_row_h *row, void *arg)
{
	const struct db_value params[] = {DB_S(param)};
	struct db *db = open_db(keys);
	unsigned dropped;
	int err;

	err = db ? db_read(db, sql, params, 1, row, arg) : ENOENT;
	if (err && log_limit_pass(&keys->complaints, 1, &dropped))
		log_error("rest: cannot look up access keys in %s: %s",
			  keys->path, strerror(err));

	return err;
}

json_t *rest_scopes_parse(const char *text)
{
	json_t *scopes = NULL;
	char **words, **word;

	if (text && *text == '[' &&
	    !json_parse(&scopes, text, strlen(text), NULL, 0))
		return scopes;

	scopes = json_array();
	words = g_strsplit(text ? text : "", " ", 0);
	for (word = words; *word; ++word)
		if (**word)
			json_array_append_new(scopes, json_string(*word));
	g_strfreev(words);

	return scopes;
}

static bool has_scope(const json_t *scopes, const char *scope)
{
	const json_t *item;
	size_t i;

	json_array_foreach(scopes, i, item) if (str_eq(json_string_value(item),
						       scope)) return true;

	return false;
}

bool rest_scope_allows(const json_t *scopes, const char *scope)
{
	if (!*scope || has_scope(scopes, "platform"))
		return true;
	if (str_eq(scope, "platform"))
		return false;

	return has_scope(scopes, "admin") || has_scope(scopes, scope);
}

const char *rest_bearer_token(const char *authorization)
{
	static const char scheme[] = "Bearer ";
	const char *token;
	size_t len;

	if (!authorization ||
	    g_ascii_strncasecmp(authorization, scheme, strlen(scheme)))
		return NULL;

	token = authorization + strlen(scheme);
	token += strspn(token, " ");
	len = strspn(token, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			    "abcdefghijklmnopqrstuvwxyz0123456789-._~+/=");

	return len && len <= MAX_TOKEN && !token[len] ? token : NULL;
}

bool rest_is_loopback(const struct sockaddr *from)
{
	if (from && from->sa_family == AF_INET) {
		const struct sockaddr_in *in = (const void *)from;

		return ntohl(in->sin_addr.s_addr) >> 24 == 127;
	}
	if (from && from->sa_family == AF_INET6) {
		const struct in6_addr *a =
			&((const struct sockaddr_in6 *)(const void *)from)
				 ->sin6_addr;

		return IN6_IS_ADDR_LOOPBACK(a) ||
		       (IN6_IS_ADDR_V4MAPPED(a) && a->s6_addr[12] == 127);
	}

	return false;
}

static bool on_key(void *arg, const struct db_row *row)
{
	struct key_row *key = arg;

	key->found = true;
	str_copy(key->id, sizeof(key->id), db_text(row, 0));
	str_copy(key->account_id, sizeof(key->account_id), db_text(row, 1));
	key->scopes = rest_scopes_parse(db_text(row, 2));
	key->expires_at = db_int(row, 3);
	key->revoked = !db_is_null(row, 4);
	key->suspended = !str_eq(db_text(row, 5), "active");

	return false;
}

static bool on_found(void *arg, const struct db_row *row)
{
	*(bool *)arg = true;

	return false;
}

static void fail_unknown(struct rest_keys *keys, const struct sockaddr *from,
			 struct rest_fault *fault)
{
	const unsigned wait_s = rest_limit_fail(keys->limit, from);

	atomic_fetch_add(&keys->failures, 1);
	if (wait_s) {
		rest_fault_set(fault, API_ERR_rate_limit,
			       "too many wrong credentials from this address");
		fault->retry_after_s = wait_s;
	} else {
		rest_fault_set(fault, API_ERR_unauthorized,
			       "the key is not known");
	}
}

static void check_row(struct rest_keys *keys, const struct key_row *key,
		      const struct sockaddr *from, struct rest_fault *fault)
{
	if (!key->found)
		fail_unknown(keys, from, fault);
	else if (key->revoked)
		rest_fault_set(fault, API_ERR_key_expired,
			       "the key was revoked");
	else if (key->expires_at && key->expires_at <= clock_wall_ms(keys->clk))
		rest_fault_set(fault,
			       key->device ? API_ERR_token_expired
					   : API_ERR_key_expired,
			       "the key has expired");
	else if (key->suspended && !has_scope(key->scopes, "platform"))
		rest_fault_set(fault, API_ERR_account_suspended,
			       "the key's account is suspended");
}

/* @return false: the fault is set */
static bool look_up(struct rest_keys *keys, struct key_row *key,
		    const char *token, const struct sockaddr *from,
		    struct rest_fault *fault)
{
	char hash[SECRET_SHA256_HEX];

	secret_sha256_hex(hash, token, strlen(token));
	key->device = str_starts(token, "bfd_");
	if (read_row(keys, key->device ? sql_device : sql_key, hash, on_key,
		     key))
		rest_fault_set(fault, API_ERR_unavailable,
			       "access keys cannot be looked up now");
	else
		check_row(keys, key, from, fault);

	return !fault->err;
}

/* Bifrons-Account: any account for the platform's keys, else only one's own */
static void choose_account(struct rest_keys *keys, struct rest_auth *auth,
			   const char *account, struct rest_fault *fault)
{
	bool found = false;

	if (!account || str_eq(account, auth->account_id))
		return;

	if (auth->platform && strlen(account) < sizeof(auth->account_id) &&
	    read_row(keys, sql_account, account, on_found, &found))
		rest_fault_set(fault, API_ERR_unavailable,
			       "accounts cannot be looked up now");
	else if (!found)
		rest_fault_set(fault, API_ERR_account_not_found,
			       "the account of Bifrons-Account is not there");
	else
		str_copy(auth->account_id, sizeof(auth->account_id), account);
}

bool rest_auth_check(struct rest_keys *keys, struct rest_auth *auth,
		     const struct rest_credentials *cred, const char *scope,
		     struct rest_fault *fault)
{
	const char *token = rest_bearer_token(cred->authorization);
	struct key_row key = {0};

	if (!cred->authorization)
		rest_fault_set(fault, API_ERR_unauthorized,
			       "send Authorization: Bearer KEY");
	else if (!token)
		fail_unknown(keys, cred->from, fault);
	else
		look_up(keys, &key, token, cred->from, fault);

	if (!fault->err && !rest_scope_allows(key.scopes, scope))
		rest_fault_set(fault, API_ERR_forbidden,
			       "the key lacks the scope %s", scope);
	if (fault->err) {
		json_decref(key.scopes);
		return false;
	}

	auth->known = true;
	auth->scopes = key.scopes;
	auth->platform = has_scope(key.scopes, "platform");
	str_copy(auth->key_id, sizeof(auth->key_id), key.id);
	str_copy(auth->account_id, sizeof(auth->account_id), key.account_id);
	choose_account(keys, auth, cred->account, fault);

	return !fault->err;
}

void rest_auth_clear(struct rest_auth *auth)
{
	json_decref(auth->scopes);
	memset(auth, 0, sizeof(*auth));
}
