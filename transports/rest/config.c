/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rest/config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <glib.h>

#include "common/json.h"
#include "common/opt.h"
#include "host/config.h"

static const char *check_address(const char *value)
{
	unsigned char buf[16];

	if (inet_pton(AF_INET, value, buf) == 1 ||
	    inet_pton(AF_INET6, value, buf) == 1)
		return NULL;

	return "must be an IPv4 or IPv6 address";
}

static const char *const log_levels[] = {"error", "warn", "info", "debug",
					 NULL};

static const struct opt opts[] = {
	{.name = "bind",
	 .type = OPT_STRING,
	 .min = 2,
	 .max = 64,
	 .def = "\"127.0.0.1\"",
	 .check = check_address,
	 .doc = "Address that HTTP listens on"},
	{.name = "port",
	 .type = OPT_INT,
	 .min = 1,
	 .max = 65535,
	 .def = "8080",
	 .doc = "TCP port of HTTP, or of HTTPS with tls_cert"},
	{.name = "tls_cert",
	 .type = OPT_STRING,
	 .min = 1,
	 .max = 1024,
	 .doc = "PEM file of the certificate and its chain, re-read when it "
		"changes; plain HTTP when left out"},
	{.name = "tls_key",
	 .type = OPT_STRING,
	 .min = 1,
	 .max = 1024,
	 .doc = "PEM file of the certificate's private key, re-read likewise"},
	{.name = "store",
	 .type = OPT_STRING,
	 .flags = OPT_REQUIRED,
	 .min = 1,
	 .max = 1024,
	 .doc = "The call plugin's SQLite file: access keys are looked up in "
		"it"},
	{.name = "admin_secret",
	 .type = OPT_STRING,
	 .min = 1,
	 .max = 256,
	 .doc = "admin_secret of janus.jcfg; none when left out"},
	{.name = "web_root",
	 .type = OPT_STRING,
	 .min = 1,
	 .max = 1024,
	 .doc = "Folder of the built web pages (web/dist); there are none when "
		"left out"},
	{.name = "max_body_bytes",
	 .type = OPT_INT,
	 .min = 1024,
	 .max = 67108864,
	 .def = "1048576",
	 .doc = "A request's body in bytes; over it 413"},
	{.name = "connection_limit",
	 .type = OPT_INT,
	 .min = 4,
	 .max = 100000,
	 .def = "4096",
	 .doc = "Connections at once; more wait to be accepted"},
	{.name = "per_ip_limit",
	 .type = OPT_INT,
	 .min = 0,
	 .max = 100000,
	 .def = "2048",
	 .doc = "Connections at once from one address, 0 = no limit; more are "
		"closed"},
	{.name = "connection_timeout_s",
	 .type = OPT_INT,
	 .min = 1,
	 .max = 3600,
	 .def = "15",
	 .doc = "A connection without a byte for so many seconds is closed"},
	{.name = "request_timeout_s",
	 .type = OPT_INT,
	 .min = 1,
	 .max = 3600,
	 .def = "30",
	 .doc = "A request that has not arrived whole after so many seconds "
		"is cut off"},
	{.name = "threads",
	 .type = OPT_INT,
	 .min = 1,
	 .max = 64,
	 .def = "2",
	 .doc = "Threads that serve connections"},
	{.name = "in_flight",
	 .type = OPT_INT,
	 .min = 1,
	 .max = 65536,
	 .def = "256",
	 .doc = "Requests at once inside the call plugin; over it 503"},
	{.name = "deadline_ms",
	 .type = OPT_INT,
	 .min = 100,
	 .max = 60000,
	 .def = "2500",
	 .doc = "The call plugin's answer is waited for so many "
		"milliseconds; then 503. The plugin itself gives up after "
		"2000"},
	{.name = "auth_failures_per_min",
	 .type = OPT_INT,
	 .min = 1,
	 .max = 100000,
	 .def = "30",
	 .doc = "Wrong credentials a minute from one address that get 401; "
		"more get 429"},
	{.name = "event_streams",
	 .type = OPT_INT,
	 .min = 1,
	 .max = 100000,
	 .def = "2000",
	 .doc = "Streams of GET /v1/events at once; over it 503"},
	{.name = "event_streams_per_account",
	 .type = OPT_INT,
	 .min = 1,
	 .max = 100000,
	 .def = "1000",
	 .doc = "Likewise of one account; over it 429"},
	{.name = "event_heartbeat_s",
	 .type = OPT_INT,
	 .min = 1,
	 .max = 300,
	 .def = "15",
	 .doc = "An event stream that was silent for so many seconds gets a "
		"comment"},
	{.name = "log_level",
	 .type = OPT_STRING,
	 .values = log_levels,
	 .def = "\"info\"",
	 .doc = "How much is logged"},
	OPT_END,
};

const struct opt *rest_config_opts(void)
{
	return opts;
}

static unsigned num(const json_t *doc, const char *key)
{
	return (unsigned)json_int(doc, key, 0);
}

int rest_config_load(struct rest_config **cfgp, const char *path, char **whyp)
{
	struct rest_config *cfg;
	json_t *doc = NULL;
	int err;

	if (!cfgp || !path || !whyp)
		return EINVAL;

	err = config_load(&doc, path, opts, whyp);
	if (err)
		return err;

	cfg = g_new0(struct rest_config, 1);
	cfg->doc = doc;
	cfg->bind = json_str(doc, "bind", NULL);
	cfg->port = (uint16_t)num(doc, "port");
	cfg->tls_cert = json_str(doc, "tls_cert", NULL);
	cfg->tls_key = json_str(doc, "tls_key", NULL);
	cfg->store = json_str(doc, "store", NULL);
	cfg->admin_secret = json_str(doc, "admin_secret", NULL);
	cfg->web_root = json_str(doc, "web_root", NULL);
	cfg->max_body_bytes = num(doc, "max_body_bytes");
	cfg->connection_limit = num(doc, "connection_limit");
	cfg->per_ip_limit = num(doc, "per_ip_limit");
	cfg->connection_timeout_s = num(doc, "connection_timeout_s");
	cfg->request_timeout_s = num(doc, "request_timeout_s");
	cfg->threads = num(doc, "threads");
	cfg->in_flight = num(doc, "in_flight");
	cfg->deadline_ms = num(doc, "deadline_ms");
	cfg->auth_failures_per_min = num(doc, "auth_failures_per_min");
	cfg->event_streams = num(doc, "event_streams");
	cfg->event_streams_per_account = num(doc, "event_streams_per_account");
	cfg->event_heartbeat_s = num(doc, "event_heartbeat_s");
	cfg->log_level = json_str(doc, "log_level", NULL);

	if (!cfg->tls_cert != !cfg->tls_key) {
		*whyp = g_strdup_printf(
			"%s: %s: is needed too: HTTPS takes a certificate and "
			"its key",
			path, cfg->tls_cert ? "tls_key" : "tls_cert");
		rest_config_free(cfg);
		return EINVAL;
	}

	*cfgp = cfg;

	return 0;
}

struct rest_config *rest_config_free(struct rest_config *cfg)
{
	if (cfg) {
		json_decref(cfg->doc);
		g_free(cfg);
	}

	return NULL;
}
