/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/app_config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <glib.h>
#include <string.h>

#include "common/json.h"
#include "common/opt.h"
#include "common/str.h"
#include "host/config.h"

static const char *check_address(const char *value)
{
	unsigned char buf[16];

	if (inet_pton(AF_INET, value, buf) == 1 ||
	    inet_pton(AF_INET6, value, buf) == 1)
		return NULL;

	return "must be an IPv4 or IPv6 address";
}

static const char *check_ws_url(const char *value)
{
	if (str_starts(value, "ws://") || str_starts(value, "wss://"))
		return opt_check_no_controls(value);

	return "must begin with ws:// or wss://";
}

static const char *check_host_port(const char *value)
{
	if (strpbrk(value, " \t\"/?#@") || opt_check_no_controls(value))
		return "must be HOST or HOST:PORT";

	return NULL;
}

static const char *const log_levels[] = {"error", "warn", "info", "debug",
					 NULL};

static const char *const tts_providers[] = {"flite", "espeak-ng", "http", NULL};

static const struct opt opts[] = {
	{.name = "data_dir",
	 .type = OPT_STRING,
	 .flags = OPT_REQUIRED,
	 .min = 1,
	 .max = 1024,
	 .doc = "State directory: database, backups, the secret that encrypts "
		"secrets at rest"},
	{.name = "secret_file",
	 .type = OPT_STRING,
	 .min = 1,
	 .max = 1024,
	 .doc = "File of the 32-byte key that encrypts secrets at rest; "
		"secret.key in data_dir when left out"},
	{.name = "store",
	 .type = OPT_STRING,
	 .min = 1,
	 .max = 1024,
	 .doc = "SQLite file; bifrons.sqlite in data_dir when left out"},
	{.name = "bind",
	 .type = OPT_STRING,
	 .min = 2,
	 .max = 64,
	 .def = "\"127.0.0.1\"",
	 .check = check_address,
	 .doc = "Address that SIP and RTP listen on"},
	{.name = "public_address",
	 .type = OPT_STRING,
	 .min = 2,
	 .max = 64,
	 .check = check_address,
	 .doc = "Address that SDP and Contact say; bind when left out"},
	{.name = "sip_port",
	 .type = OPT_INT,
	 .min = 1,
	 .max = 65535,
	 .def = "5060",
	 .doc = "SIP over UDP and TCP"},
	{.name = "rtp_port_min",
	 .type = OPT_INT,
	 .min = 1024,
	 .max = 65534,
	 .def = "20000",
	 .doc = "First port of RTP; even ports are RTP, odd ones RTCP"},
	{.name = "rtp_port_max",
	 .type = OPT_INT,
	 .min = 1025,
	 .max = 65535,
	 .def = "24999",
	 .doc = "Last port of RTP"},
	{.name = "ws_url",
	 .type = OPT_STRING,
	 .min = 5,
	 .max = 512,
	 .check = check_ws_url,
	 .doc = "URL of Janus's WebSocket, as browsers reach it; they cannot "
		"call when it is left out"},
	{.name = "stun",
	 .type = OPT_STRING,
	 .min = 1,
	 .max = 255,
	 .check = check_host_port,
	 .doc = "STUN server for browsers, HOST or HOST:PORT"},
	{.name = "turn",
	 .type = OPT_STRING,
	 .min = 1,
	 .max = 255,
	 .check = check_host_port,
	 .doc = "TURN server for browsers, HOST or HOST:PORT; needs "
		"turn_secret"},
	{.name = "turn_secret",
	 .type = OPT_STRING,
	 .min = 1,
	 .max = 255,
	 .doc = "Secret shared with the TURN server, from which credentials "
		"of 12 hours are made"},
	{.name = "first_key",
	 .type = OPT_STRING,
	 .min = 20,
	 .max = 200,
	 .doc = "Value of the platform's first access key, stored (hashed) at "
		"the first start"},
	{.name = "demo",
	 .type = OPT_BOOL,
	 .def = "false",
	 .doc = "Make a demo flow, number, trunk and extension at the first "
		"start, and a new link to the phone page at each"},
	{.name = "max_calls",
	 .type = OPT_INT,
	 .min = 0,
	 .max = 100000,
	 .def = "2000",
	 .doc = "Calls at once on this node, 0 = no limit; over it 503"},
	{.name = "media_threads",
	 .type = OPT_INT,
	 .min = 0,
	 .max = 64,
	 .def = "0",
	 .doc = "Media threads, 0 = one per core"},
	{.name = "media_timeout_s",
	 .type = OPT_INT,
	 .min = 1,
	 .max = 86400,
	 .def = "60",
	 .doc = "A call without RTP and RTCP for so many seconds is ended"},
	{.name = "media_quota_bytes",
	 .type = OPT_INT,
	 .min = 0,
	 .max = INT64_C(1) << 50,
	 .def = "1073741824",
	 .doc = "An account's uploaded files in bytes, with what they are "
		"converted to; over it 422"},
	{.name = "flow_quota_bytes",
	 .type = OPT_INT,
	 .min = 0,
	 .max = INT64_C(1) << 50,
	 .def = "67108864",
	 .doc = "An account's flows in bytes: their actions as JSON, and 512 "
		"for each; over it 422. They are kept in memory, at several "
		"times that"},
	{.name = "media_program",
	 .type = OPT_STRING,
	 .min = 1,
	 .max = 1024,
	 .doc = "The program bifrons-media, which decodes files and speaks; "
		"where make install put it when left out"},
	{.name = "shed_lag_ms",
	 .type = OPT_INT,
	 .min = 5,
	 .max = 10000,
	 .def = "100",
	 .doc = "New calls get 503 while the control loop is so many "
		"milliseconds late"},
	{.name = "stranger_rate",
	 .type = OPT_INT,
	 .min = 0,
	 .max = 100000,
	 .def = "50",
	 .doc = "SIP requests a second from unknown sources that are "
		"answered; the rest is dropped"},
	{.name = "allow_private",
	 .type = OPT_BOOL,
	 .def = "false",
	 .doc = "URLs of flows may lead to loopback and private addresses; "
		"what is played or asked there is then within reach of "
		"everyone who may write a flow"},
	{.name = "cache_max_mib",
	 .type = OPT_INT,
	 .min = 1,
	 .max = 1 << 20,
	 .def = "1024",
	 .doc = "What is kept of fetched files and speech in data_dir/cache, "
		"in MiB; the longest unused goes first"},
	{.name = "fetch_max_mib",
	 .type = OPT_INT,
	 .min = 1,
	 .max = 4096,
	 .def = "50",
	 .doc = "Size of one file that is fetched to be played, in MiB"},
	{.name = "tts_provider",
	 .type = OPT_STRING,
	 .values = tts_providers,
	 .def = "\"flite\"",
	 .doc = "Who speaks when the action talk names nobody"},
	{.name = "tts_url",
	 .type = OPT_STRING,
	 .min = 1,
	 .max = 1024,
	 .check = opt_check_http_url,
	 .doc = "Server of the provider http, without /v1/audio/speech; "
		"OpenAI-style; may be on a private address. There is none "
		"when it is left out"},
	{.name = "tts_key",
	 .type = OPT_STRING,
	 .min = 1,
	 .max = 1024,
	 .check = opt_check_no_controls,
	 .doc = "Bearer key that it is sent"},
	{.name = "tts_model",
	 .type = OPT_STRING,
	 .min = 1,
	 .max = 128,
	 .def = "\"tts-1\"",
	 .doc = "Model that it is asked for"},
	{.name = "log_level",
	 .type = OPT_STRING,
	 .values = log_levels,
	 .def = "\"info\"",
	 .doc = "How much is logged"},
	OPT_END,
};

