/* SPDX-License-Identifier: GPL-3.0-or-later */
/* config_load() over any file: it passes, or says why with a file and a line.
 */
#include <glib.h>
#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "host/config.h"

enum {
	INPUT_MAX = 64 * 1024
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const levels[] = {"info", "debug", NULL};
static const struct opt host_opts[] = {
	{.name = "host",
	 .type = OPT_STRING,
	 .flags = OPT_REQUIRED,
	 .check = opt_check_host},
	{.name = "port",
	 .type = OPT_INT,
	 .min = 1,
	 .max = 65535,
	 .def = "5060"},
	OPT_END,
};
static const struct opt host_item = {.type = OPT_OBJECT, .sub = host_opts};
static const struct opt ip_item = {.type = OPT_STRING, .check = opt_check_cidr};
static const struct opt rtp_opts[] = {
	{.name = "port_min",
	 .type = OPT_INT,
	 .min = 1024,
	 .max = 65534,
	 .def = "20000"},
	{.name = "ratio", .type = OPT_NUM, .max = 2, .def = "0.5"},
	OPT_END,
};
static const struct opt opts[] = {
	{.name = "level",
	 .type = OPT_STRING,
	 .values = levels,
	 .def = "\"info\""},
	{.name = "on", .type = OPT_BOOL, .def = "false"},
	{.name = "path", .type = OPT_STRING, .max = 64},
	{.name = "rtp", .type = OPT_OBJECT, .sub = rtp_opts},
	{.name = "proxies",
	 .type = OPT_ARRAY,
	 .max = 4,
	 .sub = &host_item,
	 .def = "[]"},
	{.name = "allowed",
	 .type = OPT_ARRAY,
	 .max = 4,
	 .sub = &ip_item,
	 .def = "[]"},
	{.name = "map", .type = OPT_MAP, .max = 4},
	{.name = "any", .type = OPT_ANY},
	OPT_END,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const int fd = memfd_create("config", MFD_CLOEXEC);
	json_t *cfg = NULL;
	char *why = NULL;
	char path[64];

	if (fd < 0 || size > INPUT_MAX ||
	    write(fd, data, size) != (ssize_t)size)
		goto out;

	/* opened anew by its name, as a file */
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (config_load(&cfg, path, opts, &why) == 0) {
		if (why || !json_is_object(cfg) || !json_object_get(cfg, "rtp"))
			abort();
	} else if (cfg || !why || !strchr(why, ':')) {
		abort();
	}
	json_decref(cfg);
	g_free(why);
out:
	if (fd >= 0)
		close(fd);

	return 0;
}
