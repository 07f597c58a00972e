/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file upload_priv.h  Inside uploads: the folder, and who has a place
 *
 * Thread: any.
 */
#ifndef BIFRONS_REST_UPLOAD_PRIV_H
#define BIFRONS_REST_UPLOAD_PRIV_H

#include <pthread.h>

#include "rest/upload.h"

/** Below the data directory; the call plugin knows it too (api/media) */
#define REST_UPLOAD_PREFIX "tmp/upload-"

enum {
	REST_UPLOAD_HEX = 32,
	REST_ACCOUNT_SIZE = 64,
};

struct rest_uploads {
	/* set before start, then read-only */
	struct rest_uploads_params prm;
	char *data_dir;

	pthread_mutex_t mtx;
	/* under mtx: whose each place is, "" = free; prm.limit of them */
	char (*places)[REST_ACCOUNT_SIZE];
};

/** Take a place. @return false: the fault is set */
bool rest_uploads_enter(struct rest_uploads *ups, const char *account_id,
			struct rest_fault *fault);
void rest_uploads_leave(struct rest_uploads *ups, const char *account_id);

/** Will it fit, and leave room for the store? @param length  -1: not known
 * @return false: the fault is set */
bool rest_uploads_has_room(const struct rest_uploads *ups, int64_t length,
			   struct rest_fault *fault);

#endif
