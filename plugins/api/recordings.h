/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file recordings.h  What the files of the resource /recordings share
 *
 * recordings.c describes it, recording_change.c acts on those that run,
 * recording_files.c sends and removes files, recording_links.c signs.
 */
#ifndef BIFRONS_API_RECORDINGS_H
#define BIFRONS_API_RECORDINGS_H

#include "api/resource.h"

extern const struct opt api_recording_opts[];
extern const struct resource api_recordings;

/** What the transport sends of a stored one: a reply. Thread: pool
 * @param doc  Taken */
json_t *recording_file(json_t *doc);

/** Remove a recording's file in the background. Thread: loop */
void recording_remove_later(const struct api *api, const char *id);

/* ---- all recordings of a call or an account, when that is erased ---- */

/** Add the deletion of their rows to job->tx; they are noted in job->data.
 * Thread: pool. @return NULL, or the error to answer: one still runs */
json_t *recordings_erase(struct req *req, struct job *job);
/** The same for the account req->id */
json_t *recordings_erase_account(struct req *req, struct job *job);
/** After the commit: remove their files. Thread: loop */
void recordings_erased(const struct job *job);

#endif
