/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file wrtc_ear.h  A call out to a browser, as call/ would hold its leg
 *
 * It dials by the gateway's factory and counts what the leg tells.
 * Thread: the test's; the leg's ops run on the rig's loop.
 */
#ifndef BIFRONS_TESTS_WRTC_EAR_H
#define BIFRONS_TESTS_WRTC_EAR_H

#include "support/wrtc_rig.h"

struct wrtc_ear {
	struct wrtc_rig *rig;
	struct leg *leg;

	pthread_mutex_t mtx;
	pthread_cond_t cond;
	/* under mtx */
	unsigned heard, ringing, answered, held, resumed, failed, ended, closed;
	struct leg_end end;
};

/** The ways to a target. @return routes()'s */
int wrtc_ear_routes(struct wrtc_rig *rig, const char *target,
		    struct leg_route *routes, unsigned *np, const char **codep);
/** Ring one of them; account, type and source are filled in here. Fails the
 * test unless it works */
void wrtc_ear_dial(struct wrtc_rig *rig, struct wrtc_ear *ear,
		   struct leg_dial dial, const struct leg_route *route);
/** The same, to the only device of 1000@demo.local: it rings. call_id: new */
void wrtc_ear_ring(struct wrtc_rig *rig, struct wrtc_ear *ear,
		   char call_id[ID_SIZE]);
/** Fails the test after WRTC_RIG_WAIT_MS */
void wrtc_ear_wait(struct wrtc_ear *ear, const unsigned *count, unsigned n);
unsigned wrtc_ear_count(struct wrtc_ear *ear, const unsigned *count);
void wrtc_ear_hang_up(struct wrtc_ear *ear, const struct leg_end *end);
/** leg_ops of the leg, on the loop; peer NULL: none */
void wrtc_ear_bridge(struct wrtc_ear *ear, struct wrtc_ear *peer);
void wrtc_ear_echo(struct wrtc_ear *ear, bool on);
int wrtc_ear_hold(struct wrtc_ear *ear, bool on);
/** Hang up unless it is over, wait for closed(), let go; twice is fine */
void wrtc_ear_close(struct wrtc_ear *ear);

/** A device of another extension, 1000@b.test, registered. @return Its ticket,
 * g_free() it */
char *wrtc_rig_stranger(struct wrtc_rig *rig, struct wrtc_core *core);

/** `accept` with an offer */
void wrtc_core_accept(struct wrtc_rig *rig, struct wrtc_core *core,
		      const char *ticket, const char *call_id,
		      const char *offer);

#endif
