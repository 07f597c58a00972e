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

static const struct opt delay[] = {
	{.type = OPT_INT, .min = 1, .max = 7 * 86400},
};

static const struct opt opts[] = {
	{.name = "store",
	 .type = OPT_STRING,
	 .flags = OPT_REQUIRED,
	 .min = 1,
	 .max = 1024,
	 .doc = "The call plugin's SQLite file: its events are followed"},
	{.name = "secret_file",
	 .type = OPT_STRING,
	 .min = 1,
	 .max = 1024,
	 .doc = "The call plugin's key file, which opens the secrets that "
		"sign; secret.key beside the store when left out"},
	{.name = "allow_private",
	 .type = OPT_BOOL,
	 .def = "false",
	 .doc = "Webhooks may lead to loopback and private addresses"},
	{.name = "ca_file",
	 .type = OPT_STRING,
	 .min = 1,
	 .max = 1024,
	 .doc = "Certificates (PEM) that endpoints' are verified with; the "
		"system's when left out"},
	{.name = "timeout_s",
	 .type = OPT_INT,
	 .min = 1,
	 .max = 60,
	 .def = "15",
	 .doc = "Seconds in which an endpoint must answer"},
	{.name = "retry_s",
	 .type = OPT_ARRAY,
	 .min = 0,
	 .max = RETRIES_MAX,
	 .sub = delay,
	 .def = "[5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400]",
	 .doc = "Seconds to wait after each attempt that failed, give or take "
		"a tenth; after the last one the delivery has failed"},
	{.name = "max_connections",
	 .type = OPT_INT,
	 .min = 1,
	 .max = 4096,
	 .def = "256",
	 .doc = "Requests on the way at once; each takes a descriptor"},
	{.name = "max_endpoint",
	 .type = OPT_INT,
	 .min = 1,
	 .max = 256,
	 .def = "8",
	 .doc = "Requests on the way to one URL at once"},
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

static void take_retries(struct retry_schedule *sched, const json_t *list)
{
	json_t *item;
	size_t i;

	json_array_foreach(list, i, item)
	{
		if (i < RETRIES_MAX)
			sched->delay_ms[sched->n++] =
				json_integer_value(item) * 1000;
	}
}

static void take(struct webhook_config *cfg)
{
	struct courier_params *prm = &cfg->courier;
	const json_t *doc = cfg->doc;

	prm->store = json_str(doc, "store", NULL);
	prm->secret_file = json_str(doc, "secret_file", NULL);
	prm->allow_private = json_flag(doc, "allow_private", false);
	prm->ca_file = json_str(doc, "ca_file", NULL);
	prm->timeout_ms = (unsigned)json_int(doc, "timeout_s", 0) * 1000;
	take_retries(&prm->retries, json_object_get(doc, "retry_s"));
	prm->max_connections = (unsigned)json_int(doc, "max_connections", 0);
	prm->max_endpoint = (unsigned)json_int(doc, "max_endpoint", 0);
	cfg->log_level = level_by_name(json_str(doc, "log_level", NULL));
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
	take(cfg);
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
