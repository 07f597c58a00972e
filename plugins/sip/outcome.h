/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file outcome.h  What a failed INVITE means to people
 *
 * Thread: any; pure.
 */
#ifndef BIFRONS_SIP_OUTCOME_H
#define BIFRONS_SIP_OUTCOME_H

#include "call/leg.h"

/** The reason that stands for a final response of theirs, 300-699 */
enum hangup_reason sipx_outcome(int sip_code);

#endif
