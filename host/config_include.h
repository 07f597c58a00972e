/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file config_include.h  Which files a .jcfg file may take in
 *
 * Thread: init() of a module. Private to host/.
 */
#ifndef BIFRONS_HOST_CONFIG_INCLUDE_H
#define BIFRONS_HOST_CONFIG_INCLUDE_H

#include <glib.h>

/** Look through a file and what it includes before libconfig opens them: each
 * must be a plain, not too large file that lies beside the first one.
 * @param why  On EINVAL "FILE:LINE: @include: what is wrong\n" is appended
 * @return 0, ENOENT without the first file, or EINVAL
 */
int config_include_check(const char *path, GString *why);

#endif
