/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file config.h  The webhook module's configuration file
 *
 * Thread: the core's main thread, in init().
 */
#ifndef BIFRONS_WEBHOOK_CONFIG_H
#define BIFRONS_WEBHOOK_CONFIG_H

#include <stdbool.h>

#include "common/opt.h"
#include "host/log.h"

struct webhook_config {
	json_t *doc;        /**< holds the strings below */
	const char *store;  /**< the call plugin's SQLite file */
	bool allow_private; /**< addresses, for webhooks' URLs */
	enum log_level log_level;
};

/** Every key: what conf/janus.eventhandler.bifrons.jcfg is made from */
const struct opt *webhook_config_opts(void);

/** Read and check a file.
 * @param whyp  Faults, a line each; g_free() it
 * @return 0, ENOENT or EINVAL
 */
int webhook_config_load(struct webhook_config **cfgp, const char *path,
			char **whyp);

/** @return NULL */
struct webhook_config *webhook_config_free(struct webhook_config *cfg);

#endif
