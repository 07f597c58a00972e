/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file connect_fake.h  A caller who waits, and whom it is connected with
 *
 * What a flow asks of a call is asked here without one.
 */
#ifndef BIFRONS_SUPPORT_CONNECT_FAKE_H
#define BIFRONS_SUPPORT_CONNECT_FAKE_H

#include "support/call_fake.h"

struct connect_fake {
	struct call_fake fake;
	struct call_fake_leg leg; /**< the caller's */
	struct call *caller;      /**< dead once it has gone */
	char caller_id[ID_SIZE];
	struct flow_connect prm;
	json_t *destinations;
	struct flow_doc *confirm;
	const char *code; /**< of a refusal */
	char result[64];
};

/** The caller's INVITE came; its flow waits, and answers when `answered`.
 * @param account  Its members, or NULL */
void connect_fake_setup(struct connect_fake *cf, const char *account,
			bool answered);
/** All calls must have ended; their legs are closed here */
void connect_fake_teardown(struct connect_fake *cf);

/** With "tel:+451 …", by prm as it is set; 0 and they are dialed, or why not */
int connect_fake_start(struct connect_fake *cf, const char *destinations);

/** Whom the n-th dialed leg belongs to: its row's document; borrowed */
const json_t *connect_fake_doc(const struct connect_fake *cf, unsigned n);
/** The caller's */
const json_t *connect_fake_caller(const struct connect_fake *cf);
/** "answered 0 1500": how the caller's connect ended; "" = it did not (yet).
 * Until the next call */
const char *connect_fake_result(struct connect_fake *cf);
/** "system canceled answered_elsewhere" of the n-th */
void connect_fake_check_end(const struct connect_fake *cf, unsigned n,
			    const char *expected);
/** Do they hear each other? */
bool connect_fake_is_bridged(const struct connect_fake *cf, unsigned n);

#endif
