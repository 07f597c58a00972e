/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <stddef.h>

#include "store/migrate.h"

/* Rules: a migration that was released never changes; a new one is appended.
 * Each resource has indexed columns and `doc`, the JSON as GET shows it (its
 * secrets sealed under "_sealed"). Lists page by (created_at, id). Events,
 * calls and keys of idempotency refer by value: they outlive what they name.
 */

static const char v1[] =
	"CREATE TABLE meta ("
	" key TEXT PRIMARY KEY,"
	" value TEXT NOT NULL) STRICT;"

	"CREATE TABLE account ("
	" id TEXT PRIMARY KEY,"
	" name TEXT NOT NULL,"
	" status TEXT NOT NULL,"
	" created_at INTEGER NOT NULL,"
	" doc TEXT NOT NULL) STRICT;"
	"CREATE INDEX account_page ON account (created_at, id);"

	"CREATE TABLE access_key ("
	" id TEXT PRIMARY KEY,"
	" account_id TEXT NOT NULL REFERENCES account (id) ON DELETE CASCADE,"
	" name TEXT NOT NULL,"
	" token_hash TEXT NOT NULL UNIQUE," /* hex of SHA-256 */
	" scopes TEXT NOT NULL,"            /* separated by one blank */
	" expires_at INTEGER,"
	" revoked_at INTEGER,"
	" created_at INTEGER NOT NULL,"
	" doc TEXT NOT NULL) STRICT;"
	"CREATE INDEX access_key_page"
	" ON access_key (account_id, created_at, id);"

	"CREATE TABLE flow ("
	" id TEXT PRIMARY KEY,"
	" account_id TEXT NOT NULL REFERENCES account (id),"
	" name TEXT NOT NULL,"
	" created_at INTEGER NOT NULL,"
	" doc TEXT NOT NULL,"
	" UNIQUE (account_id, id)) STRICT;"
	"CREATE INDEX flow_page ON flow (account_id, created_at, id);"

	"CREATE TABLE number ("
	" id TEXT PRIMARY KEY,"
	" account_id TEXT NOT NULL REFERENCES account (id),"
	" number TEXT NOT NULL UNIQUE," /* or the pattern, with its '*' */
	" flow_id TEXT NOT NULL,"
	" status TEXT NOT NULL,"
	" created_at INTEGER NOT NULL,"
	" doc TEXT NOT NULL,"
	" FOREIGN KEY (account_id, flow_id) REFERENCES flow (account_id, id))"
	" STRICT;"
	"CREATE INDEX number_page ON number (account_id, created_at, id);"
	"CREATE INDEX number_flow ON number (account_id, flow_id);"

	"CREATE TABLE trunk ("
	" id TEXT PRIMARY KEY,"
	" account_id TEXT NOT NULL REFERENCES account (id),"
	" name TEXT NOT NULL,"
	" created_at INTEGER NOT NULL,"
	" doc TEXT NOT NULL) STRICT;"
	"CREATE INDEX trunk_page ON trunk (account_id, created_at, id);"

	"CREATE TABLE call ("
	" id TEXT PRIMARY KEY,"
	" account_id TEXT NOT NULL,"
	" status TEXT NOT NULL,"
	" direction TEXT NOT NULL,"
	" source TEXT NOT NULL,"
	" destination TEXT NOT NULL,"
	" trunk_id TEXT,"
	" flow_id TEXT,"
	" number_id TEXT,"
	" parent_call_id TEXT,"
	" conference_id TEXT,"
	" hangup_reason TEXT,"
	" created_at INTEGER NOT NULL,"
	" ended_at INTEGER,"
	" node_id TEXT NOT NULL,"
	" sequence INTEGER NOT NULL," /* of its newest event */
	" doc TEXT NOT NULL) STRICT;"
	"CREATE INDEX call_page ON call (account_id, created_at, id);"
	"CREATE INDEX call_live ON call (status, account_id, created_at)"
	" WHERE status <> 'ended';"
	"CREATE INDEX call_ended ON call (account_id, ended_at, id)"
	" WHERE ended_at IS NOT NULL;"
	"CREATE INDEX call_source ON call (account_id, source, created_at);"
	"CREATE INDEX call_destination"
	" ON call (account_id, destination, created_at);"
	"CREATE INDEX call_trunk ON call (trunk_id, created_at)"
	" WHERE trunk_id IS NOT NULL;"
	"CREATE INDEX call_flow ON call (flow_id, created_at)"
	" WHERE flow_id IS NOT NULL;"
	"CREATE INDEX call_parent ON call (parent_call_id)"
	" WHERE parent_call_id IS NOT NULL;"
	"CREATE INDEX call_conference ON call (conference_id)"
	" WHERE conference_id IS NOT NULL;"
	"CREATE INDEX call_hangup"
	" ON call (account_id, hangup_reason, created_at)"
	" WHERE hangup_reason IS NOT NULL;"

	/* the outbox: `row` is the cursor and never comes again */
	"CREATE TABLE event ("
	" row INTEGER PRIMARY KEY AUTOINCREMENT,"
	" id TEXT NOT NULL UNIQUE,"
	" type TEXT NOT NULL,"
	" account_id TEXT NOT NULL,"
	" call_id TEXT,"
	" resource_id TEXT,"
	" sequence INTEGER NOT NULL,"
	" created_at INTEGER NOT NULL,"
	" doc TEXT NOT NULL) STRICT;"
	"CREATE INDEX event_call ON event (call_id, sequence)"
	" WHERE call_id IS NOT NULL;"

	"CREATE TABLE idempotency ("
	" account_id TEXT NOT NULL,"
	" key TEXT NOT NULL,"
	" hash TEXT NOT NULL," /* of the request: method, path, body */
	" created_at INTEGER NOT NULL,"
	" expires_at INTEGER NOT NULL,"
	" state TEXT NOT NULL," /* running, done */
	" answer TEXT,"
	" PRIMARY KEY (account_id, key)) STRICT;"
	"CREATE INDEX idempotency_expires ON idempotency (expires_at);";