const struct opt *app_config_opts(void)
{
	return opts;
}

static unsigned num(const json_t *doc, const char *key)
{
	return (unsigned)json_int(doc, key, 0);
}

/* What the keys cannot say one by one. @return NULL when it is right */
static const char *fault_of(const struct app_config *cfg)
{
	if (str_eq(cfg->tts_provider, "http") && !cfg->tts_url)
		return "tts_provider: http needs tts_url";
	if (cfg->turn && !cfg->turn_secret)
		return "turn: needs turn_secret too";
	if (cfg->rtp_max <= cfg->rtp_min)
		return "rtp_port_max: must be above rtp_port_min";

	return NULL;
}

int app_config_load(struct app_config **cfgp, const char *path, char **whyp)
{
	struct app_config *cfg;
	const char *fault;
	json_t *doc = NULL;
	int err;

	if (!cfgp || !path || !whyp)
		return EINVAL;

	err = config_load(&doc, path, opts, whyp);
	if (err)
		return err;

	cfg = g_new0(struct app_config, 1);
	cfg->doc = doc;
	cfg->data_dir = json_str(doc, "data_dir", NULL);
	cfg->secret_file = json_str(doc, "secret_file", NULL);
	cfg->store = json_str(doc, "store", NULL);
	cfg->bind = json_str(doc, "bind", NULL);
	cfg->public_address = json_str(doc, "public_address", cfg->bind);
	cfg->ws_url = json_str(doc, "ws_url", NULL);
	cfg->stun = json_str(doc, "stun", NULL);
	cfg->turn = json_str(doc, "turn", NULL);
	cfg->turn_secret = json_str(doc, "turn_secret", NULL);
	cfg->first_key = json_str(doc, "first_key", NULL);
	cfg->log_level = json_str(doc, "log_level", NULL);
	cfg->sip_port = (uint16_t)num(doc, "sip_port");
	cfg->rtp_min = (uint16_t)num(doc, "rtp_port_min");
	cfg->rtp_max = (uint16_t)num(doc, "rtp_port_max");
	cfg->max_calls = num(doc, "max_calls");
	cfg->media_threads = num(doc, "media_threads");
	cfg->shed_lag_ms = num(doc, "shed_lag_ms");
	cfg->stranger_rate = num(doc, "stranger_rate");
	cfg->media_timeout_s = num(doc, "media_timeout_s");
	cfg->media_quota_bytes = json_int(doc, "media_quota_bytes", 0);
	cfg->flow_quota_bytes = json_int(doc, "flow_quota_bytes", 0);
	cfg->media_program = json_str(doc, "media_program", MEDIA_PROGRAM);
	cfg->cache_max_mib = json_int(doc, "cache_max_mib", 0);
	cfg->fetch_max_mib = json_int(doc, "fetch_max_mib", 0);
	cfg->tts_provider = json_str(doc, "tts_provider", NULL);
	cfg->tts_url = json_str(doc, "tts_url", NULL);
	cfg->tts_key = json_str(doc, "tts_key", NULL);
	cfg->tts_model = json_str(doc, "tts_model", NULL);
	cfg->demo = json_flag(doc, "demo", false);
	cfg->allow_private = json_flag(doc, "allow_private", false);

	fault = fault_of(cfg);
	if (fault) {
		*whyp = g_strdup_printf("%s: %s", path, fault);
		app_config_free(cfg);
		return EINVAL;
	}

	*cfgp = cfg;

	return 0;
}

struct app_config *app_config_free(struct app_config *cfg)
{
	if (cfg) {
		json_decref(cfg->doc);
		g_free(cfg);
	}

	return NULL;
}
