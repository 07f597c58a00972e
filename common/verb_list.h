/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file verb_list.h  Every REST route and its verb, listed once
 *
 * X(verb id, name on the wire, HTTP method, path, scope, kind). The REST
 * transport routes by method and path; the call plugin dispatches by name
 * (plugins/api has one handler per row, or it does not compile).
 *
 * Scope "" = any authenticated key, "public" = no key needed, "platform" =
 * the platform's keys. The scope `admin` covers all but `platform`;
 * `platform` covers everything.
 *
 * INTERNAL_VERBS have no route: X(verb id, name on the wire). Only the
 * transport itself asks for them, without a key.
 */
#ifndef BIFRONS_COMMON_VERB_LIST_H
#define BIFRONS_COMMON_VERB_LIST_H

#include <stdbool.h>

enum verb_kind {
	VERB_LIST,   /**< 200, {"result":[…],"next_page_token":…} */
	VERB_GET,    /**< 200, the object */
	VERB_CREATE, /**< 201 + Location, the object; Idempotency-Key */
	VERB_PATCH,  /**< 200, the object */
	VERB_DELETE, /**< 204 */
	VERB_ACTION, /**< 200, an object; Idempotency-Key */
	/* the body is a file, streamed into the data directory's tmp/; the
	 * verb gets {"path", …} and takes it from there */
	VERB_UPLOAD,  /**< 201 + Location, the object; Idempotency-Key */
	VERB_REPLACE, /**< 200, the object */
	VERB_FILE, /**< 200, a file: {"path", "content_type", "name"}, the path
		    * relative to the data directory */
	VERB_STREAM, /**< 200, text/event-stream: the transport answers alone */
};

enum {
	/** How long a verb that takes a file may work on it */
	VERB_FILE_MS = 60000
};

static inline bool verb_takes_file(enum verb_kind kind)
{
	return kind == VERB_UPLOAD || kind == VERB_REPLACE;
}

static inline bool verb_takes_idempotency_key(enum verb_kind kind)
{
	return kind == VERB_CREATE || kind == VERB_ACTION ||
	       kind == VERB_UPLOAD;
}

