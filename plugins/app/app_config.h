/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file app_config.h  The call plugin's configuration file
 *
 * Thread: the core's main thread, in init().
 */
#ifndef BIFRONS_APP_APP_CONFIG_H
#define BIFRONS_APP_APP_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

struct opt;

struct app_config {
	json_t *doc; /**< holds the strings below */
	const char *data_dir;
	const char *secret_file; /**< NULL: in the data directory */
	const char *store;       /**< path of the SQLite file, NULL: likewise */
	const char *bind, *public_address;
	const char *ws_url; /**< the four: or NULL */
	const char *stun, *turn, *turn_secret;
	const char *first_key; /**< or NULL */
	const char *log_level;
	uint16_t sip_port;
	uint16_t rtp_min, rtp_max;
	unsigned max_calls;
	unsigned media_threads;
	unsigned shed_lag_ms;
	unsigned stranger_rate;
	unsigned media_timeout_s;
	int64_t media_quota_bytes; /**< uploaded files, of one account */
	int64_t flow_quota_bytes;  /**< stored flows, of one account */
	const char *media_program;
	bool demo;
	int64_t cache_max_mib, fetch_max_mib;
	const char *tts_provider, *tts_model;
	const char *tts_url, *tts_key; /**< or NULL */
	bool allow_private;            /**< addresses, for URLs of flows */
};

/** Every key: what conf/janus.plugin.bifrons.jcfg is made from */
const struct opt *app_config_opts(void);

/** Read and check a file.
 * @param whyp  Faults, a line each; g_free() it
 * @return 0, ENOENT or EINVAL
 */
int app_config_load(struct app_config **cfgp, const char *path, char **whyp);

struct app_config *app_config_free(struct app_config *cfg);

#endif
