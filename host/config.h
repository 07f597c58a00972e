/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file config.h  A .jcfg file checked against an option table
 *
 * Thread: init() of a module. libconfig reads the file, the table says what
 * it may hold; faults name file, line and key.
 */
#ifndef BIFRONS_HOST_CONFIG_H
#define BIFRONS_HOST_CONFIG_H

#include "common/opt.h"

/** Read and check a file.
 * @param cfgp  A JSON object as the table says, defaults filled in
 * @param whyp  On failure one fault a line, "FILE:LINE: KEY: what is wrong";
 *              g_free() it
 * @return 0, ENOENT, or EINVAL
 */
int config_load(json_t **cfgp, const char *path, const struct opt *opts,
		char **whyp);

/** Text (g_free() it) of a file with every key, its default and its unit in a
 * comment: how conf/ is made, and how a test finds it out of date
 */
char *config_sample(const struct opt *opts, const char *title);

#endif
