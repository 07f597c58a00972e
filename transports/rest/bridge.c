/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rest/bridge.h"

#include "common/json.h"
#include "common/str.h"

#define CALL_PLUGIN "janus.plugin.bifrons"

json_t *rest_bridge_wrap(const char *transaction, const char *secret,
			 json_t *message)
{
	json_t *env = json_pack("{s:s, s:s, s:s, s:o}", "janus",
				"message_plugin", "transaction", transaction,
				"plugin", CALL_PLUGIN, "request", message);

	if (secret)
		json_object_set_new(env, "admin_secret", json_string(secret));

	return env;
}

enum api_err rest_bridge_unwrap(const json_t *envelope,
				const char **transactionp,
				const json_t **replyp, const char **whyp)
{
	const json_t *reply = json_object_get(envelope, "response");

	*transactionp = json_str(envelope, "transaction", NULL);
	*replyp = NULL;
	*whyp = NULL;

	if (str_eq(json_str(envelope, "janus", NULL), "success") &&
	    json_is_object(reply)) {
		*replyp = reply;
		return API_OK;
	}
	*whyp = json_str(json_object_get(envelope, "error"), "reason",
			 "no reason given");

	return API_ERR_unavailable;
}
