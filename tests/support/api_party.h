/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file api_party.h  One call on the API's rig that can be recorded
 *
 * Thread: the test's. Its party says nothing by itself; taps are filled by
 * hand. One at a time.
 */
#ifndef BIFRONS_TESTS_SUPPORT_API_PARTY_H
#define BIFRONS_TESTS_SUPPORT_API_PARTY_H

#include "call/leg.h"
#include "loop/timers.h"
#include "support/api_rig.h"

enum {
	API_PARTY_TAPS = 4
};

struct api_party {
	struct leg leg; /* first; leg.call_id is the call's */
	struct api_rig rig;
	struct timer timer;
	struct media_tap *taps[API_PARTY_TAPS]; /* by id - 1 */
	uint32_t ntaps;
	char flow_id[ID_SIZE];
};

/** A rig with an answered call on it */
void api_party_open(struct api_party *party);
/** The call ends, if it has not */
void api_party_close(struct api_party *party);
void api_party_hang_up(struct api_party *party);

/** Begin to record, as Ogg. @return The id, g_free() */
char *api_party_record(struct api_party *party);
/** The same, and wait until it is in the store */
char *api_party_record_stored(struct api_party *party);
/** A second of silence to all taps */
void api_party_speak(struct api_party *party);

json_t *api_party_ask(struct api_party *party, const char *verb, const char *id,
		      json_t *body);
json_t *api_party_patch(struct api_party *party, const char *id,
			const char *status);
/** The reply, which is taken, must be this error */
void api_party_expect(json_t *reply, const char *code);

#endif
