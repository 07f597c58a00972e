/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An endpoint that wants no more: its row, and the event that says so */
#include <errno.h>
#include <glib.h>
#include <stdlib.h>

#include "common/clock.h"
#include "common/event_list.h"
#include "common/id.h"
#include "common/json.h"
#include "common/seal.h"
#include "webhook/spool_priv.h"

struct subject {
	const char *id, *node_id;
	int64_t now_ms;
	char *account_id;
	json_t *doc;
	int64_t sequence; /* of its newest event */
};

static bool on_subject(void *arg, const struct db_row *row)
{
	struct subject *sub = arg;
	const char *doc = db_text(row, 0);

	sub->doc = json_loads(doc ? doc : "", 0, NULL);
	sub->account_id = g_strdup(db_text(row, 1));
	sub->sequence = db_int(row, 2);

	return false;
}

static int update_row(struct spool *spool, const struct subject *sub)
{
	char *text = json_text(sub->doc);
	int err;

	err = DB_RUN(spool->db,
		     "UPDATE webhook SET enabled = 0, doc = ?2, sequence = ?3"
		     " WHERE id = ?1",
		     DB_S(sub->id), DB_S(text), DB_I(sub->sequence));
	free(text);

	return err;
}

/* As plugins/event/ writes them */
static json_t *event_doc(const struct subject *sub, const char *event_id)
{
	json_t *event = json_object(), *data = json_copy(sub->doc);

	json_object_del(data, SEAL_MEMBER);
	json_set_str(event, "id", event_id);
	json_set_str(event, "type", event_type_name(EVENT_WEBHOOK_DISABLED));
	json_set_time(event, "created_at", sub->now_ms);
	json_set_str(event, "account_id", sub->account_id);
	json_set_str(event, "node_id", sub->node_id);
	json_set_str(event, "call_id", NULL);
	json_set_str(event, "request_id", NULL);
	json_object_set_new(event, "sequence", json_integer(sub->sequence));
	json_object_set_new(event, "data", data);

	return event;
}

static int add_event(struct spool *spool, const struct subject *sub)
{
	char event_id[ID_SIZE];
	json_t *event;
	char *text;
	int err;

	id_new(event_id);
	event = event_doc(sub, event_id);
	text = json_text(event);
	err = DB_RUN(spool->db,
		     "INSERT INTO event (id, type, account_id, resource_id,"
		     " sequence, created_at, doc)"
		     " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
		     DB_S(event_id),
		     DB_S(event_type_name(EVENT_WEBHOOK_DISABLED)),
		     DB_S(sub->account_id), DB_S(sub->id), DB_I(sub->sequence),
		     DB_I(sub->now_ms), DB_S(text));
	free(text);
	json_decref(event);

	return err;
}

static int change_generation(struct spool *spool)
{
	char id[ID_SIZE];

	id_new(id);

	return spool_set_meta(spool, "webhook_generation", id);
}

int spool_disable(struct spool *spool, const char *webhook_id,
		  const char *node_id, int64_t now_ms)
{
	struct subject sub = {
		.id = webhook_id,
		.node_id = node_id,
		.now_ms = now_ms,
	};
	int err;

	err = SPOOL_READ(spool,
			 "SELECT doc, account_id, sequence FROM webhook"
			 " WHERE id = ?1 AND enabled = 1",
			 on_subject, &sub, DB_S(webhook_id));
	/* deleted or disabled meanwhile */
	if (err || !json_is_object(sub.doc))
		goto out;

	++sub.sequence;
	json_object_set_new(sub.doc, "enabled", json_false());
	json_set_str(sub.doc, "disabled_reason", "it answered 410 Gone");
	json_set_time(sub.doc, "disabled_at", now_ms);
	json_set_time(sub.doc, "updated_at", now_ms);

	err = update_row(spool, &sub);
	if (!err)
		err = add_event(spool, &sub);
	if (!err)
		err = change_generation(spool);
out:
	json_decref(sub.doc);
	g_free(sub.account_id);

	return err;
}
