/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file event_list.h  Every event type, listed once
 *
 * X(enum name, wire name, noisy). Noisy ones reach an endpoint only when it
 * asks for them. docs/events.md says when each is emitted; a test compares.
 *
 * Thread: any; nothing is kept.
 */
#ifndef BIFRONS_COMMON_EVENT_LIST_H
#define BIFRONS_COMMON_EVENT_LIST_H

#include <stdbool.h>

#define EVENT_TYPES(X)                                                         \
	X(CALL_CREATED, "call.created", false)                                 \
	X(CALL_DIALING, "call.dialing", false)                                 \
	X(CALL_RINGING, "call.ringing", false)                                 \
	X(CALL_ANSWERED, "call.answered", false)                               \
	X(CALL_ENDED, "call.ended", false)                                     \
	X(CALL_HELD, "call.held", false)                                       \
	X(CALL_UNHELD, "call.unheld", false)                                   \
	X(CALL_MUTED, "call.muted", false)                                     \
	X(CALL_UNMUTED, "call.unmuted", false)                                 \
	X(CALL_DTMF, "call.dtmf", true)                                        \
	X(CALL_QUALITY, "call.quality", true)                                  \
	X(CALL_MEDIA_FINISHED, "call.media_finished", false)                   \
	X(FLOW_ACTION, "flow.action", true)                                    \
	X(FLOW_ERROR, "flow.error", false)                                     \
	X(RECORDING_STARTED, "recording.started", false)                       \
	X(RECORDING_PAUSED, "recording.paused", false)                         \
	X(RECORDING_RESUMED, "recording.resumed", false)                       \
	X(RECORDING_FINISHED, "recording.finished", false)                     \
	X(RECORDING_FAILED, "recording.failed", false)                         \
	X(WEBHOOK_DISABLED, "webhook.disabled", false)                         \
	X(WEBHOOK_TEST, "webhook.test", false)                                 \
	X(NODE_STOPPED, "node.stopped", false)

#define EVENT_ENUM(name, wire, noisy) EVENT_##name,
enum event_type {
	EVENT_TYPES(EVENT_ENUM) EVENT_NTYPES
};
#undef EVENT_ENUM

/** "" for EVENT_NTYPES and beyond */
const char *event_type_name(enum event_type type);
bool event_type_is_noisy(enum event_type type);
/** @return EVENT_NTYPES when there is none of this name */
enum event_type event_type_by_name(const char *name);

/** Does a pattern hold this type? Patterns are "*", "call.*" (all that begin
 * with "call.") and whole names; the first two hold noisy types too.
 */
bool event_pattern_matches(const char *pattern, const char *type);

/** Does it hold any type that there is? */
bool event_pattern_is_known(const char *pattern);

#endif
