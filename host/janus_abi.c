/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "host/janus_abi.h"

#include <errno.h>
#include <stdio.h>

/** From this version on, these API numbers hold (read in its headers) */
struct abi {
	int since;
	int api[3];
};

static const struct abi abis[] = {
	{1000, {100, 8, 3}}, {1100, {101, 8, 3}}, {1101, {102, 8, 3}},
	{1201, {103, 8, 3}}, {1202, {104, 8, 3}}, {1203, {105, 8, 3}},
	{1301, {106, 8, 3}},
};

static const char *const kind_names[] = {
	[JANUS_ABI_PLUGIN] = "plugin",
	[JANUS_ABI_TRANSPORT] = "transport",
	[JANUS_ABI_EVENTHANDLER] = "event handler",
};

int janus_abi_check(int version, enum janus_abi_kind kind, int compiled,
		    char *why, size_t size)
{
	int api = 0;
	size_t i;

	for (i = 0; i < sizeof(abis) / sizeof(abis[0]); ++i)
		if (version >= abis[i].since)
			api = abis[i].api[kind];

	if (api == compiled)
		return 0;

	(void)snprintf(why, size,
		       "this module was built for Janus %s API %d, but the "
		       "running Janus %d.%d.%d has %s API %d: build the module "
		       "against the headers of this Janus",
		       kind_names[kind], compiled, version / 1000,
		       version / 100 % 10, version % 100, kind_names[kind],
		       api);

	return EPROTO;
}
