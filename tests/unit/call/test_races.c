/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Everything that can happen to a caller and its callees, in random order: all
 * legs keep to leg.h, and whatever comes of it no call is left over, each has
 * begun and ended once, and all events are in order. A seed that fails is
 * named; BIFRONS_RACES is how many are tried.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "call/call_priv.h"
#include "common/json.h"
#include "common/obj.h"
#include "support/call_fake.h"
#include "support/flow_fake.h"

enum {
	SEEDS = 400,
	STEPS = 60,
	LEGS = 25, /* the caller's, and those that are dialed */
};

#define TWO "'destinations':['tel:+451001','tel:+451002']"
#define CONFIRM                                                                \
	"'confirm_actions':[{'type':'dtmf_receive','option':{'length':1}}]"

static const char *const flows[] = {
	"[{'type':'connect','option':{" TWO ",'hangup_on_star':true,"
	"'early_media':true}},{'type':'sleep','option':{'duration_ms':500}},"
	"{'type':'connect','option':{" TWO ",'strategy':'sequence',"
	"'destination_timeout_s':3,'timeout_s':8}}]",
	"[{'type':'answer'},{'type':'connect','option':{" TWO "," CONFIRM
	",'timeout_s':15}},{'type':'connect','option':{" TWO
	",'max_duration_s':4}}]",
	"[{'type':'call','option':{" TWO ",'chained':true,"
	"'actions':[{'type':'echo'}]}},{'type':'connect','option':{" TWO "}}]",
};

struct world {
	struct call_fake fake;
	struct call_fake_leg caller;
	GRand *rand;
	bool over[LEGS]; /* it told its end */
};

static unsigned pick(struct world *w, unsigned n)
{
	return (unsigned)g_rand_int_range(w->rand, 0, (gint32)n);
}

static struct call_fake_leg *leg_at(struct world *w, unsigned i)
{
	return i ? &w->fake.dialed[i - 1] : &w->caller;
}

/* ---- what legs tell ---- */

static void ends(struct world *w, unsigned i)
{
	static const struct {
		enum hangup_reason reason;
		int code;
	} ways[] = {{HANGUP_NORMAL, 0},     {HANGUP_BUSY, 486},
		    {HANGUP_REJECTED, 603}, {HANGUP_FAILED, 503},
		    {HANGUP_CANCELED, 487}, {HANGUP_NOANSWER, 408}};
	const unsigned n = pick(w, G_N_ELEMENTS(ways));
	const struct leg_end end = {.by = HANGUP_BY_REMOTE,
				    .reason = ways[n].reason,
				    .sip_code = ways[n].code};
	struct call_fake_leg *leg = leg_at(w, i);

	/* hung up by its call: only closed() follows */
	if (leg->hangups || w->over[i])
		return;
	w->over[i] = true;
	leg->leg.handler->ended(leg->leg.arg, &end);
}

static void tells(struct world *w, unsigned i)
{
	struct call_fake_leg *leg = leg_at(w, i);
	const struct leg_handler *to = leg->leg.handler;
	void *arg = leg->leg.arg;
	char digit;

	if (!leg->leg.media)
		return;
	switch (pick(w, 11)) {
	case 0:
		if (to->heard)
			to->heard(arg);
		break;
	case 1:
		to->early(arg);
		break;
	case 2:
		to->ringing(arg);
		break;
	case 3:
	case 4:
		/* an incoming one is answered when we answer it */
		if (i || leg->answers)
			to->answered(arg);
		break;
	case 5:
		digit = "1*"[pick(w, 2)];
		to->dtmf(arg, digit, 100, pick(w, 2));
		break;
	case 6:
		to->held(arg, pick(w, 2));
		break;
	case 7:
		call_fake_played(&w->fake, leg, pick(w, 2) ? 0 : 5);
		break;
	case 8:
		to->failed(arg, 5, "no");
		break;
	case 9:
		ends(w, i);
		break;
	default:
		if (leg->hangups || w->over[i])
			call_fake_closed(leg);
		break;
	}
}

/* ---- what requests do ---- */

static void redirect(struct world *w, struct call *call)
{
	const char *why = NULL;
	struct opt_faults faults = {0};
	struct flow_doc *doc = NULL;
	json_t *json = flow_fake_json("{'actions':[{'type':'echo'}]}");

	assert_int_equal(flow_doc_alloc(&doc, json, &faults), 0);
	(void)call_verb_redirect(call, doc, NULL,
				 pick(w, 2) ? CALL_PEER_HANGUP : CALL_PEER_HOLD,
				 &why);
	obj_unref(doc);
	json_decref(json);
}

