/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file request.h  What a browser asks, read and checked
 *
 * Thread: read on the thread that brought the message, then handed over
 * whole: nothing in it is shared with what came.
 */
#ifndef BIFRONS_WEBRTC_REQUEST_H
#define BIFRONS_WEBRTC_REQUEST_H

#include <jansson.h>
#include <stdbool.h>

#include "common/secret.h"
#include "sdp/sdpx.h"

struct wrtc_handle;

enum wrtc_verb {
	WRTC_REGISTER,
	WRTC_CALL,
	WRTC_ACCEPT,
	WRTC_DECLINE,
	WRTC_HANGUP,
	WRTC_DTMF,
	WRTC_MUTE,
	WRTC_UNMUTE,
	WRTC_HOLD,
	WRTC_UNHOLD,
	WRTC_NVERBS,
};

struct wrtc_request {
	struct wrtc_handle *handle; /**< a reference, or NULL */
	char *transaction;
	enum wrtc_verb verb;

	/** What is wrong with it; code NULL: nothing */
	const char *code; /**< static */
	char detail[160];
	json_t *faults; /**< [{pointer, message}], or NULL */

	char token[SECRET_SHA256_HEX];  /**< its SHA-256; "" = none */
	char ticket[SECRET_SHA256_HEX]; /**< the same */
	json_t *body; /**< checked, with defaults; for this thread alone */
	struct sdpx_desc *offer; /**< or NULL */
};

/** Read a message. Always gives a request; one with `code` set is answered
 * with that error. @param message  Borrowed, as is jsep (or NULL)
 */
struct wrtc_request *wrtc_request_read(const char *transaction,
				       const json_t *message,
				       const json_t *jsep);
void wrtc_request_free(struct wrtc_request *req);

#endif
