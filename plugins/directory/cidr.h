/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file cidr.h  Networks: read, mask, compare
 *
 * Thread: any. IPv4 in IPv6 (::ffff:192.0.2.1) is IPv4 everywhere.
 */
#ifndef BIFRONS_DIRECTORY_CIDR_H
#define BIFRONS_DIRECTORY_CIDR_H

#include "directory/directory.h"

/** "192.0.2.0/24", "192.0.2.1", "2001:db8::/32", "[::1]"; bits beyond the
 * length are cleared. @return 0 or EINVAL
 */
int dir_cidr_parse(struct dir_cidr *cidr, const char *text);

/** The address as a network of full length.
 * @return 0, or EINVAL for another family
 */
int dir_cidr_of_sockaddr(struct dir_cidr *cidr, const struct sockaddr *sa);

/** Shorten to `bits` */
void dir_cidr_mask(struct dir_cidr *cidr, unsigned bits);

/** Have they an address in common? */
bool dir_cidr_overlaps(const struct dir_cidr *a, const struct dir_cidr *b);

#endif
