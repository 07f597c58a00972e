/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file upload.h  A body that is a file, streamed to the disk as it arrives
 *
 * Into DATA/tmp/upload-RANDOM (mode 0600, made exclusively), raw or from the
 * part `file` of multipart/form-data. Size, number and room on the disk are
 * bounded; what is not whole is removed, and at the start what a crash left.
 * The verb moves the file to where it belongs; what still lies in tmp/ when
 * the request is over goes.
 *
 * Thread: an upload on one at a time; rest_uploads on any. Writes to the disk.
 */
#ifndef BIFRONS_REST_UPLOAD_H
#define BIFRONS_REST_UPLOAD_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/secret.h"
#include "rest/fault.h"

struct rest_upload;
struct rest_uploads;

enum {
	/** What multipart may add to a file in Content-Length */
	REST_UPLOAD_FRAME_MAX = 64 * 1024
};

struct rest_uploads_params {
	const char *data_dir;
	int64_t max_bytes;      /**< of one file */
	unsigned limit;         /**< at once, until they are answered */
	unsigned account_limit; /**< likewise, of one account */
};

/** Makes tmp/ and empties it of uploads. Blocks. @return 0 or errno; logged */
int rest_uploads_alloc(struct rest_uploads **upsp,
		       const struct rest_uploads_params *prm);
/** All uploads must be gone. @return NULL */
struct rest_uploads *rest_uploads_free(struct rest_uploads *ups);
/** How many there are now */
unsigned rest_uploads_count(struct rest_uploads *ups);

struct rest_upload_params {
	const char *account_id;
	const char *content_type; /**< one that rest_upload_check() took */
	int64_t content_length;   /**< or -1 */
	bool takes_name;          /**< multipart may have a field `name` */
};

/** May a body of this type be a file? Pure.
 * @param type  Content-Type, or NULL
 * @return false: the fault is set (415, or 400 for a boundary that is none) */
bool rest_upload_check(const char *type, struct rest_fault *fault);
/** Is it multipart? Pure */
bool rest_upload_is_multipart(const char *type);

/** Take a place and make the file.
 * @param ups  NULL: uploads are not configured
 * @return NULL: the fault is set */
struct rest_upload *rest_upload_open(struct rest_uploads *ups,
				     const struct rest_upload_params *prm,
				     struct rest_fault *fault);
/** A piece of the body. @return false: the fault is set, and the file gone */
bool rest_upload_data(struct rest_upload *up, const char *data, size_t len,
		      struct rest_fault *fault);
/** The body is whole. @return likewise */
bool rest_upload_end(struct rest_upload *up, struct rest_fault *fault);
/** Give the place back and remove the file, if it still lies in tmp/.
 * @return NULL */
struct rest_upload *rest_upload_free(struct rest_upload *up);

/** For the verb, after the end: {"path", "size_bytes", "sha256", "file_name",
 * "name"}; the last two only when given, both UTF-8. A new object */
json_t *rest_upload_json(const struct rest_upload *up);

#endif
