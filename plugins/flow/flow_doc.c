/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/json.h"
#include "common/obj.h"
#include "common/str.h"
#include "flow/flow_doc_priv.h"
#include "flow/flow_expr.h"
#include "flow/flow_types.h"

enum {
	POINTER_SIZE = 512,
	ID_MAX = 128,
};

static const char *check_id(const char *value)
{
	if (flow_expr_is_dynamic(value))
		return "must not hold an expression";

	return opt_check_no_controls(value);
}

/* An action but its options; ids in FLOW mode would let "${" through */
static const struct opt action_opts[] = {
	{.name = "id",
	 .type = OPT_STRING,
	 .min = 1,
	 .max = ID_MAX,
	 .check = check_id,
	 .doc = "Any text, unique in the flow."},
	{.name = "type",
	 .type = OPT_STRING,
	 .flags = OPT_REQUIRED,
	 .min = 1,
	 .max = 64,
	 .doc = "Which action."},
	{.name = "option", .type = OPT_ANY, .doc = "Its options."},
	{.name = "next_id",
	 .type = OPT_STRING,
	 .min = 1,
	 .max = ID_MAX,
	 .doc = "The action that follows, instead of the next in order."},
	{.name = "error_id",
	 .type = OPT_STRING,
	 .min = 1,
	 .max = ID_MAX,
	 .doc = "The action that follows an error."},
	OPT_END,
};

/** One making of a document */
struct parse {
	struct flow_doc *doc;
	const json_t **options; /**< of the actions, as given; borrowed, or
				   NULL */
	struct opt_faults *faults;
	bool failed;
};

static void doc_destructor(void *obj)
{
	struct flow_doc *doc = obj;
	size_t i;

	for (i = 0; i < doc->nactions; ++i) {
		if (doc->actions[i].kept)
			doc->actions[i].type->drop(doc->actions[i].kept);
		json_decref(doc->actions[i].json);
		json_decref(doc->actions[i].option);
	}
	g_free(doc->actions);
	if (doc->ids)
		g_hash_table_destroy(doc->ids);
}

/* A member's pointer; member NULL is the thing itself */
static void join(char ptr[POINTER_SIZE], const char *base, const char *member)
{
	str_copy(ptr, POINTER_SIZE, base);
	if (member)
		json_pointer_add(ptr, POINTER_SIZE, member);
}

static void fault(struct parse *parse, const char *base, const char *member,
		  const char *message)
{
	char ptr[POINTER_SIZE];

	join(ptr, base, member);
	opt_fault(parse->faults, ptr, "%s", message);
	parse->failed = true;
}

/* Leave out of `out` what the user did not give: the defaults */
static void strip(const struct opt *opts, const json_t *in, json_t *out)
{
	for (; opts->name; ++opts) {
		json_t *given = json_object_get(in, opts->name);

		if (!given && opts->alias)
			given = json_object_get(in, opts->alias);
		if (!given)
			json_object_del(out, opts->name);
		else if (opts->type == OPT_OBJECT)
			strip(opts->sub, given,
			      json_object_get(out, opts->name));
	}
}

static bool has_expression(const json_t *in)
{
	const char *key;
	json_t *item;
	size_t i;

	if (json_is_string(in))
		return flow_expr_is_dynamic(json_string_value(in));
	json_array_foreach(in, i, item) if (has_expression(item)) return true;
	if (!json_is_object(in))
		return false;
	json_object_foreach((json_t *)in, key,
			    item) if (has_expression(item)) return true;

	return false;
}

/* Those of actions within the action are for another run */
static bool is_dynamic(const struct opt *opts, const json_t *option)
{
	for (; opts->name; ++opts)
		if (!str_eq(opts->format, FLOW_FORMAT_ACTIONS) &&
		    has_expression(json_object_get(option, opts->name)))
			return true;

	return false;
}

