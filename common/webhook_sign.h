/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file webhook_sign.h  Signatures of what is sent to customers' servers
 *
 * Standard Webhooks 1.0: HMAC-SHA256 of "ID.TIMESTAMP.BODY", in the header
 * webhook-signature as "v1,BASE64", several separated by a blank while a
 * secret is being rotated.
 *
 * Thread: any; nothing is kept.
 */
#ifndef BIFRONS_COMMON_WEBHOOK_SIGN_H
#define BIFRONS_COMMON_WEBHOOK_SIGN_H

#include <stddef.h>
#include <stdint.h>

#define WEBHOOK_SECRET_PREFIX "whsec_"

/** A new secret: "whsec_" and 32 random bytes as standard base64, which every
 * library of Standard Webhooks reads; g_free() it
 */
char *webhook_secret_new(void);

/** The bytes that a secret stands for: what base64 (or base64url, padding
 * optional) after "whsec_" says; any other text stands for itself.
 * @return g_free() it
 */
uint8_t *webhook_secret_bytes(const char *secret, size_t *lenp);

/** What is signed */
struct webhook_message {
	const char *id;      /**< the event's; header webhook-id */
	int64_t timestamp_s; /**< of this attempt; header webhook-timestamp */
	const char *body;
	size_t body_len;
};

/** "v1,BASE64"; g_free() it */
char *webhook_sign(const char *secret, const struct webhook_message *msg);

#endif