#define VERBS(X)                                                               \
	X(accounts_list, "accounts.list", GET, "/v1/accounts", "platform",     \
	  VERB_LIST)                                                           \
	X(accounts_create, "accounts.create", POST, "/v1/accounts",            \
	  "platform", VERB_CREATE)                                             \
	X(accounts_get, "accounts.get", GET, "/v1/accounts/{id}",              \
	  "accounts:read", VERB_GET)                                           \
	X(accounts_patch, "accounts.patch", PATCH, "/v1/accounts/{id}",        \
	  "accounts:write", VERB_PATCH)                                        \
	X(accounts_delete, "accounts.delete", DELETE, "/v1/accounts/{id}",     \
	  "platform", VERB_DELETE)                                             \
	X(access_keys_list, "access_keys.list", GET, "/v1/access-keys",        \
	  "admin", VERB_LIST)                                                  \
	X(access_keys_create, "access_keys.create", POST, "/v1/access-keys",   \
	  "admin", VERB_CREATE)                                                \
	X(access_keys_get, "access_keys.get", GET, "/v1/access-keys/{id}",     \
	  "admin", VERB_GET)                                                   \
	X(access_keys_patch, "access_keys.patch", PATCH,                       \
	  "/v1/access-keys/{id}", "admin", VERB_PATCH)                         \
	X(access_keys_delete, "access_keys.delete", DELETE,                    \
	  "/v1/access-keys/{id}", "admin", VERB_DELETE)                        \
	X(flows_list, "flows.list", GET, "/v1/flows", "flows:read", VERB_LIST) \
	X(flows_create, "flows.create", POST, "/v1/flows", "flows:write",      \
	  VERB_CREATE)                                                         \
	X(flows_validate, "flows.validate", POST, "/v1/flows/validate",        \
	  "flows:read", VERB_ACTION)                                           \
	X(flows_test, "flows.test", POST, "/v1/flows/test", "flows:read",      \
	  VERB_ACTION)                                                         \
	X(flows_get, "flows.get", GET, "/v1/flows/{id}", "flows:read",         \
	  VERB_GET)                                                            \
	X(flows_patch, "flows.patch", PATCH, "/v1/flows/{id}", "flows:write",  \
	  VERB_PATCH)                                                          \
	X(flows_delete, "flows.delete", DELETE, "/v1/flows/{id}",              \
	  "flows:write", VERB_DELETE)                                          \
	X(numbers_list, "numbers.list", GET, "/v1/numbers", "numbers:read",    \
	  VERB_LIST)                                                           \
	X(numbers_create, "numbers.create", POST, "/v1/numbers",               \
	  "numbers:write", VERB_CREATE)                                        \
	X(numbers_get, "numbers.get", GET, "/v1/numbers/{id}", "numbers:read", \
	  VERB_GET)                                                            \
	X(numbers_patch, "numbers.patch", PATCH, "/v1/numbers/{id}",           \
	  "numbers:write", VERB_PATCH)                                         \
	X(numbers_delete, "numbers.delete", DELETE, "/v1/numbers/{id}",        \
	  "numbers:write", VERB_DELETE)                                        \
	X(trunks_list, "trunks.list", GET, "/v1/trunks", "trunks:read",        \
	  VERB_LIST)                                                           \
	X(trunks_create, "trunks.create", POST, "/v1/trunks", "trunks:write",  \
	  VERB_CREATE)                                                         \
	X(trunks_get, "trunks.get", GET, "/v1/trunks/{id}", "trunks:read",     \
	  VERB_GET)                                                            \
	X(trunks_patch, "trunks.patch", PATCH, "/v1/trunks/{id}",              \
	  "trunks:write", VERB_PATCH)                                          \
	X(trunks_delete, "trunks.delete", DELETE, "/v1/trunks/{id}",           \
	  "trunks:write", VERB_DELETE)                                         \
	X(domains_list, "domains.list", GET, "/v1/domains", "domains:read",    \
	  VERB_LIST)                                                           \
	X(domains_create, "domains.create", POST, "/v1/domains",               \
	  "domains:write", VERB_CREATE)                                        \
	X(domains_get, "domains.get", GET, "/v1/domains/{id}", "domains:read", \
	  VERB_GET)                                                            \
	X(domains_patch, "domains.patch", PATCH, "/v1/domains/{id}",           \
	  "domains:write", VERB_PATCH)                                         \
	X(domains_delete, "domains.delete", DELETE, "/v1/domains/{id}",        \
	  "domains:write", VERB_DELETE)                                        \
	X(extensions_list, "extensions.list", GET, "/v1/extensions",           \
	  "extensions:read", VERB_LIST)                                        \
	X(extensions_create, "extensions.create", POST, "/v1/extensions",      \
	  "extensions:write", VERB_CREATE)                                     \
	X(extensions_get, "extensions.get", GET, "/v1/extensions/{id}",        \
	  "extensions:read", VERB_GET)                                         \
	X(extensions_patch, "extensions.patch", PATCH, "/v1/extensions/{id}",  \
	  "extensions:write", VERB_PATCH)                                      \
	X(extensions_delete, "extensions.delete", DELETE,                      \
	  "/v1/extensions/{id}", "extensions:write", VERB_DELETE)              \
	X(extensions_device_token, "extensions.device_token", POST,            \
	  "/v1/extensions/{id}/device-token", "extensions:write", VERB_ACTION) \
	X(webrtc_config, "webrtc.config", GET, "/v1/webrtc/config", "",        \
	  VERB_GET)                                                            \
	X(webhooks_list, "webhooks.list", GET, "/v1/webhooks",                 \
	  "webhooks:read", VERB_LIST)                                          \
	X(webhooks_create, "webhooks.create", POST, "/v1/webhooks",            \
	  "webhooks:write", VERB_CREATE)                                       \
	X(webhooks_get, "webhooks.get", GET, "/v1/webhooks/{id}",              \
	  "webhooks:read", VERB_GET)                                           \
	X(webhooks_patch, "webhooks.patch", PATCH, "/v1/webhooks/{id}",        \
	  "webhooks:write", VERB_PATCH)                                        \
	X(webhooks_delete, "webhooks.delete", DELETE, "/v1/webhooks/{id}",     \
	  "webhooks:write", VERB_DELETE)                                       \
	X(webhooks_rotate_secret, "webhooks.rotate_secret", POST,              \
	  "/v1/webhooks/{id}/rotate-secret", "webhooks:write", VERB_ACTION)    \
	X(webhooks_test, "webhooks.test", POST, "/v1/webhooks/{id}/test",      \
	  "webhooks:write", VERB_ACTION)                                       \
	X(webhooks_replay, "webhooks.replay", POST,                            \
	  "/v1/webhooks/{id}/replay", "webhooks:write", VERB_ACTION)           \
	X(deliveries_list, "deliveries.list", GET,                             \
	  "/v1/webhooks/{id}/deliveries", "webhooks:read", VERB_LIST)          \
	X(deliveries_get, "deliveries.get", GET,                               \
	  "/v1/webhooks/{id}/deliveries/{delivery_id}", "webhooks:read",       \
	  VERB_GET)                                                            \
	X(deliveries_replay, "deliveries.replay", POST,                        \
	  "/v1/webhooks/{id}/deliveries/{delivery_id}/replay",                 \
	  "webhooks:write", VERB_ACTION)                                       \
	X(media_list, "media.list", GET, "/v1/media", "media:read", VERB_LIST) \
	X(media_create, "media.create", POST, "/v1/media", "media:write",      \
	  VERB_UPLOAD)                                                         \
	X(media_get, "media.get", GET, "/v1/media/{id}", "media:read",         \
	  VERB_GET)                                                            \
	X(media_patch, "media.patch", PATCH, "/v1/media/{id}", "media:write",  \
	  VERB_PATCH)                                                          \
	X(media_delete, "media.delete", DELETE, "/v1/media/{id}",              \
	  "media:write", VERB_DELETE)                                          \
	X(media_content, "media.content", GET, "/v1/media/{id}/content",       \
	  "media:read", VERB_FILE)                                             \
	X(media_replace, "media.replace", PUT, "/v1/media/{id}/content",       \
	  "media:write", VERB_REPLACE)                                         \
	X(calls_list, "calls.list", GET, "/v1/calls", "calls:read", VERB_LIST) \
	X(calls_create, "calls.create", POST, "/v1/calls", "calls:write",      \
	  VERB_CREATE)                                                         \
	X(calls_get, "calls.get", GET, "/v1/calls/{id}", "calls:read",         \
	  VERB_GET)                                                            \
	X(calls_patch, "calls.patch", PATCH, "/v1/calls/{id}", "calls:write",  \
	  VERB_PATCH)                                                          \
	X(calls_delete, "calls.delete", DELETE, "/v1/calls/{id}",              \
	  "calls:write", VERB_DELETE)                                          \
	X(calls_timeline, "calls.timeline", GET, "/v1/calls/{id}/timeline",    \
	  "calls:read", VERB_GET)                                              \
	X(calls_hangup, "calls.hangup", POST, "/v1/calls/{id}/hangup",         \
	  "calls:write", VERB_ACTION)                                          \
	X(calls_play, "calls.play", POST, "/v1/calls/{id}/play",               \
	  "calls:write", VERB_ACTION)                                          \
	X(calls_talk, "calls.talk", POST, "/v1/calls/{id}/talk",               \
	  "calls:write", VERB_ACTION)                                          \
	X(calls_stop_media, "calls.stop_media", POST,                          \
	  "/v1/calls/{id}/stop_media", "calls:write", VERB_ACTION)             \
	X(calls_dtmf, "calls.dtmf", POST, "/v1/calls/{id}/dtmf",               \
	  "calls:write", VERB_ACTION)                                          \
	X(calls_mute, "calls.mute", POST, "/v1/calls/{id}/mute",               \
	  "calls:write", VERB_ACTION)                                          \
	X(calls_unmute, "calls.unmute", POST, "/v1/calls/{id}/unmute",         \
	  "calls:write", VERB_ACTION)                                          \
	X(calls_hold, "calls.hold", POST, "/v1/calls/{id}/hold",               \
	  "calls:write", VERB_ACTION)                                          \
	X(calls_unhold, "calls.unhold", POST, "/v1/calls/{id}/unhold",         \
	  "calls:write", VERB_ACTION)                                          \
	X(calls_record, "calls.record", POST, "/v1/calls/{id}/recordings",     \
	  "calls:write", VERB_CREATE)                                          \
	X(calls_redirect, "calls.redirect", POST, "/v1/calls/{id}/redirect",   \
	  "calls:write", VERB_ACTION)                                          \
	X(recordings_list, "recordings.list", GET, "/v1/recordings",           \
	  "recordings:read", VERB_LIST)                                        \
	X(recordings_get, "recordings.get", GET, "/v1/recordings/{id}",        \
	  "recordings:read", VERB_GET)                                         \
	X(recordings_patch, "recordings.patch", PATCH, "/v1/recordings/{id}",  \
	  "recordings:write", VERB_PATCH)                                      \
	X(recordings_delete, "recordings.delete", DELETE,                      \
	  "/v1/recordings/{id}", "recordings:write", VERB_DELETE)              \
	X(recordings_media, "recordings.media", GET,                           \
	  "/v1/recordings/{id}/media", "recordings:read", VERB_FILE)           \
	X(recordings_link, "recordings.link", POST,                            \
	  "/v1/recordings/{id}/link", "recordings:read", VERB_ACTION)          \
	X(recordings_shared, "recordings.shared", GET,                         \
	  "/v1/recordings/{id}/shared", "public", VERB_FILE)                   \
	X(events_stream, "events.stream", GET, "/v1/events", "events:read",    \
	  VERB_STREAM)                                                         \
	X(events_ticket, "events.ticket", POST, "/v1/events/ticket",           \
	  "events:read", VERB_ACTION)                                          \
	X(meta_openapi, "meta.openapi", GET, "/openapi.json", "public",        \
	  VERB_GET)                                                            \
	X(meta_ready, "meta.ready", GET, "/readyz", "public", VERB_GET)        \
	X(meta_metrics, "meta.metrics", GET, "/metrics", "metrics", VERB_GET)

#define INTERNAL_VERBS(X) X(events_read, "events.read")

#endif