static void keep(struct parse *parse, struct flow_action *action,
		 const char *ptr)
{
	const size_t before = json_array_size(parse->faults->list);

	if (!action->type->keep)
		return;
	action->kept = action->type->keep(action->option, ptr, parse->faults);
	if (json_array_size(parse->faults->list) != before ||
	    parse->faults->more)
		parse->failed = true;
}

static const struct action_type *read_type(struct parse *parse,
					   const json_t *json, const char *ptr)
{
	const char *name = json_str(json, "type", "");
	const struct action_type *type = action_type_find(name);
	char *message;

	if (type)
		return type;

	message = flow_types_unknown(name);
	fault(parse, ptr, "type", message);
	g_free(message);

	return NULL;
}

/* What is wrong in lists of actions is told even when more is */
static void check_nested(struct parse *parse, const struct opt *opts,
			 const json_t *given, const char *ptr)
{
	for (; opts->name; ++opts)
		if (str_eq(opts->format, FLOW_FORMAT_ACTIONS))
			flow_doc_drop(flow_doc_keep(given, opts->name, ptr,
						    parse->faults));
}

static void read_option(struct parse *parse, size_t index, const json_t *given,
			const char *base)
{
	struct flow_action *action = &parse->doc->actions[index];
	char ptr[POINTER_SIZE];
	json_t *none = NULL, *shown;
	int err;

	if (!given)
		given = none = json_object();
	else
		parse->options[index] = given;
	join(ptr, base, "option");
	err = flow_option_check(&action->option, action->type, given,
				OPT_MODE_FLOW, ptr, parse->faults);
	if (err || !action->json) {
		parse->failed = true;
		if (err == E2BIG)
			parse->options[index] = NULL;
		else
			check_nested(parse, action->type->opts, given, ptr);
		goto out;
	}

	action->dynamic = is_dynamic(action->type->opts, action->option);
	keep(parse, action, ptr);
	shown = json_deep_copy(action->option);
	strip(action->type->opts, given, shown);
	json_object_set_new(action->json, "option", shown);
out:
	json_decref(none);
}

static void note_id(struct parse *parse, const struct flow_action *action,
		    size_t index, const char *ptr)
{
	struct flow_doc *doc = parse->doc;

	if (!action->id || !action->id[0])
		return;
	if (g_hash_table_contains(doc->ids, action->id))
		fault(parse, ptr, "id", "is another action's id too");
	else
		g_hash_table_insert(doc->ids, (char *)action->id,
				    GSIZE_TO_POINTER(index + 1));
}

static void read_action(struct parse *parse, const json_t *in, const char *ptr)
{
	struct flow_doc *doc = parse->doc;
	const size_t index = doc->nactions++;
	struct flow_action *action = &doc->actions[index];
	const json_t *own = in;

	/* whatever is wrong with it, the rest is read: every fault is told */
	if (opt_check(&action->json, action_opts, in, OPT_MODE_CREATE, false,
		      ptr, parse->faults))
		parse->failed = true;
	if (action->json)
		own = action->json;

	action->id = json_str(own, "id", NULL);
	action->next_id = json_str(own, "next_id", NULL);
	action->error_id = json_str(own, "error_id", NULL);
	note_id(parse, action, index, ptr);

	if (!*json_str(own, "type", ""))
		return; /* that was told */
	action->type = read_type(parse, own, ptr);
	if (!action->type)
		return;
	if (action->json)
		json_object_set_new(action->json, "type",
				    json_string(action->type->name));
	read_option(parse, index, json_object_get(in, "option"), ptr);
}

static void read_list(struct parse *parse, const json_t *list, const char *name)
{
	char ptr[POINTER_SIZE];
	json_t *item;
	size_t i;

	json_array_foreach(list, i, item)
	{
		snprintf(ptr, sizeof(ptr), "/%s/%zu", name, i);
		read_action(parse, item, ptr);
	}
}

