/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of the spool share. Thread: the courier's */
#ifndef BIFRONS_WEBHOOK_SPOOL_PRIV_H
#define BIFRONS_WEBHOOK_SPOOL_PRIV_H

#include "host/db_write.h"
#include "webhook/spool.h"

#define SPOOL_READ(spool, sql, handler, arg, ...)                              \
	db_write_read((spool)->db, (sql),                                      \
		      (const struct db_value[]){__VA_ARGS__},                  \
		      sizeof((const struct db_value[]){__VA_ARGS__}) /         \
			      sizeof(struct db_value),                         \
		      (handler), (arg))

struct spool {
	struct db_write *db;
};

/** Set a row of meta */
int spool_set_meta(struct spool *spool, const char *key, const char *value);

#endif
