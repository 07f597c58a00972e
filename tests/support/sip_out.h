/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file sip_out.h  A rig that calls, and one peer that is called
 *
 * Thread: the test's. The rig's trunk has the callee as its only host.
 */
#ifndef BIFRONS_TESTS_SIP_OUT_H
#define BIFRONS_TESTS_SIP_OUT_H

#include "support/sip_callee.h"
#include "support/sip_rig.h"

struct sout {
	struct srig rig;
	struct scallee callee;
};

/** +4520123456 calls +4533445566 by the trunk */
extern const struct leg_dial sout_number;

struct sout *sout_open(const struct srig_params *prm, bool tcp);
void sout_close(struct sout *out);
/** The trunk with its host, and these members more; '…' for "…" */
void sout_trunk(struct sout *out, const char *more);

/** Dial: the INVITE is in out->callee.invite. Fails the test otherwise */
struct srig_leg *sout_dial(struct sout *out, const struct leg_dial *dial);
/** Dial sout_number, 200, ACK, answered() */
struct srig_leg *sout_up(struct sout *out);
/** Their BYE, 200, closed() */
void sout_down(struct sout *out, struct srig_leg *leg);
/** Wait for our BYE and answer it */
void sout_expect_bye(struct sout *out);
/** Does this header of a message hold this? */
bool sout_has(const char *msg, const char *name, const char *part);

#endif
