/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "outcome.h"

enum hangup_reason sipx_outcome(int sip_code)
{
	switch (sip_code) {
	case 486: /* Busy Here */
	case 600: /* Busy Everywhere */
		return HANGUP_BUSY;
	case 408: /* Request Timeout: theirs, so somebody let it ring */
	case 480: /* Temporarily Unavailable */
	case 487: /* Request Terminated, and not by us */
		return HANGUP_NOANSWER;
	case 403: /* Forbidden */
	case 433: /* Anonymity Disallowed */
	case 603: /* Decline */
	case 607: /* Unwanted */
	case 608: /* Rejected */
		return HANGUP_REJECTED;
	default:
		/* no such number (404, 410, 484, 604), wrong credentials (401,
		 * 407), no media in common (488, 606), redirections, faults */
		return HANGUP_FAILED;
	}
}