static void pointer_of(const struct flow_doc *doc, size_t index,
		       char ptr[POINTER_SIZE])
{
	if (index < doc->nmain)
		snprintf(ptr, POINTER_SIZE, "/actions/%zu", index);
	else
		snprintf(ptr, POINTER_SIZE, "/fallback_actions/%zu",
			 index - doc->nmain);
}

static void need_target(void *arg, const char *id, const char *pointer)
{
	struct parse *parse = arg;
	const size_t len = strlen(id);

	if (!len || len > ID_MAX) /* no id at all: that was told */
		return;
	if (flow_doc_find(parse->doc, id) != FLOW_OVER)
		return;
	opt_fault(parse->faults, pointer, "no action has the id \"%.40s\"", id);
	parse->failed = true;
}

static size_t link_id(struct parse *parse, const char *id, size_t def,
		      const char *base, const char *member)
{
	char ptr[POINTER_SIZE];

	if (!id)
		return def;
	join(ptr, base, member);
	need_target(parse, id, ptr);

	return flow_doc_find(parse->doc, id);
}

/* Once all ids are known: what follows what */
static void link_action(struct parse *parse, size_t index)
{
	struct flow_doc *doc = parse->doc;
	struct flow_action *action = &doc->actions[index];
	const bool last = index + 1 == doc->nmain || index + 1 == doc->nactions;
	char base[POINTER_SIZE], ptr[POINTER_SIZE];

	pointer_of(doc, index, base);
	action->next = link_id(parse, action->next_id,
			       last ? FLOW_OVER : index + 1, base, "next_id");
	action->error = link_id(parse, action->error_id, action->next, base,
				"error_id");
	if (!action->type)
		return;

	join(ptr, base, "option");
	flow_option_targets(action->type->opts,
			    action->option ? action->option
					   : parse->options[index],
			    ptr, need_target, parse);
	if ((action->type->flags & ACTION_RUNS_FLOWS) ||
	    json_flag(action->option, "sensitive", false) ||
	    json_is_string(json_object_get(action->option, "sensitive")))
		doc->sensitive = true;
}

static bool is_list_right(struct parse *parse, const json_t *list,
			  const char *ptr, bool required)
{
	if (!list && !required)
		return true;
	if (!list)
		fault(parse, ptr, NULL, "is required");
	else if (!json_is_array(list))
		fault(parse, ptr, NULL, "must be an array");
	else
		return true;

	return false;
}

static bool is_size_right(struct parse *parse, const json_t *main_list,
			  const json_t *fallback)
{
	const size_t n = json_array_size(main_list) + json_array_size(fallback);
	size_t bytes;

	if (n > FLOW_MAX_ACTIONS) {
		opt_fault(parse->faults, "/actions",
			  "a flow has at most %d actions", FLOW_MAX_ACTIONS);
		return false;
	}
	bytes = json_dumpb(main_list, NULL, 0, JSON_COMPACT);
	if (fallback)
		bytes += json_dumpb(fallback, NULL, 0, JSON_COMPACT);
	if (bytes > FLOW_MAX_BYTES) {
		opt_fault(parse->faults, "/actions",
			  "a flow has at most %d KiB", FLOW_MAX_BYTES / 1024);
		return false;
	}
	parse->doc->bytes = bytes + n * FLOW_ACTION_BYTES;

	return true;
}

static int parse_doc(struct parse *parse, const json_t *in)
{
	const json_t *main_list = json_object_get(in, "actions");
	const json_t *fallback = json_object_get(in, "fallback_actions");
	struct flow_doc *doc = parse->doc;
	const bool main_right =
		is_list_right(parse, main_list, "/actions", true);
	size_t i, n;

	if (!is_list_right(parse, fallback, "/fallback_actions", false) ||
	    !main_right)
		return EINVAL;
	if (!is_size_right(parse, main_list, fallback))
		return EINVAL;

	n = json_array_size(main_list) + json_array_size(fallback);
	doc->actions = g_new0(struct flow_action, n);
	parse->options = g_new0(const json_t *, n);
	doc->ids = g_hash_table_new(g_str_hash, g_str_equal);
	read_list(parse, main_list, "actions");
	doc->nmain = doc->nactions;
	read_list(parse, fallback, "fallback_actions");
	for (i = 0; i < doc->nactions; ++i)
		link_action(parse, i);
	g_free(parse->options);

	return parse->failed ? EINVAL : 0;
}