/* domains and extensions; tokens with which an extension's browsers log in */
static const char v2[] =
	"CREATE TABLE domain ("
	" id TEXT PRIMARY KEY,"
	" account_id TEXT NOT NULL REFERENCES account (id),"
	" name TEXT NOT NULL UNIQUE,"
	" outgoing_flow_id TEXT,"
	" created_at INTEGER NOT NULL,"
	" doc TEXT NOT NULL,"
	" UNIQUE (account_id, id),"
	" FOREIGN KEY (account_id, outgoing_flow_id)"
	" REFERENCES flow (account_id, id)) STRICT;"
	"CREATE INDEX domain_page ON domain (account_id, created_at, id);"
	"CREATE INDEX domain_flow ON domain (account_id, outgoing_flow_id);"

	"CREATE TABLE extension ("
	" id TEXT PRIMARY KEY,"
	" account_id TEXT NOT NULL REFERENCES account (id),"
	" domain_id TEXT NOT NULL,"
	" extension TEXT NOT NULL,"
	" outgoing_flow_id TEXT,"
	" created_at INTEGER NOT NULL,"
	" doc TEXT NOT NULL,"
	" UNIQUE (domain_id, extension),"
	" UNIQUE (account_id, id),"
	" FOREIGN KEY (account_id, domain_id)"
	" REFERENCES domain (account_id, id),"
	" FOREIGN KEY (account_id, outgoing_flow_id)"
	" REFERENCES flow (account_id, id)) STRICT;"
	"CREATE INDEX extension_page ON extension (account_id, created_at, id);"
	"CREATE INDEX extension_flow"
	" ON extension (account_id, outgoing_flow_id);"

	"CREATE TABLE device_token ("
	" id TEXT PRIMARY KEY,"
	" account_id TEXT NOT NULL,"
	" extension_id TEXT NOT NULL,"
	" token_hash TEXT NOT NULL UNIQUE," /* hex of SHA-256 */
	" expires_at INTEGER NOT NULL,"
	" created_at INTEGER NOT NULL,"
	" FOREIGN KEY (account_id, extension_id)"
	" REFERENCES extension (account_id, id) ON DELETE CASCADE) STRICT;"
	"CREATE INDEX device_token_extension"
	" ON device_token (account_id, extension_id);"
	"CREATE INDEX device_token_expires ON device_token (expires_at);";

/* Sound and webhooks. `webhook` with a call_id is the endpoint of that call
 * alone, made with the call. A delivery is one event for one endpoint: the
 * webhook module writes it, with its cursor in meta ("webhook_cursor": the
 * last event row that was matched). Whoever changes an endpoint that is not a
 * call's changes meta's "webhook_generation" in the same transaction, so that
 * it is read anew. What is old is found by account, in the order it was made
 * (store/trim.c).
 */
