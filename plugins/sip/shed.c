/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <linux/sock_diag.h>
#include <sys/socket.h>

#include "sipx_priv.h"

/* Once late, new calls are refused for a moment: without it every second one
 * would slip through at the edge, and the loop would stay late */
enum {
	SHED_HOLD_MS = 50,
	BACKLOG_MAX = 512 * 1024, /* a few hundred messages: 0.1 s or so */
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

/* Datagrams that wait are lateness that no timer sees: the loop takes them
 * one by one and is on time for all else. They fill a socket's buffer for a
 * second or more, and then the BYEs are lost with the rest. */
static bool is_backlogged(const struct sipx_stack *stack)
{
	uint32_t mem[SK_MEMINFO_VARS];
	socklen_t len;
	size_t i;

	for (i = 0; i < sipx_sockets_count(stack->sockets); ++i) {
		len = sizeof(mem);
		if (!getsockopt(sipx_sockets_fd(stack->sockets, i), SOL_SOCKET,
				SO_MEMINFO, mem, &len) &&
		    len > SK_MEMINFO_RCVBUF * sizeof(mem[0]) &&
		    mem[SK_MEMINFO_RMEM_ALLOC] >
			    MIN(mem[SK_MEMINFO_RCVBUF] / 2, BACKLOG_MAX))
			return true;
	}

	return false;
}

bool sipx_overloaded(struct sipx_stack *stack)
{
	const int64_t now = clock_mono_us(loop_clock(stack->loop));

	if (stack->draining || stack->stopping)
		return true;
	if (loop_lag_us(stack->loop) > stack->max_lag_us ||
	    is_backlogged(stack))
		stack->shed_until_us = now + SHED_HOLD_MS * 1000;

	return now < stack->shed_until_us;
}
