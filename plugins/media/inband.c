/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "media/inband.h"

#include <errno.h>
#include <spandsp.h>

#include "common/obj.h"

struct inband {
	dtmf_rx_state_t *rx;
	char began;
};

static void inband_destructor(void *arg)
{
	struct inband *ib = arg;

	if (ib->rx)
		dtmf_rx_free(ib->rx);
}

/* code: the digit when it begins, 0 when it ends */
static void on_tone(void *arg, int code, int level, int delay)
{
	struct inband *ib = arg;

	if (code)
		ib->began = (char)code;
}

int inband_alloc(struct inband **ibp)
{
	struct inband *ib = obj_zalloc(sizeof(*ib), inband_destructor);

	ib->rx = dtmf_rx_init(NULL, NULL, NULL);
	if (!ib->rx) {
		obj_unref(ib);
		return ENOMEM;
	}
	dtmf_rx_set_realtime_callback(ib->rx, on_tone, ib);
	*ibp = ib;

	return 0;
}

char inband_run(struct inband *ib, const int16_t *pcm, size_t n)
{
	ib->began = 0;
	(void)dtmf_rx(ib->rx, pcm, (int)n);

	return ib->began;
}