static const char v3[] =
	"CREATE TABLE media ("
	" id TEXT PRIMARY KEY,"
	" account_id TEXT NOT NULL REFERENCES account (id),"
	" name TEXT NOT NULL,"
	" size_bytes INTEGER NOT NULL," /* original and converted: quota */
	" created_at INTEGER NOT NULL,"
	" doc TEXT NOT NULL,"
	" UNIQUE (account_id, name)) STRICT;"
	"CREATE INDEX media_page ON media (account_id, created_at, id);"

	"CREATE TABLE webhook ("
	" id TEXT PRIMARY KEY,"
	" account_id TEXT NOT NULL REFERENCES account (id) ON DELETE CASCADE,"
	" call_id TEXT,"
	" enabled INTEGER NOT NULL,"
	" sequence INTEGER NOT NULL DEFAULT 0," /* of its newest event */
	" created_at INTEGER NOT NULL,"
	" doc TEXT NOT NULL) STRICT;"
	"CREATE INDEX webhook_page ON webhook (account_id, created_at, id)"
	" WHERE call_id IS NULL;"
	"CREATE INDEX webhook_call ON webhook (call_id)"
	" WHERE call_id IS NOT NULL;"
	"CREATE INDEX webhook_age ON webhook (account_id, id)"
	" WHERE call_id IS NOT NULL;"

	"CREATE TABLE delivery ("
	" id TEXT PRIMARY KEY," /* UUIDv7: in the order they were made */
	" account_id TEXT NOT NULL,"
	" webhook_id TEXT NOT NULL,"
	" event_row INTEGER NOT NULL,"
	" event_id TEXT NOT NULL,"
	" event_type TEXT NOT NULL,"
	" call_id TEXT,"
	" status TEXT NOT NULL," /* pending, delivered, failed, canceled */
	" attempts INTEGER NOT NULL,"
	" next_at INTEGER," /* of a pending one: not before */
	" created_at INTEGER NOT NULL,"
	" ended_at INTEGER,"
	" log TEXT NOT NULL)" /* JSON: [{at, status_code, latency_ms, error}] */
	" STRICT;"
	"CREATE INDEX delivery_page"
	" ON delivery (webhook_id, created_at, id);"
	"CREATE INDEX delivery_due ON delivery (webhook_id, next_at)"
	" WHERE status = 'pending';"
	"CREATE INDEX delivery_call ON delivery (call_id)"
	" WHERE call_id IS NOT NULL;"
	"CREATE INDEX delivery_age ON delivery (account_id, id);"
	"CREATE INDEX delivery_event ON delivery (event_row)"
	" WHERE status = 'pending';"

	"CREATE INDEX event_account ON event (account_id, row);"

	"CREATE TABLE event_ticket ("
	" token_hash TEXT PRIMARY KEY," /* hex of SHA-256 */
	" account_id TEXT NOT NULL,"
	" key_id TEXT NOT NULL"
	" REFERENCES access_key (id) ON DELETE CASCADE,"
	" expires_at INTEGER NOT NULL,"
	" created_at INTEGER NOT NULL) STRICT;"
	"CREATE INDEX event_ticket_expires ON event_ticket (expires_at);"
	"CREATE INDEX event_ticket_key ON event_ticket (key_id);"

	/* no endpoint is older than this: what was told before is not sent */
	"INSERT INTO meta (key, value) SELECT 'webhook_cursor',"
	" CAST(coalesce(max(row), 0) AS TEXT) FROM event;";

static const char v4[] =
	"CREATE TABLE recording ("
	" id TEXT PRIMARY KEY,"
	" account_id TEXT NOT NULL,"
	" call_id TEXT,"
	" conference_id TEXT,"
	" status TEXT NOT NULL," /* recording, paused, finished, failed */
	" format TEXT NOT NULL,"
	" node_id TEXT NOT NULL,"
	" sequence INTEGER NOT NULL," /* of its newest event */
	" created_at INTEGER NOT NULL,"
	" doc TEXT NOT NULL) STRICT;"
	"CREATE INDEX recording_page"
	" ON recording (account_id, created_at, id);"
	"CREATE INDEX recording_call ON recording (call_id)"
	" WHERE call_id IS NOT NULL;"
	"CREATE INDEX recording_live ON recording (status)"
	" WHERE status IN ('recording', 'paused');"

	/* what happened on a call that is no event; written at its end */
	"ALTER TABLE call ADD COLUMN timeline TEXT;";

/* For figures: both are read off these indexes alone, but what is in them */
static const char v5[] =
	"CREATE INDEX delivery_pending ON delivery (next_at, status)"
	" WHERE status = 'pending';"
	"CREATE INDEX webhook_disabled ON webhook (enabled)"
	" WHERE enabled = 0 AND call_id IS NULL;";

const char *const store_migrations[] = {v1, v2, v3, v4, v5, NULL};
