/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/seal.h"

#include <errno.h>
#include <glib.h>

#include "common/json.h"

static char *context_of(const struct seal_owner *owner)
{
	return g_strdup_printf("%s.%s:%s", owner->kind, owner->path, owner->id);
}

char *seal_text(const uint8_t key[SECRET_KEY_LEN],
		const struct seal_owner *owner, const char *plain)
{
	char *context = context_of(owner);
	char *text = secret_seal(key, context, plain);

	g_free(context);

	return text;
}

int seal_open(const uint8_t key[SECRET_KEY_LEN], const struct seal_owner *owner,
	      const json_t *doc, char **plainp)
{
	const json_t *sealed = json_object_get(doc, SEAL_MEMBER);
	const char *text = json_str(sealed, owner->path, NULL);
	char *context;
	int err;

	if (!text)
		return ENOENT;

	context = context_of(owner);
	err = secret_open(key, context, text, plainp);
	g_free(context);

	return err;
}
