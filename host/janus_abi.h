/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file janus_abi.h  Does this Janus speak the API we were built for?
 *
 * Thread: any; pure. Janus itself refuses modules with an older API number
 * but loads newer ones without a word, and their structs differ: memory would
 * be corrupted. So each module asks here first in its init().
 */
#ifndef BIFRONS_HOST_JANUS_ABI_H
#define BIFRONS_HOST_JANUS_ABI_H

#include <stddef.h>

enum janus_abi_kind {
	JANUS_ABI_PLUGIN,
	JANUS_ABI_TRANSPORT,
	JANUS_ABI_EVENTHANDLER,
};

/** Compare the running Janus with the API that a module was compiled for.
 * @param version   janus_version of the process: 1102 is 1.1.2
 * @param compiled  JANUS_PLUGIN_API_VERSION and its like
 * @param why       Filled in when they differ: what was found, what to do
 * @return 0 or EPROTO
 */
int janus_abi_check(int version, enum janus_abi_kind kind, int compiled,
		    char *why, size_t size);

#endif
