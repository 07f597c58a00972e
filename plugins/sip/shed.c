/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sipx_priv.h"

/* Once late, new calls are refused for a moment: without it every second one
 * would slip through at the edge, and the loop would stay late */
enum {
	SHED_HOLD_MS = 50
};

void sipx_budget_init(struct sipx_budget *budget, unsigned per_s)
{
	budget->per_s = per_s;
	budget->used = 0;
	budget->second = -1;
}

bool sipx_budget_take(struct sipx_budget *budget, int64_t now_us)
{
	const int64_t second = now_us / 1000000;

	if (budget->second != second) {
		budget->second = second;
		budget->used = 0;
	}
	++budget->used; /* counts on: how far over tells an attack */

	return budget->used <= budget->per_s;
}

bool sipx_overloaded(struct sipx_stack *stack)
{
	const int64_t now = clock_mono_us(loop_clock(stack->loop));

	if (stack->draining || stack->stopping)
		return true;
	if (loop_lag_us(stack->loop) > stack->max_lag_us)
		stack->shed_until_us = now + SHED_HOLD_MS * 1000;

	return now < stack->shed_until_us;
}
