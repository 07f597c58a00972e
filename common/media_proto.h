/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file media_proto.h  What the call plugin and `bifrons-media` tell each
 * other
 *
 * A supervisor has one SOCK_SEQPACKET socket on MEDIA_CONTROL_FD: a message
 * there is one request, with its descriptors. Each job has such a socket of
 * its own, which comes with the request: reports come back on it, one a
 * message, the result last. Closing it cancels the job. Both sides are of one
 * build and one machine: structs travel as they are.
 */
#ifndef BIFRONS_COMMON_MEDIA_PROTO_H
#define BIFRONS_COMMON_MEDIA_PROTO_H

#include <stdint.h>

enum {
	MEDIA_VERSION = 1,
	MEDIA_CONTROL_FD = 3,
	MEDIA_TEXT_MAX = 8192, /**< bytes of a text to speak */
	MEDIA_RATE_MIN = 8000,
	MEDIA_RATE_MAX = 48000,
};

enum media_kind {
	MEDIA_DECODE = 1,
	MEDIA_SPEAK,
};

/** Descriptors that come with a request, in this order */
enum media_fd {
	MEDIA_FD_JOB,     /**< socket for the reports */
	MEDIA_FD_OUT,     /**< file for the PCM */
	MEDIA_FD_IN,      /**< the file to decode */
	MEDIA_FD_GROWING, /**< when media_request.growing */
	MEDIA_NFDS,
};

/** The text, without its NUL, follows. Strings end in NUL, "" = none. */
struct media_request {
	uint32_t version; /**< MEDIA_VERSION */
	uint32_t kind;    /**< enum media_kind */
	uint32_t rate;    /**< Hz of the PCM */
	uint32_t growing; /**< 1 = MEDIA_FD_GROWING is there */
	uint32_t text_len;
	uint32_t pad;
	int64_t max_samples;
	int64_t size; /**< of the file in the end, -1 = not known */
	char name_hint[64], content_type[64];
	char language[36], voice[64], provider[16];
};

enum media_report_type {
	MEDIA_READY = 1, /**< on the control socket: send requests */
	MEDIA_STARTED,   /**< the job has a process of its own */
	MEDIA_PROGRESS,
	MEDIA_RESULT,
};

enum media_code {
	MEDIA_OK,
	MEDIA_UNDECODABLE,
	MEDIA_INCOMPLETE, /**< the growing file was given up */
	MEDIA_TOO_LONG,
	MEDIA_NO_VOICE,
	MEDIA_FAILED,
	MEDIA_NCODES,
};

struct media_report {
	uint32_t type; /**< enum media_report_type */
	uint32_t code; /**< enum media_code, of a result */
	int32_t err;   /**< errno, of a result */
	uint32_t pad;
	int64_t samples; /**< in the file now */
	char format[32], codec[32];
	char why[200];
};

#endif
