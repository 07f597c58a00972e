/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "webhook/retry.h"

enum {
	STATUS_GONE = 410,
	JITTER_DIV = 10, /* of the delay, either way */
};

enum retry_verdict retry_judge(int status)
{
	if (status >= 200 && status <= 299)
		return RETRY_DELIVERED;

	return status == STATUS_GONE ? RETRY_GONE : RETRY_AGAIN;
}

int64_t retry_delay_ms(const struct retry_schedule *sched, unsigned attempts,
		       int64_t retry_after_s, uint32_t rnd)
{
	int64_t delay, jitter;

	if (!attempts || attempts > sched->n)
		return -1;

	delay = sched->delay_ms[attempts - 1];
	jitter = delay / JITTER_DIV;
	delay += (int64_t)((uint64_t)rnd * (uint64_t)(2 * jitter) >> 32) -
		 jitter;

	if (retry_after_s > RETRY_AFTER_MAX_S)
		retry_after_s = RETRY_AFTER_MAX_S;
	if (retry_after_s * 1000 > delay) {
		jitter = retry_after_s * 1000 / JITTER_DIV;
		delay = retry_after_s * 1000 +
			(int64_t)((uint64_t)rnd * (uint64_t)jitter >> 32);
	}

	return delay;
}

int64_t retry_age_ms(const struct retry_schedule *sched, unsigned attempts)
{
	int64_t age = 0;
	unsigned i;

	for (i = 0; i + 1 < attempts && i < sched->n; ++i)
		age += sched->delay_ms[i];

	return age + age / JITTER_DIV;
}
