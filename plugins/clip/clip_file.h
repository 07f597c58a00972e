/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file clip_file.h  Files of the cache
 *
 * Thread: whichever may block (`bif-clips`, or start). A kept clip is one file
 * KEY.pcm: its samples, then what is known of it (JSON), the length of that
 * and a mark. It is written under another name and renamed when it is whole, so
 * what a crash leaves is no clip and is thrown away at the next start.
 */
#ifndef BIFRONS_CLIP_CLIP_FILE_H
#define BIFRONS_CLIP_CLIP_FILE_H

#include <stdbool.h>
#include <stdint.h>

enum {
	CLIP_KEY_SIZE = 65 /**< SHA-256 in hex, and the NUL */
};

/** What stands behind the samples */
struct clip_meta {
	int64_t samples;
	int64_t checked_ms; /**< wall time at which the server said so */
	int64_t fresh_s;    /**< for so long; -1 = for ever (speech) */
	const char *etag;   /**< or NULL; borrowed */
};

/** Descriptors for a clip that is brought; -1 = none */
struct clip_temp {
	int raw_w, raw_r;   /**< the file as it comes, without a name */
	int grow_w, grow_r; /**< pipe that tells that it grows */
	int pcm_w, pcm_r;   /**< the samples */
	char *path;         /**< of the samples; until kept or removed */
};

/** Make the folder and read what is in it.
 * @param found  Told of each clip; what is none is removed
 * @return 0 or errno
 */
int clip_file_scan(const char *dir,
		   void (*found)(void *arg, const char *key,
				 const struct clip_meta *meta, int64_t used_ms),
		   void *arg);

/** @param raw  A file and a pipe for what is fetched, too */
int clip_file_make(struct clip_temp *temp, const char *dir, bool raw);
/** Close what is open, remove what has a name */
void clip_file_unmake(struct clip_temp *temp);

/** It is whole: give it its name.
 * @param fd  Of its samples, for writing
 * @return 0 or errno: it is still temporary
 */
int clip_file_keep(struct clip_temp *temp, int fd, const char *dir,
		   const char *key, const struct clip_meta *meta);

/** Open for reading, and note the use.
 * @return 0, or ENOENT, EBADMSG when it has less than these samples
 */
int clip_file_open(int *fdp, const char *dir, const char *key, int64_t samples);

void clip_file_remove(const char *dir, const char *key);

#endif
