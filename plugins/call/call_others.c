/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Calls that a call's flow makes: what they take from it, and those that go
 * their own way
 */

#include <errno.h>
#include <string.h>

#include "call/call_priv.h"
#include "common/address.h"
#include "common/json.h"
#include "common/obj.h"
#include "common/str.h"
#include "directory/directory.h"

bool call_may_use_trunk(const struct call *call, const char *trunk_id)
{
	const struct dir_trunk *trunk;

	if (!*trunk_id)
		return true;
	trunk = directory_trunk(call->table->env.dir, trunk_id);

	return trunk && str_eq(trunk->account_id, call->account_id);
}

bool call_read_address(struct address *addr, const json_t *value)
{
	struct opt_faults faults = {0};
	const int err = address_read(addr, value, "", &faults);

	json_decref(faults.list);

	return !err;
}

char *call_codec(const struct call *call)
{
	const struct leg *leg = call->leg;
	json_t *doc = NULL;
	char *text, *codec;

	if (!leg || !leg->ops->describe_media)
		return NULL;
	text = leg->ops->describe_media(leg);
	if (text)
		doc = json_loads(text, 0, NULL);
	codec = g_strdup(
		json_str(json_object_get(doc, "audio"), "codec", NULL));
	json_decref(doc);
	g_free(text);

	return codec;
}

/* What runs on them; a borrowed document */
static struct flow_doc *doc_of(const struct call *call,
			       const struct flow_call *prm)
{
	const struct dir_flow *flow;

	if (!prm->flow_id)
		return prm->doc;
	flow = directory_flow(call->table->env.dir, prm->flow_id);

	return flow && str_eq(flow->account_id, call->account_id) ? flow->doc
								  : NULL;
}

static int make_one(struct call *call, const struct flow_call *prm,
		    struct flow_doc *doc, const struct address *to, json_t *ids,
		    const char **codep)
{
	struct address from;
	struct call_origin origin = {
		.account_id = call->account_id,
		.source = {call->source.type, call->source.target,
			   call->source.name},
		.destination = {to->type, to->target,
				*to->name ? to->name : NULL},
		.trunk_id = call_opt_id(to->trunk_id),
		.flow_id = prm->flow_id,
		.doc = doc,
		.anonymous = call->anonymous,
		.parent_call_id = call->id,
		.chained = prm->chained,
	};
	char id[ID_SIZE];

	if (prm->source) {
		if (!call_read_address(&from, prm->source))
			return EINVAL;
		origin.source = (struct call_party){
			from.type, from.target, *from.name ? from.name : NULL};
	}
	switch (call_create(call->table, &origin, id)) {
	case CALL_TAKEN:
		json_array_append_new(ids, json_string(id));
		return 0;
	case CALL_REFUSED_ACCOUNT:
		*codep = "account_suspended";
		break;
	case CALL_REFUSED_LIMIT:
	case CALL_REFUSED_PLATFORM:
	case CALL_REFUSED_FLOW:
		*codep = "limit";
		break;
	}

	return EAGAIN;
}

int call_others(struct call *call, const struct flow_call *prm, json_t **idsp,
		const char **codep)
{
	struct flow_doc *doc = doc_of(call, prm);
	const size_t n = json_array_size(prm->destinations);
	struct address *to;
	json_t *ids = json_array();
	int err = 0;
	size_t i;

	*codep = doc ? "invalid_value" : "flow_not_found";
	to = g_new0(struct address, n ? n : 1);
	if (!doc || !n)
		err = EINVAL;
	for (i = 0; i < n && !err; ++i)
		if (!call_read_address(&to[i],
				       json_array_get(prm->destinations, i)) ||
		    !call_may_use_trunk(call, to[i].trunk_id))
			err = EINVAL;

	/* those that were made before one is refused stay */
	for (i = 0; i < n && !err; ++i)
		err = make_one(call, prm, doc, &to[i], ids, codep);
	if (err == EAGAIN && json_array_size(ids))
		err = 0;
	g_free(to);
	if (err)
		json_decref(ids);
	else
		*idsp = ids;

	return err;
}
