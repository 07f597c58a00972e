/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file store_rig.h  A store on a loop of its own, in a folder of its own
 *
 * Thread: the test's.
 */
#ifndef BIFRONS_TESTS_SUPPORT_STORE_RIG_H
#define BIFRONS_TESTS_SUPPORT_STORE_RIG_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "store/backend.h"

struct store_rig {
	char dir[64], path[96];
	struct loop *loop;
	struct store *store;

	/* guarded by mtx */
	pthread_mutex_t mtx;
	pthread_cond_t cond;
	unsigned answered;
	bool held, holding;

	char why[STORE_WHY_SIZE]; /**< of the last failure */
	atomic_uint rings;
	_Atomic int64_t last_row;
};

/** A transaction on its way */
struct store_rig_wait {
	struct store_rig *rig;
	bool done;
	int err;
	unsigned order; /**< in which it was answered */
};

/** Make the folder; nothing is open yet */
void store_rig_dir(struct store_rig *rig);
void store_rig_remove(struct store_rig *rig);

void store_rig_open(struct store_rig *rig);
void store_rig_open_with(struct store_rig *rig,
			 const struct store_backend *backend);
void store_rig_close(struct store_rig *rig);

/** Hand over from the loop, do not wait */
void store_rig_start(struct store_rig *rig, struct store_tx *tx,
		     struct store_rig_wait *wait);
/** @return The transaction's err */
int store_rig_wait(struct store_rig *rig, struct store_rig_wait *wait);
/** Both. @return The transaction's err */
int store_rig_commit(struct store_rig *rig, struct store_tx *tx);

/** Between the two what is started waits on the loop, then comes at once */
void store_rig_hold(struct store_rig *rig);
void store_rig_release(struct store_rig *rig);

/** First column of the first row as a number */
int64_t store_rig_count(struct store_rig *rig, const char *sql);
/** Empty table meta */
void store_rig_clear(struct store_rig *rig);

#endif
