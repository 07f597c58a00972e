/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file sender.h  POST requests to customers' servers, by curl's multi
 *
 * No redirect is followed, no proxy is asked, certificates are verified, the
 * answer's body is read for a while and thrown away. Unless private addresses
 * are allowed, each connection's address is checked when it is made
 * (host/net_guard.h), so that neither a name nor its DNS leads inside.
 *
 * Thread: the courier's, but sender_wake(). How many run at once is the
 * caller's affair.
 */
#ifndef BIFRONS_WEBHOOK_SENDER_H
#define BIFRONS_WEBHOOK_SENDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sender;

struct send_result {
	void *arg;               /**< send_params' */
	bool dropped;            /**< by sender_close(): nothing is known */
	int status;              /**< HTTP status; 0 = no answer came */
	const char *error;       /**< why not, or NULL; borrowed */
	const char *retry_after; /**< as the answer has it, or NULL; borrowed */
	int64_t latency_ms;      /**< until it answered, or was given up */
};

struct sender_params {
	unsigned timeout_ms; /**< of a request, in all */
	bool allow_private;  /**< loopback and private addresses too */
	const char *ca_file; /**< NULL = the system's; copied */
	const char *user_agent;
	unsigned max_cached; /**< connections kept open for later */
	/** A request's end; in sender_turn() and sender_close() */
	void (*done)(void *arg, const struct send_result *result);
	void *arg;
};

/** @return 0 or ENOMEM */
int sender_open(struct sender **senderp, const struct sender_params *prm);

/** What is on the way is given up: done() with `dropped`. @return NULL */
struct sender *sender_close(struct sender *sender);

struct send_params {
	const char *url;
	const char *const *headers; /**< "Name: value", NULL-ended; copied */
	char *body;                 /**< taken, g_free()d */
	size_t body_len;
	void *arg;
};

/** Begin; done() follows, never from here.
 * @return 0, or EIO when curl does not take it (body is taken all the same)
 */
int sender_start(struct sender *sender, const struct send_params *prm);

/** Do what can be done, then wait for more to do, at most so long; returns at
 * once when a request ended.
 */
void sender_turn(struct sender *sender, int wait_ms);

unsigned sender_running(const struct sender *sender);

/** End a wait in sender_turn(), this one or the next. Thread: any */
void sender_wake(struct sender *sender);

#endif
