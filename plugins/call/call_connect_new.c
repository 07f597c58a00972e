/* SPDX-License-Identifier: GPL-3.0-or-later */

/* What a connect is to do, taken from what the flow asks for */

#include "call/call_connect.h"
#include "common/json.h"
#include "common/obj.h"
#include "common/str.h"

static void connect_destructor(void *obj)
{
	struct call_connect *con = obj;
	struct timers *timers = con->caller->table->env.timers;

	timer_cancel(timers, &con->timer);
	timer_cancel(timers, &con->over_timer);
	g_ptr_array_free(con->callees, TRUE);
	g_free(con->destinations);
	json_decref(con->headers);
	json_decref(con->record);
	g_free(con->ring);
	g_free(con->codec);
	obj_unref(con->confirm);
}

static bool read_addresses(struct call_connect *con,
			   const struct flow_connect *prm)
{
	const struct call *caller = con->caller;
	const json_t *item;
	size_t i;
	bool ok = true;

	con->ndestinations = (unsigned)json_array_size(prm->destinations);
	if (!con->ndestinations || con->ndestinations > CONNECT_MAX)
		return false;
	con->destinations = g_new0(struct address, con->ndestinations);
	json_array_foreach(prm->destinations, i, item)
	{
		struct address *to = &con->destinations[i];

		ok = ok && call_read_address(to, item) &&
		     call_may_use_trunk(caller, to->trunk_id);
	}
	if (!ok)
		return false;
	if (prm->source)
		return call_read_address(&con->source, prm->source);

	con->source.type = caller->source.type;
	str_copy(con->source.target, ADDRESS_TARGET_SIZE,
		 caller->source.target);
	str_copy(con->source.name, ADDRESS_NAME_SIZE,
		 caller->source.name ? caller->source.name : "");

	return true;
}

static bool is_anonymous(const struct call *caller, const char *how)
{
	if (str_eq(how, "yes"))
		return true;
	if (str_eq(how, "no"))
		return false;

	return caller->anonymous ||
	       !g_ascii_strcasecmp(caller->source.target, "anonymous");
}

struct call_connect *call_connect_new(struct call *caller,
				      const struct flow_connect *prm)
{
	struct call_connect *con = obj_zalloc(sizeof(*con), connect_destructor);

	con->caller = caller;
	con->callees = g_ptr_array_new();
	con->is_sequence = prm->sequence;
	con->timeout_ms = prm->timeout_ms;
	con->destination_timeout_ms = prm->destination_timeout_ms;
	con->early_media = prm->early_media;
	con->anonymous = is_anonymous(caller, prm->anonymous);
	con->max_duration_ms = prm->max_duration_ms;
	con->hangup_on_star = prm->hangup_on_star;
	con->headers = json_deep_copy(prm->headers);
	con->record = json_deep_copy(prm->record);
	con->confirm = obj_ref(prm->confirm);
	con->ring = g_strdup(prm->ring_tone);
	con->codec = call_codec(caller);

	return read_addresses(con, prm) ? con : obj_unref(con);
}