static void asks(struct world *w, struct call *call)
{
	static const struct leg_end end = {.by = HANGUP_BY_LOCAL};
	const struct flow_digits digits = {
		.digits = "1", .duration_ms = 100, .interval_ms = 80};
	json_t *urls = json_pack("[s]", "tone:800/500");
	const struct flow_play play = {.urls = urls, .loops = 1};
	const char *why = NULL;

	switch (pick(w, 8)) {
	case 0:
		(void)call_verb_play(call, &play, (enum call_to)pick(w, 3),
				     &why);
		break;
	case 1:
		(void)call_verb_stop_media(call, &why);
		break;
	case 2:
		(void)call_verb_dtmf(call, &digits, &why);
		break;
	case 3:
		(void)call_verb_mute(call, pick(w, 2), true, pick(w, 2), &why);
		break;
	case 4:
		(void)call_verb_hold(call, pick(w, 2), &why);
		break;
	case 5:
		redirect(w, call);
		break;
	case 6:
		(void)call_verb_patch(call, NULL, NULL, 1 + pick(w, 30), &why);
		break;
	default:
		if (!pick(w, 4))
			(void)call_hangup(call, &end, "req");
		break;
	}
	json_decref(urls);
}

static void step(struct world *w)
{
	const unsigned i = pick(w, w->fake.ndialed + 1);
	struct call *call;

	switch (pick(w, 6)) {
	case 0:
		call_fake_pass(&w->fake, pick(w, 1500));
		break;
	case 1:
		call_fake_pass(&w->fake, 0);
		break;
	case 2:
		call = call_find(w->fake.table, leg_at(w, i)->leg.call_id);
		if (call)
			asks(w, call);
		break;
	default:
		tells(w, i);
		break;
	}
}

/* ---- what must be true at the end ---- */

static void close_all(struct world *w)
{
	static const struct leg_end end = {.by = HANGUP_BY_SYSTEM};
	unsigned i;

	call_table_hangup_all(w->fake.table, NULL, &end);
	call_fake_pass(&w->fake, 0);
	for (i = 0; i <= w->fake.ndialed; ++i) {
		struct call_fake_leg *leg = leg_at(w, i);

		assert_null(leg->media.peer);
		assert_true(leg->hangups <= 1);
		assert_true(leg->hangups || w->over[i]);
		if (leg->leg.media)
			call_fake_closed(leg);
		assert_int_equal(leg->unrefs, 1);
	}
	call_fake_pass(&w->fake, 600000);
	assert_int_equal(call_table_count(w->fake.table), 0);
}

/* Of one call: created first, ended last, each state once and forward */
static void check_calls(const struct world *w)
{
	static const char *const states[] = {"call.created", "call.dialing",
					     "call.ringing", "call.answered",
					     "call.ended",   NULL};
	json_t *at = json_object(), *doc;
	char *story = call_fake_story(&w->fake); /* sequences count up */
	const char *id;
	json_t *row;
	size_t i;

	g_free(story);
	json_array_foreach(w->fake.log, i, doc)
	{
		const char *type = json_str(doc, "type", "");
		const char *call = json_str(doc, "call_id", "");
		const int64_t was = json_int(at, call, 0);
		int64_t n = 0;

		assert_true(was < 5);
		while (states[n] && strcmp(states[n], type) != 0)
			++n;
		if (!states[n])
			continue;
		assert_true(n + 1 > was);
		json_object_set_new(at, call, json_integer(n + 1));
	}
	json_object_foreach(w->fake.rows, id, row)
	{
		assert_int_equal(json_int(at, id, 0), 5);
		assert_string_equal(json_str(row, "status", ""), "ended");
	}
	json_decref(at);
}

static void run(unsigned seed)
{
	struct world w = {0};
	unsigned i;

	w.rand = g_rand_new_with_seed(seed);
	call_fake_setup(&w.fake, flows[seed % G_N_ELEMENTS(flows)],
			"{'hold_media':'tone:440'}", NULL, 0);
	call_fake_route(&w.fake, 0, 0, "a");
	call_fake_route(&w.fake, 0, 0, "b");
	call_fake_route(&w.fake, 1, 2000, "c");
	call_fake_call(&w.fake, &w.caller);
	for (i = 0; i < STEPS; ++i)
		step(&w);
	close_all(&w);
	check_calls(&w);
	call_fake_teardown(&w.fake);
	g_rand_free(w.rand);
}

static void test_any_order(void **state)
{
	const char *text = getenv("BIFRONS_RACES");
	const unsigned n = text ? (unsigned)strtoul(text, NULL, 10) : SEEDS;
	unsigned *seed = *state;

	for (*seed = 0; *seed < n; ++*seed)
		run(*seed);
}

static int begin(void **state)
{
	*state = g_new0(unsigned, 1);

	return 0;
}

static int tell_seed(void **state)
{
	print_message("# the last seed was %u\n", *(unsigned *)*state);
	g_free(*state);

	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_any_order, begin,
						tell_seed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
