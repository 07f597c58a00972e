/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file net_guard.h  Which addresses customers' URLs may lead to
 *
 * Thread: any; pure. What a URL names is checked where it leads: the address
 * that is connected to, never the name.
 */
#ifndef BIFRONS_HOST_NET_GUARD_H
#define BIFRONS_HOST_NET_GUARD_H

#include <stdbool.h>
#include <sys/socket.h>

/** Is it an address that anybody may reach: not loopback, private (RFC 1918,
 * 4193), link-local, shared (6598), multicast, unspecified, reserved or
 * documentation (6890), nor one of these within IPv6 (mapped, 6to4, NAT64)?
 */
bool net_guard_is_public(const struct sockaddr *addr);

#endif
