/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A trunk's hosts in their order, or the host that a URI names. Names are
 * looked up by sofia when it sends. */
#include "route.h"

#include <errno.h>
#include <ifaddrs.h>
#include <string.h>

#include "common/str.h"
#include "host/log.h"

#include "hosts.h"

enum {
	GIVE_UP_MS = 4000, /* a host that says nothing at all */
	HOSTS_MAX = 32
};

static const char no_route[] = "no_route";

int sipx_route_trunk(const struct sipx_stack *stack,
		     const struct leg_dial *dial,
		     const struct dir_trunk **trunkp)
{
	const struct dir_trunk *trunk;

	*trunkp = NULL;
	if (!dial->trunk_id || !*dial->trunk_id)
		return 0;
	trunk = directory_trunk(stack->dir, dial->trunk_id);
	if (!trunk || !str_eq(trunk->account_id, dial->account_id))
		return ENOENT;
	*trunkp = trunk;

	return 0;
}

/* ---- ourselves ---- */

static bool is_any(const char *address)
{
	return str_eq(address, "0.0.0.0") || str_eq(address, "::");
}

/* Does one of this machine's interfaces have it? */
static bool is_local(const struct sipx_target *target, uint16_t port)
{
	struct ifaddrs *all, *ifa;
	struct sipx_peer peer;
	char host[SIPX_PEER_SIZE];
	bool found = false;

	if (getifaddrs(&all))
		return false;
	for (ifa = all; ifa && !found; ifa = ifa->ifa_next) {
		const int family = ifa->ifa_addr ? ifa->ifa_addr->sa_family : 0;

		if (family != AF_INET && family != AF_INET6)
			continue;
		memcpy(&peer.addr, ifa->ifa_addr,
		       family == AF_INET ? sizeof(struct sockaddr_in)
					 : sizeof(struct sockaddr_in6));
		sipx_peer_host(host, sizeof(host), &peer);
		found = sipx_target_is(target, host, port);
	}
	freeifaddrs(all);

	return found;
}

void sipx_route_near(const struct sipx_stack *stack, struct sipx_target *target)
{
	char address[SIPX_HOST_SIZE];

	if (!sipx_hosts_find(address, sizeof(address), SIPX_HOSTS_FILE,
			     target->host, strchr(stack->bind, ':') != NULL))
		sipx_host_write(target->host, sizeof(target->host), address);
}

/* A call to our own socket would come in again, and go out again */
static bool is_us(const struct sipx_stack *stack,
		  const struct sipx_target *named)
{
	const uint16_t port = stack->port;
	struct sipx_target near = *named;
	const struct sipx_target *target = &near;

	sipx_route_near(stack, &near);

	return sipx_target_is(named, stack->public_address, port) ||
	       sipx_target_is(target, stack->public_address, port) ||
	       sipx_target_is(target, stack->bind, port) ||
	       sipx_target_is(named, "localhost", port) ||
	       (is_any(stack->bind) && is_local(target, port));
}

/* ---- a trunk's hosts ---- */

/* Where our requests to this host go, and how people read it.
 * @return 0, or ENOTSUP for one that we cannot use */
static int host_target(struct sipx_target *target, const struct dir_host *host)
{
	memset(target, 0, sizeof(*target));
	if (host->transport == DIR_TLS)
		return ENOTSUP;
	sipx_host_write(target->host, sizeof(target->host), host->host);
	target->port = host->port;
	if (host->transport == DIR_TCP)
		str_copy(target->params, sizeof(target->params),
			 ";transport=tcp");

	return 0;
}

static int add_host(struct leg_route *route, const struct sipx_stack *stack,
		    const struct dir_trunk *trunk, const struct dir_host *host)
{
	struct sipx_target target;
	char text[SIPX_HOST_SIZE + 8];
	int n;

	if (host_target(&target, host) || is_us(stack, &target))
		return ENOTSUP;

	memset(route, 0, sizeof(*route));
	sipx_target_host(text, sizeof(text), &target);
	n = g_snprintf(route->key, sizeof(route->key), "%s%s", text,
		       target.params);
	if (n < 0 || (size_t)n >= sizeof(route->key)) {
		log_warn("sip: trunk %s: host name too long", trunk->id);
		return ENOTSUP;
	}
	str_copy(route->host, sizeof(route->host), text);
	str_copy(route->trunk_id, sizeof(route->trunk_id), trunk->id);
	route->factory = &stack->factory;
	route->give_up_ms = GIVE_UP_MS;

	return 0;
}

/* RFC 2782: among hosts of one priority, by chance in proportion to weight.
 * @param n  How many there are; those chosen already are NULL */
