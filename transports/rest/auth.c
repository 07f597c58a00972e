/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rest/auth.h"

#include <netinet/in.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>

#include "common/json.h"
#include "common/secret.h"
#include "common/str.h"
#include "rest/limit.h"
#include "rest/store.h"

enum {
	MAX_TOKEN = 256
};

static const char sql_key[] =
	"SELECT k.id, k.account_id, k.scopes, k.expires_at, k.revoked_at,"
	" a.status, NULL FROM access_key k"
	" JOIN account a ON a.id = k.account_id WHERE k.token_hash = ?1";
/* of a browser: no scopes, so that it opens what any key opens */
static const char sql_device[] =
	"SELECT t.id, t.account_id, '', NULL, NULL, a.status, t.expires_at"
	" FROM device_token t JOIN account a ON a.id = t.account_id"
	" WHERE t.token_hash = ?1";
/* what its key may do, for the account that it was made for */
static const char sql_ticket[] =
	"SELECT k.id, t.account_id, k.scopes, k.expires_at, k.revoked_at,"
	" a.status, t.expires_at FROM event_ticket t"
	" JOIN access_key k ON k.id = t.key_id"
	" JOIN account a ON a.id = t.account_id WHERE t.token_hash = ?1";
static const char sql_account[] = "SELECT id FROM account WHERE id = ?1";

struct rest_keys {
	/* set before start, then read-only */
	struct rest_store *store;
	const struct clock *clk;
	struct rest_limit *limit;

	/* any thread */
	atomic_uint_least64_t failures;
};

/* A row of access_key and its account, and what stands for the key */
struct key_row {
	bool found;
	char id[64], account_id[64];
	json_t *scopes;
	int64_t expires_at, token_expires_at; /* 0: never */
	bool revoked, suspended;
};

struct rest_keys *rest_keys_new(const struct rest_keys_params *prm)
{
	struct rest_keys *keys = g_new0(struct rest_keys, 1);

	keys->store = prm->store;
	keys->clk = prm->clk;
	keys->limit = rest_limit_new(prm->failures_per_min, prm->clk);

	return keys;
}

void rest_keys_free(struct rest_keys *keys)
{
	if (!keys)
		return;

	rest_limit_free(keys->limit);
	g_free(keys);
}

uint64_t rest_keys_failures(struct rest_keys *keys)
{
	return atomic_load(&keys->failures);
}

static int read_row(struct rest_keys *keys, const char *sql, const char *param,
		    db_row_h *row, void *arg)
{
	const struct db_value params[] = {DB_S(param)};

	return rest_store_read(keys->store, sql, params, 1, row, arg);
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
	key->token_expires_at = db_int(row, 6);

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

static bool is_over(const struct rest_keys *keys, int64_t expires_at)
{
	return expires_at && expires_at <= clock_wall_ms(keys->clk);
}

/* Of a key that was found. @return API_OK or what is wrong with it */
static enum api_err check_row(const struct rest_keys *keys,
			      const struct key_row *key)
{
	if (key->revoked || is_over(keys, key->expires_at))
		return API_ERR_key_expired;
	if (is_over(keys, key->token_expires_at))
		return API_ERR_token_expired;
	if (key->suspended && !has_scope(key->scopes, "platform"))
		return API_ERR_account_suspended;

	return API_OK;
}

static void set_fault(struct rest_fault *fault, enum api_err err,
		      const struct key_row *key)
{
	if (err == API_ERR_account_suspended)
		rest_fault_set(fault, err, "the key's account is suspended");
	else if (err)
		rest_fault_set(fault, err, "the key %s",
			       key->revoked ? "was revoked" : "has expired");
}

static const char *sql_of(const char *token, bool is_ticket)
{
	if (is_ticket)
		return sql_ticket;

	return str_starts(token, "bfd_") ? sql_device : sql_key;
}

/* @return false: the fault is set */
static bool look_up(struct rest_keys *keys, struct rest_auth *auth,
		    struct key_row *key, const char *token,
		    const struct sockaddr *from, struct rest_fault *fault)
{
	secret_sha256_hex(auth->token_hash, token, strlen(token));
	if (read_row(keys, sql_of(token, auth->is_ticket), auth->token_hash,
		     on_key, key))
		rest_fault_set(fault, API_ERR_unavailable,
			       "access keys cannot be looked up now");
	else if (!key->found)
		fail_unknown(keys, from, fault);
	else
		set_fault(fault, check_row(keys, key), key);

	return !fault->err;
}

bool rest_auth_holds(struct rest_keys *keys, const char *token_hash,
		     bool is_ticket, const char *scope)
{
	struct key_row key = {0};
	bool holds = true;

	if (!read_row(keys, is_ticket ? sql_ticket : sql_key, token_hash,
		      on_key, &key))
		holds = key.found && !check_row(keys, &key) &&
			rest_scope_allows(key.scopes, scope);
	json_decref(key.scopes);

	return holds;
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
	const bool is_ticket = !cred->authorization && cred->ticket;
	const char *token = is_ticket ? cred->ticket
				      : rest_bearer_token(cred->authorization);
	struct key_row key = {0};

	auth->is_ticket = is_ticket;
	if (!cred->authorization && !is_ticket)
		rest_fault_set(fault, API_ERR_unauthorized,
			       "send Authorization: Bearer KEY");
	else if (!token)
		fail_unknown(keys, cred->from, fault);
	else
		look_up(keys, auth, &key, token, cred->from, fault);

	if (!fault->err && !rest_scope_allows(key.scopes, scope))
		rest_fault_set(fault, API_ERR_forbidden,
			       "the key lacks the scope %s", scope);
	if (fault->err) {
		json_decref(key.scopes);
		return false;
	}

	auth->known = true;
	auth->scopes = key.scopes;
	/* a ticket is for one account */
	auth->platform = !is_ticket && has_scope(key.scopes, "platform");
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
