/* SPDX-License-Identifier: GPL-3.0-or-later */

/* How many calls, and how many a second: per account, per trunk, in all */

#include "call/call_priv.h"
#include "directory/directory.h"

enum {
	USAGES_MAX = 1024,  /**< then the idle ones are forgotten */
	RECORDS_PER_S = 10, /**< of refused calls */
	TOKEN = 1000000,
};

/** A token bucket: `rate` a second, a second's worth at once */
struct bucket {
	int64_t tokens; /**< in millionths */
	int64_t at_us;
	bool used;
};

/** What one account or trunk has up */
struct usage {
	int calls, incoming, outgoing;
	struct bucket cps, records;
};

void call_usage_free(void *arg)
{
	g_free(arg);
}

static gboolean is_idle(gpointer key, gpointer value, gpointer arg)
{
	const struct usage *usage = value;

	(void)key;
	(void)arg;

	return usage->calls == 0;
}

/* Before any is looked up: trunks come and go */
static void trim(struct call_table *table)
{
	if (g_hash_table_size(table->usages) >= USAGES_MAX)
		g_hash_table_foreach_remove(table->usages, is_idle, NULL);
}

static struct usage *usage_of(struct call_table *table, const char *id)
{
	struct usage *usage;

	if (!*id)
		return NULL;
	usage = g_hash_table_lookup(table->usages, id);
	if (usage)
		return usage;

	usage = g_new0(struct usage, 1);
	g_hash_table_insert(table->usages, g_strdup(id), usage);

	return usage;
}

/* Fill up to now. @return Whether there is a token to take */
static bool bucket_fill(struct bucket *bucket, int rate, int64_t now_us)
{
	const int64_t full = (int64_t)rate * TOKEN;
	const int64_t passed = now_us - bucket->at_us;

	if (!bucket->used || passed >= TOKEN)
		bucket->tokens = full; /* a second fills it */
	else
		bucket->tokens += passed * rate;
	if (bucket->tokens > full)
		bucket->tokens = full;
	bucket->used = true;
	bucket->at_us = now_us;

	return bucket->tokens >= TOKEN;
}

static bool is_over(int now, int max)
{
	return max > 0 && now >= max;
}

/* @return Which limit is reached, in words, or NULL */
static const char *over_account(const struct dir_account *acc,
				const struct usage *u, bool outgoing)
{
	if (!acc || !u)
		return NULL;
	if (is_over(u->calls, acc->max_calls))
		return "the account's max_calls";
	if (outgoing && is_over(u->outgoing, acc->max_outgoing))
		return "the account's max_outgoing";
	if (!outgoing && is_over(u->incoming, acc->max_incoming))
		return "the account's max_incoming";

	return NULL;
}

static void count(struct usage *usage, bool outgoing, int n)
{
	if (!usage)
		return;
	usage->calls += n;
	if (outgoing)
		usage->outgoing += n;
	else
		usage->incoming += n;
}

/* Is there a token in both? Only then one is taken from each.
 * @return Which limit is reached, in words, or NULL */
static const char *take_tokens(struct usage *acc, int acc_cps,
			       struct usage *trunk, int trunk_cps,
			       int64_t now_us)
{
	const bool by_acc = acc && acc_cps > 0;
	const bool by_trunk = trunk && trunk_cps > 0;

	if (by_acc && !bucket_fill(&acc->cps, acc_cps, now_us))
		return "the account's max_cps";
	if (by_trunk && !bucket_fill(&trunk->cps, trunk_cps, now_us))
		return "the trunk's max_cps";
	if (by_acc)
		acc->cps.tokens -= TOKEN;
	if (by_trunk)
		trunk->cps.tokens -= TOKEN;

	return NULL;
}

enum call_refusal call_limits_take(struct call *call)
{
	struct call_table *table = call->table;
	const struct directory *dir = table->env.dir;
	const struct dir_account *acc =
		directory_account(dir, call->account_id);
	const struct dir_trunk *trunk = NULL;
	struct usage *acc_usage, *trunk_usage;
	const int64_t now_us = clock_mono_us(table->env.clock);

	if (table->closed)
		return CALL_REFUSED_PLATFORM;
	if (!acc || acc->suspended)
		return CALL_REFUSED_ACCOUNT;
	if (table->env.max_calls && table->live >= table->env.max_calls) {
		call->over = "the platform's max_calls";
		return CALL_REFUSED_PLATFORM;
	}

	trim(table);
	acc_usage = usage_of(table, call->account_id);
	trunk_usage = usage_of(table, call->trunk_id);
	if (trunk_usage)
		trunk = directory_trunk(dir, call->trunk_id);
	call->over = over_account(acc, acc_usage, call->outgoing);
	if (!call->over && trunk &&
	    is_over(trunk_usage->calls, trunk->max_calls))
		call->over = "the trunk's max_calls";
	/* an outgoing one waits for its turn: call_limits_wait_ms() */
	if (!call->over && !call->outgoing)
		call->over = take_tokens(acc_usage, acc->max_cps, trunk_usage,
					 trunk ? trunk->max_cps : 0, now_us);
	if (call->over)
		return CALL_REFUSED_LIMIT;

	count(acc_usage, call->outgoing, 1);
	count(trunk_usage, call->outgoing, 1);
	++table->live;
	call->counted = true;

	return CALL_TAKEN;
}

/* When a bucket without a token has one */
static int64_t refill_ms(const struct usage *usage, int cps)
{
	if (!usage || cps <= 0 || usage->cps.tokens >= TOKEN)
		return 0;

	return (TOKEN - usage->cps.tokens) / cps / 1000 + 1;
}

int64_t call_limits_wait_ms(struct call *call)
{
	struct call_table *table = call->table;
	const struct directory *dir = table->env.dir;
	const struct dir_account *acc =
		directory_account(dir, call->account_id);
	const struct dir_trunk *trunk = NULL;
	struct usage *acc_usage, *trunk_usage;
	const int acc_cps = acc ? acc->max_cps : 0;
	int64_t acc_ms, trunk_ms;

	acc_usage = usage_of(table, call->account_id);
	trunk_usage = usage_of(table, call->trunk_id);
	if (trunk_usage)
		trunk = directory_trunk(dir, call->trunk_id);
	if (!take_tokens(acc_usage, acc_cps, trunk_usage,
			 trunk ? trunk->max_cps : 0,
			 clock_mono_us(table->env.clock)))
		return 0;

	acc_ms = refill_ms(acc_usage, acc_cps);
	trunk_ms = trunk ? refill_ms(trunk_usage, trunk->max_cps) : 0;

	return MAX(1, MAX(acc_ms, trunk_ms));
}

void call_limits_give(struct call *call)
{
	struct call_table *table = call->table;

	if (!call->counted)
		return;
	call->counted = false;
	count(g_hash_table_lookup(table->usages, call->account_id),
	      call->outgoing, -1);
	if (*call->trunk_id)
		count(g_hash_table_lookup(table->usages, call->trunk_id),
		      call->outgoing, -1);
	--table->live;
}

bool call_limits_may_record(struct call *call)
{
	struct usage *usage =
		usage_of(call->table,
			 *call->trunk_id ? call->trunk_id : call->account_id);
	const int64_t now_us = clock_mono_us(call->table->env.clock);

	if (!usage || !bucket_fill(&usage->records, RECORDS_PER_S, now_us))
		return false;
	usage->records.tokens -= TOKEN;

	return true;
}
