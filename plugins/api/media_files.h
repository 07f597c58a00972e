/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file media_files.h  Uploaded files on the disk
 *
 * DATA/media/ID holds `original` as it was uploaded and RATE.pcm for each of
 * media_rates: 16-bit native, mono. While a file is replaced the new ones lie
 * in DATA/media/ID.RANDOM; the two folders change places in one step, so who
 * opens a file finds the old or the new, and who has one open keeps it.
 *
 * Thread: any that may block; nothing is kept.
 */
#ifndef BIFRONS_API_MEDIA_FILES_H
#define BIFRONS_API_MEDIA_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/id.h"
#include "common/secret.h"

enum {
	MEDIA_NRATES = 2,
	MEDIA_FOLDER_SIZE = ID_SIZE + 16,
	MEDIA_PATH_SIZE = MEDIA_FOLDER_SIZE + 24,
};

extern const unsigned media_rates[MEDIA_NRATES]; /**< Hz */

/** May this be the path of an upload? The transport makes them; anything else
 * leads out of tmp/. @return NULL, or what is wrong (for .check) */
const char *media_check_path(const char *value);

/** "ID.RANDOM" */
void media_folder_new(char out[MEDIA_FOLDER_SIZE], const char *id);

/** Descriptors for the children, a pair for each rate; -1 = none */
struct media_fds {
	int in[MEDIA_NRATES], out[MEDIA_NRATES];
};
void media_fds_close(struct media_fds *fds);

/** Move an upload into a new folder and open what conversion needs.
 * @param path  Checked with media_check_path()
 * @return 0, ENOENT: there is no such upload, EINVAL: it is no plain file,
 *         ENOSPC, or errno; then nothing is left of the folder
 */
int media_take(struct media_fds *fds, const char *data_dir, const char *path,
	       const char *folder);

/** Bring a folder to the disk. @param totalp  Bytes in all. @return errno */
int media_sync(const char *data_dir, const char *folder, int64_t *totalp);

/** Let two folders change places. @return errno */
int media_swap(const char *data_dir, const char *a, const char *b);

/** Remove a folder with what is in it; one that is missing is fine.
 * @return errno; logged */
int media_remove(const char *data_dir, const char *folder);

/** What the original's content is. @return errno */
int media_hash(const char *data_dir, const char *folder,
	       char out[SECRET_SHA256_HEX]);

/** Each name in DATA/media. @return errno, 0 when there is no such folder */
int media_each(const char *data_dir, void (*fn)(void *arg, const char *name),
	       void *arg);

#endif
