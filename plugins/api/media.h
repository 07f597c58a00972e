/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file media.h  What the files of the resource /media share
 *
 * media.c describes it, media_upload.c brings a file from tmp/ to its place,
 * media_recover.c removes what a crash left, media_types.c knows names.
 */
#ifndef BIFRONS_API_MEDIA_H
#define BIFRONS_API_MEDIA_H

#include "api/media_files.h"
#include "api/resource.h"

enum {
	MEDIA_NAME_MAX = 128,
	MEDIA_MAX_S = 2 * 3600, /**< the longest that is taken */
};

extern const struct resource api_media;

/** "audio/mpeg" for libavformat's "mp3"; any other:
 * "application/octet-stream". Thread: any */
const char *media_content_type(const char *format);
/** ".mp3" for "audio/mpeg", or "" */
const char *media_suffix(const char *content_type);

/** For .check. Thread: any */
const char *media_check_name(const char *value);

/** Another one has this name already? Thread: pool. @param id  Not this one,
 * or NULL. @return NULL, or the error to answer */
json_t *media_name_taken(struct req *req, const char *name, const char *id);

/** Verbs that take a file */
json_t *media_prepare(struct req *req, struct job *job);
void media_act(struct job *job);

/** Files that are worked on, and what may not be touched meanwhile.
 * Thread: loop */
struct media_works;
struct media_works *media_works_new(void);
void media_works_free(struct media_works *works);
/** Is this one being replaced? */
bool media_is_busy(const struct api *api, const char *id);

/** Remove a folder in the background. Thread: loop */
void media_remove_later(const struct api *api, const char *folder);

#endif