static const struct dir_host *choose(struct sipx_stack *stack,
				     const struct dir_host **hosts, size_t n)
{
	const struct dir_host *host;
	uint64_t sum = 0, at;
	size_t i;

	for (i = 0; i < n; ++i)
		sum += hosts[i] ? hosts[i]->weight : 0;
	at = sum ? 1 + sipx_random(stack) % sum : 0;

	for (i = 0, sum = 0; i < n; ++i) {
		if (!hosts[i])
			continue;
		sum += hosts[i]->weight;
		if (sum < at)
			continue;
		host = hosts[i];
		hosts[i] = NULL;
		return host;
	}

	return NULL;
}

static unsigned add_hosts(struct sipx_stack *stack,
			  const struct dir_trunk *trunk,
			  struct leg_route *routes, unsigned n)
{
	const struct dir_host *group[HOSTS_MAX], *host;
	unsigned order = 0;
	size_t i = 0, k;

	while (i < trunk->nhosts) {
		const unsigned priority = trunk->hosts[i].priority;

		for (k = 0; i < trunk->nhosts && k < HOSTS_MAX &&
			    trunk->hosts[i].priority == priority;
		     ++i)
			group[k++] = &trunk->hosts[i];
		while (n < LEG_ROUTES_MAX && (host = choose(stack, group, k)))
			if (!add_host(&routes[n], stack, trunk, host))
				routes[n++].order = order++;
	}

	return n;
}

/* ---- a URI ---- */

static int add_uri(struct sipx_stack *stack, const struct leg_dial *dial,
		   struct leg_route *routes, unsigned *np)
{
	struct leg_route *route = &routes[*np];
	struct sipx_target target;
	char host[SIPX_HOST_SIZE + 8];

	if (*np >= LEG_ROUTES_MAX)
		return 0;
	if (sipx_target_parse(&target, dial->target) || is_us(stack, &target))
		return EINVAL;

	memset(route, 0, sizeof(*route));
	sipx_target_host(host, sizeof(host), &target);
	str_copy(route->host, sizeof(route->host), host);
	route->factory = &stack->factory;
	route->give_up_ms = GIVE_UP_MS;
	++*np;

	return 0;
}

/* ---- both ---- */

/* The number as the trunk wants it, or a URI's user */
static int target_user(char *out, size_t size, const struct leg_dial *dial,
		       const struct dir_trunk *trunk)
{
	char number[SIPX_TEXT_SIZE], digits[SIPX_TEXT_SIZE];
	const char *p = dial->target;
	size_t n = 0;

	if (!str_eq(dial->type, "tel"))
		return sipx_target_user(out, size, p);

	if (!sipx_is_number(p) || strlen(p) >= sizeof(digits))
		return EINVAL;
	for (; *p; ++p)
		if (!strchr("-.() ", *p))
			digits[n++] = *p;
	digits[n] = '\0';
	directory_write_number(number, sizeof(number), digits,
			       trunk->format_out, trunk->country);
	sipx_user_write(out, size, number);

	return 0;
}

int sipx_routes(void *arg, const struct leg_dial *dial,
		struct leg_route *routes, unsigned *np, const char **codep)
{
	struct sipx_stack *stack = arg;
	const bool tel = str_eq(dial->type, "tel");
	const struct dir_trunk *trunk;
	char user[SIPX_ESCAPED_SIZE];
	const unsigned before = *np;

	*codep = no_route;
	if (!tel && !str_eq(dial->type, "sip"))
		return ENOENT;
	if (sipx_route_trunk(stack, dial, &trunk) || (tel && !trunk))
		return ENOENT;
	if (!trunk)
		return add_uri(stack, dial, routes, np);
	if (target_user(user, sizeof(user), dial, trunk))
		return EINVAL;

	*np = add_hosts(stack, trunk, routes, before);
	if (*np > before)
		return 0;
	*codep = "trunk_down";

	return ENOENT;
}

int sipx_route_target(const struct sipx_stack *stack,
		      const struct leg_dial *dial,
		      const struct leg_route *route,
		      const struct dir_trunk *trunk, struct sipx_target *target)
{
	if (!trunk) {
		if (sipx_target_parse(target, dial->target) ||
		    is_us(stack, target))
			return EINVAL;
		sipx_route_near(stack, target);
		return 0;
	}
	if (sipx_target_parse(target, route->key))
		return EINVAL;
	if (!trunk->outbound_proxy)
		sipx_route_near(stack, target);

	return target_user(target->user, sizeof(target->user), dial, trunk);
}
