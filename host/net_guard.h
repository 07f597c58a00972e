/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file net_guard.h  Which addresses customers' URLs may lead to
 *
 * Thread: any; pure. What a URL names is checked where it leads: the address
 * that is connected to, never the name.
 *
 * Nothing of the IANA special-purpose registries (RFC 6890) is public here,
 * not even what they call globally reachable: those are anycast services of
 * the network that one is in (AS112, AMT, PCP), no customer's web server.
 */
#ifndef BIFRONS_HOST_NET_GUARD_H
#define BIFRONS_HOST_NET_GUARD_H

#include <stdbool.h>
#include <sys/socket.h>

/** Is it an address that anybody may reach: not loopback, private (RFC 1918,
 * 4193), link-local, shared (6598), multicast, unspecified, reserved,
 * benchmarking or documentation? IPv4 inside IPv6 (mapped, NAT64) is judged
 * as IPv4; 6to4, Teredo and a NAT64 of the site's own lead who knows where.
 * NULL and families other than AF_INET and AF_INET6 are not public.
 */
bool net_guard_is_public(const struct sockaddr *addr);

#endif
