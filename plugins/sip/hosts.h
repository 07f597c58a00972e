/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file hosts.h  Names that this machine knows by itself
 *
 * Thread: any. sofia asks DNS alone; who writes "localhost", or a name that
 * stands in /etc/hosts as in a container, means what stands there.
 */
#ifndef BIFRONS_SIP_HOSTS_H
#define BIFRONS_SIP_HOSTS_H

#include <stdbool.h>
#include <stddef.h>

#define SIPX_HOSTS_FILE "/etc/hosts"

/** The first address of a name in a hosts file
 * @param ip6  An IPv6 address, else an IPv4 address
 * @return 0, or ENOENT when it is not there
 */
int sipx_hosts_find(char *out, size_t size, const char *path, const char *name,
		    bool ip6);

#endif
