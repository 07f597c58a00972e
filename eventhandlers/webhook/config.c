/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "webhook/config.h"

#include <errno.h>
#include <glib.h>

#include "common/json.h"
#include "common/str.h"
#include "host/config.h"

static const char *const log_levels[] = {
	[LOG_AT_ERROR] = "error", [LOG_AT_WARN] = "warn",
	[LOG_AT_INFO] = "info",   [LOG_AT_DEBUG] = "debug",
	[LOG_AT_NLEVELS] = NULL,
};

static const struct opt opts[] = {
	{.name = "store",
	 .type = OPT_STRING,
	 .flags = OPT_REQUIRED,
	 .min = 1,
	 .max = 1024,
	 .doc = "The call plugin's SQLite file: its events are followed"},
	{.name = "allow_private",
	 .type = OPT_BOOL,
	 .def = "false",
	 .doc = "Webhooks may lead to loopback and private addresses"},
	{.name = "log_level",
	 .type = OPT_STRING,
	 .values = log_levels,
	 .def = "\"info\"",
	 .doc = "How much is logged"},
	OPT_END,
};

const struct opt *webhook_config_opts(void)
{
	return opts;
}

static enum log_level level_by_name(const char *name)
{
	int level;

	for (level = 0; level < LOG_AT_NLEVELS; ++level)
		if (str_eq(log_levels[level], name))
			return (enum log_level)level;

	return LOG_AT_INFO;
}

int webhook_config_load(struct webhook_config **cfgp, const char *path,
			char **whyp)
{
	struct webhook_config *cfg;
	json_t *doc = NULL;
	int err;

	if (!cfgp || !path || !whyp)
		return EINVAL;

	err = config_load(&doc, path, opts, whyp);
	if (err)
		return err;

	cfg = g_new0(struct webhook_config, 1);
	cfg->doc = doc;
	cfg->store = json_str(doc, "store", NULL);
	cfg->allow_private = json_flag(doc, "allow_private", false);
	cfg->log_level = level_by_name(json_str(doc, "log_level", NULL));
	*cfgp = cfg;

	return 0;
}

struct webhook_config *webhook_config_free(struct webhook_config *cfg)
{
	if (cfg) {
		json_decref(cfg->doc);
		g_free(cfg);
	}

	return NULL;
}
