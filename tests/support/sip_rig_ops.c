/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a test does to a leg, or to the stack: on the loop, and waits */
#include <glib.h>
#include <string.h>
#include <time.h>

#include "support/sip_rig.h"

struct op {
	struct srig_leg *leg;
	int (*fn)(struct leg *leg);
	struct leg_end end;
	char digit;
	char *info;
	int rc;
};

static void do_op(void *arg)
{
	struct op *op = arg;

	op->rc = op->leg->leg ? op->fn(op->leg->leg) : -1;
}

static int run(struct srig_leg *leg, int (*fn)(struct leg *leg))
{
	struct op op = {.leg = leg, .fn = fn};

	loop_call(leg->rig->loop, "srig op", do_op, &op);

	return op.rc;
}

static int op_ring(struct leg *leg)
{
	return leg->ops->ring(leg);
}

static int op_progress(struct leg *leg)
{
	return leg->ops->progress(leg);
}

static int op_answer(struct leg *leg)
{
	return leg->ops->answer(leg);
}

int srig_ring(struct srig_leg *leg)
{
	return run(leg, op_ring);
}

int srig_progress(struct srig_leg *leg)
{
	return run(leg, op_progress);
}

int srig_answer(struct srig_leg *leg)
{
	return run(leg, op_answer);
}

static void do_hangup(void *arg)
{
	struct op *op = arg;

	if (op->leg->leg)
		op->rc = op->leg->leg->ops->hangup(op->leg->leg, &op->end);
}

int srig_hangup(struct srig_leg *leg, enum hangup_reason reason, int sip_code)
{
	struct op op = {
		.leg = leg,
		.end = {.by = HANGUP_BY_LOCAL,
			.reason = reason,
			.sip_code = sip_code},
		.rc = -1,
	};

	loop_call(leg->rig->loop, "srig hangup", do_hangup, &op);

	return op.rc;
}

int srig_hangup_as(struct srig_leg *leg, const struct leg_end *end)
{
	struct op op = {.leg = leg, .end = *end, .rc = -1};

	loop_call(leg->rig->loop, "srig hangup", do_hangup, &op);

	return op.rc;
}

static int op_hold(struct leg *leg)
{
	return leg->ops->hold(leg, true);
}

static int op_resume(struct leg *leg)
{
	return leg->ops->hold(leg, false);
}

int srig_hold(struct srig_leg *leg, bool on)
{
	return run(leg, on ? op_hold : op_resume);
}

static void do_send_dtmf(void *arg)
{
	struct op *op = arg;

	op->rc = op->leg->leg->ops->send_dtmf(op->leg->leg, op->digit, 160);
}

int srig_send_dtmf(struct srig_leg *leg, char digit)
{
	struct op op = {.leg = leg, .digit = digit};

	loop_call(leg->rig->loop, "srig dtmf", do_send_dtmf, &op);

	return op.rc;
}

static void do_describe(void *arg)
{
	struct op *op = arg;

	if (op->leg->leg)
		op->info = op->leg->leg->ops->describe(op->leg->leg);
}

static json_t *take_json(char *text)
{
	json_t *j = text ? json_loads(text, 0, NULL) : NULL;

	g_free(text);

	return j;
}

json_t *srig_describe(struct srig_leg *leg)
{
	struct op op = {.leg = leg};

	loop_call(leg->rig->loop, "srig describe", do_describe, &op);

	return take_json(op.info);
}

static void do_describe_media(void *arg)
{
	struct op *op = arg;

	if (op->leg->leg)
		op->info = op->leg->leg->ops->describe_media(op->leg->leg);
}

json_t *srig_describe_media(struct srig_leg *leg)
{
	struct op op = {.leg = leg};

	loop_call(leg->rig->loop, "srig media", do_describe_media, &op);

	return take_json(op.info);
}

static void do_nothing(void *arg)
{
	(void)arg;
}

void srig_stats(struct srig *rig, struct sipx_stats *stats)
{
	/* what the peer has heard is counted when its turn is over */
	loop_call(rig->loop, "srig stats", do_nothing, NULL);
	sipx_stack_stats(rig->stack, stats);
}

struct drain {
	struct srig *rig;
	bool drain;
};

static void do_drain(void *arg)
{
	struct drain *job = arg;

	sipx_stack_drain(job->rig->stack, job->drain);
}

void srig_drain(struct srig *rig, bool drain)
{
	struct drain job = {rig, drain};

	loop_call(rig->loop, "srig drain", do_drain, &job);
}

static void do_block(void *arg)
{
	const unsigned ms = (unsigned)(uintptr_t)arg;
	const struct timespec ts = {ms / 1000, ms % 1000 * 1000000L};

	nanosleep(&ts, NULL);
}

void srig_block(struct srig *rig, unsigned ms)
{
	loop_post(rig->loop, "srig block", do_block, (void *)(uintptr_t)ms);
}

void srig_turn(struct srig *rig)
{
	unsigned i;

	for (i = 0; i < 3; ++i)
		loop_call(rig->loop, "srig turn", do_nothing, NULL);
}
