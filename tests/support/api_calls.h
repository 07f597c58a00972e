/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file api_calls.h  Calls for tests of the API: legs that do nothing by
 * themselves, in both directions
 *
 * Thread: the test's; what they do they do on the rig's loop. One rig at a
 * time; legs outlive a test whose calls are still closing.
 */
#ifndef BIFRONS_TESTS_SUPPORT_API_CALLS_H
#define BIFRONS_TESTS_SUPPORT_API_CALLS_H

#include "call/call.h"
#include "loop/timers.h"
#include "support/api_rig.h"

enum {
	API_LEGS_MAX = 256
};

struct api_leg {
	struct leg leg; /* first */
	struct api_rig *rig;
	struct timer timer;
	unsigned hangups;
	bool closed;
	struct leg_end end; /**< of the last hangup */
	/* its sound */
	unsigned plays, stops, echos;
	struct media_tap *taps[LEG_TAPS_MAX]; /**< by id - 1 */
	uint32_t ntaps;
	char digits[64]; /**< the last that were sent */
	bool muted_in, muted_out, held;
	/* an outgoing one: what was asked for */
	char *type, *target, *source, *name, *trunk_id;
	bool auto_answer;
	json_t *headers;
};

struct api_legs {
	struct api_rig *rig;
	struct leg_factory factory;
	/* thread: loop; read it with api_legs_sync() before */
	struct api_leg *legs[API_LEGS_MAX];
	unsigned n, dialed;
};

/** What api_rig.media is to be, so that legs have sound from their answer on */
extern const struct call_media_ops api_legs_media;

/** After api_rig_open(): calls may go out, all to legs of these */
void api_legs_open(struct api_legs *legs, struct api_rig *rig);
/** Before api_rig_close(): ends every call and waits */
void api_legs_close(struct api_legs *legs);
/** What the loop has done until now is seen */
void api_legs_sync(struct api_legs *legs);
/** Wait until so many have been dialed */
void api_legs_wait_dialed(struct api_legs *legs, unsigned n);

/** One rings in, with a flow that waits.
 * @return Its id (g_free()), in the store; *legp its leg */
char *api_legs_call_in(struct api_legs *legs, const char *account_id,
		       struct api_leg **legp);

/* What the party does */
void api_leg_rings(struct api_leg *leg);
void api_leg_answers(struct api_leg *leg);
void api_leg_ends(struct api_leg *leg, enum hangup_reason reason, int sip_code);

/** Wait until a call's GET has this status. @return It */
json_t *api_legs_wait_status(struct api_legs *legs, const char *account_id,
			     const char *id, const char *status);

#endif
