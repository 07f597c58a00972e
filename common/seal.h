/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file seal.h  The secrets of a stored document
 *
 * A resource's `doc` holds its secrets under "_sealed": {"path": "v1:…"}, each
 * sealed (secret.h) for the resource that it belongs to: a text that is moved
 * to another row or member does not open.
 *
 * Thread: any; nothing is kept.
 */
#ifndef BIFRONS_COMMON_SEAL_H
#define BIFRONS_COMMON_SEAL_H

#include <jansson.h>

#include "common/secret.h"

/** Member of a document that holds its secrets */
#define SEAL_MEMBER "_sealed"

/** Whose a secret is */
struct seal_owner {
	const char *kind; /**< "webhook", "account" … */
	const char *id;
	const char *path; /**< of the member: "secret", "auth.password" */
};

/** What SEAL_MEMBER holds for it; g_free() it */
char *seal_text(const uint8_t key[SECRET_KEY_LEN],
		const struct seal_owner *owner, const char *plain);

/** Open a secret of a document.
 * @param plainp  g_free() it
 * @return 0, ENOENT when the document has none there, or EBADMSG when it was
 *         sealed with another key or for another owner
 */
int seal_open(const uint8_t key[SECRET_KEY_LEN], const struct seal_owner *owner,
	      const json_t *doc, char **plainp);

#endif
