/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rest/limit.h"

#include <glib.h>
#include <netinet/in.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>

#include "common/secret.h"

enum {
	BUCKETS = 1024,
	WAYS = 4,
	TOKEN = 60000, /* of one failure; per_min of them drip a millisecond */
};

struct source {
	uint64_t key; /* keyed hash of the address; 0: free */
	int64_t at_ms;
	int64_t level; /* what has been used of the budget, in tokens */
};

struct rest_limit {
	/* set before start, then read-only */
	const struct clock *clk;
	int64_t per_min;
	uint8_t secret[16]; /* nobody can aim at another's place */

	pthread_mutex_t mtx;
	struct source table[BUCKETS][WAYS];
};

struct rest_limit *rest_limit_new(unsigned per_min, const struct clock *clk)
{
	struct rest_limit *limit = g_new0(struct rest_limit, 1);

	limit->clk = clk;
	limit->per_min = per_min;
	secret_random(limit->secret, sizeof(limit->secret));
	pthread_mutex_init(&limit->mtx, NULL);

	return limit;
}

void rest_limit_free(struct rest_limit *limit)
{
	if (!limit)
		return;

	pthread_mutex_destroy(&limit->mtx);
	g_free(limit);
}

static uint64_t source_key(const struct rest_limit *limit,
			   const struct sockaddr *from)
{
	uint8_t addr[16] = {0};
	uint8_t mac[32];
	size_t len = 0;
	uint64_t key;

	if (from && from->sa_family == AF_INET) {
		const struct sockaddr_in *in = (const void *)from;

		len = sizeof(in->sin_addr);
		memcpy(addr, &in->sin_addr, len);
	} else if (from && from->sa_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = (const void *)from;

		len = IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr) ? 16 : 8;
		memcpy(addr, &in6->sin6_addr, len);
	}
	secret_hmac_sha256(mac, limit->secret, sizeof(limit->secret), addr,
			   len);
	memcpy(&key, mac, sizeof(key));

	return key ? key : 1;
}

static struct source *find(struct rest_limit *limit, uint64_t key, int64_t now)
{
	struct source *row = limit->table[key % BUCKETS];
	struct source *oldest = row;
	unsigned i;

	for (i = 0; i < WAYS; ++i) {
		if (row[i].key == key)
			return &row[i];
		if (row[i].at_ms < oldest->at_ms)
			oldest = &row[i];
	}
	*oldest = (struct source){.key = key, .at_ms = now};

	return oldest;
}

unsigned rest_limit_fail(struct rest_limit *limit, const struct sockaddr *from)
{
	const uint64_t key = source_key(limit, from);
	const int64_t now = clock_mono_ms(limit->clk);
	const int64_t full = limit->per_min * TOKEN;
	struct source *src;
	int64_t over;

	pthread_mutex_lock(&limit->mtx);
	src = find(limit, key, now);
	src->level -= MIN(src->level, (now - src->at_ms) * limit->per_min);
	src->at_ms = now;
	over = src->level + TOKEN - full;
	if (over <= 0)
		src->level += TOKEN;
	pthread_mutex_unlock(&limit->mtx);

	if (over <= 0)
		return 0;

	/* milliseconds, then whole seconds, both rounded up */
	over = (over + limit->per_min - 1) / limit->per_min;

	return (unsigned)((over + 999) / 1000);
}