int flow_doc_alloc(struct flow_doc **docp, const json_t *in,
		   struct opt_faults *faults)
{
	struct parse parse = {.faults = faults};
	struct flow_doc *doc;
	int err;

	if (!in || !faults)
		return EINVAL;
	if (!json_is_object(in)) {
		opt_fault(faults, "", "must be an object");
		return EINVAL;
	}

	doc = obj_zalloc(sizeof(*doc), doc_destructor);
	parse.doc = doc;
	err = parse_doc(&parse, in);
	if (err || !docp)
		obj_unref(doc);
	else
		*docp = doc;

	return err;
}

size_t flow_doc_bytes(const struct flow_doc *doc)
{
	return doc->bytes;
}

/* How deep lists of actions lie in each other, counted up to max: each level
 * is kept as a document of its own, with all that lies in it */
static unsigned nesting(const json_t *list, unsigned max)
{
	const struct action_type *type;
	const struct opt *opt;
	const json_t *option;
	unsigned most = 0, n;
	json_t *item;
	size_t i;

	if (!list || !max)
		return list ? 1 : 0;

	json_array_foreach(list, i, item)
	{
		option = json_object_get(item, "option");
		type = action_type_find(json_str(item, "type", ""));
		for (opt = type ? type->opts : NULL; opt && opt->name; ++opt) {
			if (!str_eq(opt->format, FLOW_FORMAT_ACTIONS))
				continue;
			n = nesting(json_object_get(option, opt->name),
				    max - 1);
			most = n > most ? n : most;
		}
	}

	return most + 1;
}

void *flow_doc_keep(const json_t *option, const char *name, const char *pointer,
		    struct opt_faults *faults)
{
	json_t *list = json_object_get(option, name), *in, *fault;
	struct opt_faults own = {0};
	struct flow_doc *doc = NULL;
	char base[POINTER_SIZE], ptr[2 * POINTER_SIZE];
	size_t i;

	if (!list)
		return NULL;

	join(base, pointer, name);
	if (nesting(list, FLOW_MAX_NESTING) > FLOW_MAX_NESTING) {
		opt_fault(faults, base,
			  "actions in actions are at most %d deep",
			  FLOW_MAX_NESTING);
		return NULL;
	}
	in = json_object();
	json_object_set(in, "actions", list);
	(void)flow_doc_alloc(&doc, in, &own);
	json_array_foreach(own.list, i, fault)
	{
		/* "/actions/0/type" is "BASE/0/type" out here */
		g_snprintf(ptr, sizeof(ptr), "%s%s", base,
			   json_str(fault, "pointer", "/actions") +
				   strlen("/actions"));
		opt_fault_once(faults, ptr, json_str(fault, "message", ""));
	}
	json_decref(own.list);
	json_decref(in);

	return doc;
}

void flow_doc_drop(void *kept)
{
	obj_unref(kept);
}

size_t flow_doc_find(const struct flow_doc *doc, const char *id)
{
	const size_t n = GPOINTER_TO_SIZE(g_hash_table_lookup(doc->ids, id));

	return n ? n - 1 : FLOW_OVER;
}

json_t *flow_doc_json(const struct flow_doc *doc)
{
	json_t *out = json_object();
	json_t *main_list = json_array(), *fallback = json_array();
	size_t i;

	for (i = 0; i < doc->nactions; ++i)
		json_array_append_new(i < doc->nmain ? main_list : fallback,
				      json_deep_copy(doc->actions[i].json));
	json_object_set_new(out, "actions", main_list);
	json_object_set_new(out, "fallback_actions", fallback);

	return out;
}
