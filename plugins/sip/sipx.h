/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file sipx.h  SIP over UDP and TCP: the stack, and the legs it makes
 *
 * Thread: loop only, but for the figures. One shared nua (sofia-sip) runs on
 * the loop's own su_root; its stack has no thread of its own. An INVITE from a
 * trunk to one of our numbers becomes a leg (call/leg.h) and is offered to
 * `incoming`; whatever is not from a trunk is turned away before the stack
 * sees it. Legs to trunks and SIP URIs are made by sipx_stack_factory().
 * docs/sip.md lists which response stands for what.
 */
#ifndef BIFRONS_SIP_SIPX_H
#define BIFRONS_SIP_SIPX_H

#include <stdbool.h>
#include <stdint.h>

#include "call/leg.h"

struct directory;
struct loop;
struct media_engine;
struct sipx_stack;

struct sipx_params {
	struct loop *loop;
	const char *bind;           /**< numeric address of the sockets */
	const char *public_address; /**< in Contact, Via, SDP; NULL = bind */
	uint16_t port;              /**< UDP and TCP; 0 = a free one */
	struct directory *dir;
	/** Sound; NULL: legs without any (tests and benches of signalling) */
	struct media_engine *media;
	/** Who takes the legs: call_incoming() behind a cast of arg */
	enum call_refusal (*incoming)(void *arg, const struct leg_incoming *in);
	void *arg;
	const char *user_agent; /**< NULL = "Bifrons" */
	/** New calls get 503 while the loop is later than this; 0 = 100 */
	unsigned max_lag_ms;
	/** Answers to strangers in a second, the rest gets none; 0 = 50 */
	unsigned strangers_per_s;
	/** TCP connections of strangers, the rest is closed; 0 = 100 */
	unsigned strangers_tcp;
	/** How long transactions are kept for retransmissions, and an ACK is
	 * waited for: 64 × T1 of RFC 3261; 0 = 32000 */
	unsigned linger_ms;
	/** Opens the trunks' passwords (secret.h); NULL: no digest */
	const uint8_t *key;
	/** Session timer that we ask for (RFC 4028); 0 = 1800 */
	unsigned session_s;
	/** After 491 we offer again within this; 0 = as RFC 3261 §14.1 says */
	unsigned glare_ms;
	uint64_t seed; /**< of choices by weight; 0 = random */
};

/** Bind the sockets and take calls.
 * @param stackp  Set on success only; ended by sipx_stack_stop()
 * @return 0, EINVAL, or EADDRINUSE when the port cannot be had
 */
int sipx_stack_start(struct sipx_stack **stackp, const struct sipx_params *prm);

/** The port that is bound */
uint16_t sipx_stack_port(const struct sipx_stack *stack);

/** Refuse new calls (503 + Retry-After) and say so to OPTIONS, or not */
void sipx_stack_drain(struct sipx_stack *stack, bool drain);

/** End it in two steps: live legs get their BYE or rejection (what
 * call_table_hangup_all() has left), the peers have 2 s to answer, who did not
 * is logged; then stopped(arg) is called from the loop and the stack is gone.
 */
void sipx_stack_stop(struct sipx_stack *stack, void (*stopped)(void *arg),
		     void *arg);

/** How calls go out by SIP (call_table_add_factory()); lives as the stack */
const struct leg_factory *sipx_stack_factory(const struct sipx_stack *stack);

enum {
	SIPX_NCLASSES = 7
};

struct sipx_stats {
	uint64_t invites; /**< first INVITEs that passed the guard */
	uint64_t taken;   /**< that became calls */
	uint64_t dialled; /**< outgoing legs whose INVITE was sent */
	uint64_t shed;    /**< refused for the loop's lag or draining */
	uint64_t strangers, strangers_silent; /**< all, and left unanswered */
	uint64_t strangers_cut; /**< TCP connections of theirs, closed by us */
	uint64_t sent[SIPX_NCLASSES]; /**< final responses to INVITE by class */
	unsigned legs;                /**< live now */
};

/** Thread: any */
void sipx_stack_stats(struct sipx_stack *stack, struct sipx_stats *stats);

#endif
