/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file config.h  The REST transport's configuration file
 *
 * Thread: the core's main thread, in init().
 */
#ifndef BIFRONS_REST_CONFIG_H
#define BIFRONS_REST_CONFIG_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

struct opt;

struct rest_config {
	json_t *doc; /**< holds the strings below */
	const char *bind;
	uint16_t port;             /**< 0: any free one (tests) */
	const char *tls_cert;      /**< PEM chain, or NULL: plain HTTP */
	const char *tls_key;       /**< PEM */
	const char *store;         /**< the store's SQLite file */
	const char *web_root;      /**< or NULL: no pages */
	const char *admin_secret;  /**< the core's, or NULL */
	size_t max_body_bytes;     /**< of one request */
	unsigned connection_limit; /**< at once */
	unsigned per_ip_limit;     /**< at once from one address, 0 = none */
	unsigned connection_timeout_s; /**< without a byte */
	unsigned request_timeout_s;    /**< first byte to last of a request */
	unsigned threads;
	unsigned in_flight;   /**< verbs that the core may owe us */
	unsigned deadline_ms; /**< for the core's answer */
	unsigned auth_failures_per_min;
	unsigned event_streams;             /**< at once */
	unsigned event_streams_per_account; /**< at once */
	unsigned event_heartbeat_s;         /**< silence before a comment */
	const char *log_level;
};

/** Every key: what conf/janus.transport.bifrons.jcfg is made from */
const struct opt *rest_config_opts(void);

/** Read and check a file.
 * @param whyp  Faults, a line each; g_free() it
 * @return 0, ENOENT or EINVAL
 */
int rest_config_load(struct rest_config **cfgp, const char *path, char **whyp);

struct rest_config *rest_config_free(struct rest_config *cfg);

#endif
