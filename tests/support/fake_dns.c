/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "support/fake_dns.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <glib.h>
#include <netdb.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* One for the program, as its getaddrinfo() is */
static struct {
	pthread_mutex_t mtx;
	pthread_cond_t cond;
	GHashTable *names; /* name -> addresses */
	bool hold;
	unsigned held, lookups;
} dns = {.mtx = PTHREAD_MUTEX_INITIALIZER, .cond = PTHREAD_COND_INITIALIZER};

void fake_dns_set(const char *name, const char *addresses)
{
	pthread_mutex_lock(&dns.mtx);
	if (!dns.names)
		dns.names = g_hash_table_new_full(g_str_hash, g_str_equal,
						  g_free, g_free);
	if (addresses)
		g_hash_table_insert(dns.names, g_strdup(name),
				    g_strdup(addresses));
	else
		g_hash_table_remove(dns.names, name);
	if (!g_hash_table_size(dns.names)) {
		g_hash_table_unref(dns.names);
		dns.names = NULL;
	}
	pthread_mutex_unlock(&dns.mtx);
}

static void set_hold(bool hold)
{
	pthread_mutex_lock(&dns.mtx);
	dns.hold = hold;
	pthread_cond_broadcast(&dns.cond);
	pthread_mutex_unlock(&dns.mtx);
}

void fake_dns_hold(void)
{
	set_hold(true);
}

/* Returns when all have gone on: what they stand on may be taken away then */
void fake_dns_release(void)
{
	set_hold(false);
	pthread_mutex_lock(&dns.mtx);
	while (dns.held)
		pthread_cond_wait(&dns.cond, &dns.mtx);
	pthread_mutex_unlock(&dns.mtx);
}

void fake_dns_wait_held(unsigned n)
{
	pthread_mutex_lock(&dns.mtx);
	while (dns.held < n)
		pthread_cond_wait(&dns.cond, &dns.mtx);
	pthread_mutex_unlock(&dns.mtx);
}

unsigned fake_dns_lookups(void)
{
	unsigned n;

	pthread_mutex_lock(&dns.mtx);
	n = dns.lookups;
	pthread_mutex_unlock(&dns.mtx);

	return n;
}

/* Like glibc's: one block each, which freeaddrinfo() frees */
static struct addrinfo *entry(const char *text, const struct addrinfo *hints,
			      uint16_t port)
{
	struct addrinfo *ai =
		calloc(1, sizeof(*ai) + sizeof(struct sockaddr_in6));
	struct sockaddr_in6 *in6 = (void *)(ai + 1);
	struct sockaddr_in *in4 = (void *)(ai + 1);

	ai->ai_addr = (void *)(ai + 1);
	ai->ai_socktype =
		hints && hints->ai_socktype ? hints->ai_socktype : SOCK_STREAM;
	if (inet_pton(AF_INET, text, &in4->sin_addr) == 1) {
		in4->sin_family = AF_INET;
		in4->sin_port = htons(port);
		ai->ai_addrlen = sizeof(*in4);
	} else if (inet_pton(AF_INET6, text, &in6->sin6_addr) == 1) {
		in6->sin6_family = AF_INET6;
		in6->sin6_port = htons(port);
		ai->ai_addrlen = sizeof(*in6);
	} else {
		abort();
	}
	ai->ai_family = ai->ai_addr->sa_family;

	return ai;
}

static int answer(const char *addresses, const char *service,
		  const struct addrinfo *hints, struct addrinfo **res)
{
	const guint64 port = service ? g_ascii_strtoull(service, NULL, 10) : 0;
	char **list = g_strsplit(addresses, " ", -1), **text;
	struct addrinfo **tail = res;

	*res = NULL;
	for (text = list; *text && **text; ++text) {
		*tail = entry(*text, hints, (uint16_t)port);
		tail = &(*tail)->ai_next;
	}
	g_strfreev(list);

	return *res ? 0 : EAI_NONAME;
}

typedef int(lookup_h)(const char *node, const char *service,
		      const struct addrinfo *hints, struct addrinfo **res);

__attribute__((visibility("default"))) int
getaddrinfo(const char *restrict node, const char *restrict service,
	    const struct addrinfo *restrict hints,
	    struct addrinfo **restrict res)
{
	const char *known;
	char *addresses;
	lookup_h *real;
	int rc;

	pthread_mutex_lock(&dns.mtx);
	known = node && dns.names ? g_hash_table_lookup(dns.names, node) : NULL;
	addresses = g_strdup(known);
	if (known) {
		++dns.lookups;
		++dns.held;
		pthread_cond_broadcast(&dns.cond);
		while (dns.hold)
			pthread_cond_wait(&dns.cond, &dns.mtx);
		--dns.held;
		pthread_cond_broadcast(&dns.cond);
	}
	pthread_mutex_unlock(&dns.mtx);

	if (!addresses) {
		*(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
		return real ? real(node, service, hints, res) : EAI_FAIL;
	}
	rc = answer(addresses, service, hints, res);
	g_free(addresses);

	return rc;
}
