/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file sip_rig.h  The SIP stack on a real loop, with a call that counts
 *
 * Thread: the test's. The rig has one account, a trunk at 127.0.0.1/32 and a
 * number +4520123456; 127.0.0.2 and the rest of 127/8 are strangers. Its call
 * does at once what `on_incoming` says and writes down what it hears.
 */
#ifndef BIFRONS_TESTS_SIP_RIG_H
#define BIFRONS_TESTS_SIP_RIG_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "call/leg.h"
#include "directory/directory.h"
#include "loop/loop.h"
#include "media/media.h"
#include "sip/sipx.h"
#include "support/sip_peer.h"

enum {
	SRIG_WAIT_MS = 10000,
	SRIG_LEGS_MAX = 64,
	SRIG_TEXT = 256
};

#define SRIG_ACCOUNT "01900000-0000-7000-8000-000000000001"
#define SRIG_TRUNK "01900000-0000-7000-8000-000000000002"

/** What the call does with a new leg, from a timer of 0 ms */
enum srig_act {
	SRIG_NOTHING,
	SRIG_ANSWER,
	SRIG_RING,
	SRIG_PROGRESS,
	SRIG_REJECT, /**< with rig->end */
};

struct srig_leg {
	struct srig *rig;
	struct leg *leg; /**< loop only; NULL after closed() */
	struct timer timer;

	/* guarded by rig->mtx */
	unsigned heard, rang;
	unsigned early, answered, failed, ended, closed, silent, holds, resumes;
	char digits[32];
	struct leg_end end;
	char end_text[SRIG_TEXT];
	char notes[4096];
	char source[SRIG_TEXT], name[SRIG_TEXT], source_type[16];
	char destination[SRIG_TEXT], trunk_id[40], number_id[40];
};

struct srig {
	struct loop *loop;
	struct directory *dir;
	struct media_engine *media;
	struct sipx_stack *stack;
	uint16_t port;

	/* set before the INVITE */
	_Atomic enum srig_act act;
	enum call_refusal refusal;
	struct leg_end end;

	pthread_mutex_t mtx;
	pthread_cond_t cond;
	/* guarded by mtx */
	struct srig_leg legs[SRIG_LEGS_MAX];
	unsigned nlegs;
	bool stopped;
};

struct srig_params {
	bool media;     /**< with the media engine */
	bool few_ports; /**< for one call */
	const char *public_address;
	unsigned strangers_per_s, strangers_tcp;
	unsigned max_lag_ms;
	unsigned linger_ms;
	const char *trunk; /**< more members of the trunk, JSON, or NULL */
	const uint8_t *key;
	unsigned session_s, glare_ms;
	uint64_t seed;
};

void srig_open(struct srig *rig, const struct srig_params *prm);
/** Stop the stack as the platform does; how long it took is returned, in ms */
int64_t srig_close(struct srig *rig);
/** Only the stack, in the middle of a test */
int64_t srig_stop(struct srig *rig);

/** A document into the directory: '…' for "…" */
void srig_apply(struct srig *rig, enum dir_kind kind, const char *json);

/** Another trunk document, with these members more */
void srig_trunk(struct srig *rig, const char *more);

/** Wait until a count of a leg reaches n */
bool srig_wait(struct srig *rig, const unsigned *count, unsigned n);

/** On the loop, now; what the operation returned */
int srig_ring(struct srig_leg *leg);
int srig_progress(struct srig_leg *leg);
int srig_answer(struct srig_leg *leg);
int srig_hangup(struct srig_leg *leg, enum hangup_reason reason, int sip_code);
int srig_hangup_as(struct srig_leg *leg, const struct leg_end *end);
int srig_hold(struct srig_leg *leg, bool on);
/** The ways of a destination. @return as leg_factory.routes */
int srig_routes(struct srig *rig, const struct leg_dial *dial,
		struct leg_route *routes, unsigned *np, const char **codep);
/** Dial one of them; account and call id are the rig's.
 * @param legp  Set on success */
int srig_dial_by(struct srig *rig, const struct leg_dial *dial,
		 const struct leg_route *route, struct srig_leg **legp);
/** Dial the first. @return NULL when there is none, or it cannot be dialled */
struct srig_leg *srig_dial(struct srig *rig, const struct leg_dial *dial);
int srig_send_dtmf(struct srig_leg *leg, char digit);
/** A new object, or NULL */
json_t *srig_describe(struct srig_leg *leg);
/** The call's `media` member, a new object, or NULL */
json_t *srig_describe_media(struct srig_leg *leg);
void srig_stats(struct srig *rig, struct sipx_stats *stats);
void srig_drain(struct srig *rig, bool drain);
/** Keep the loop from coming round for a while */
void srig_block(struct srig *rig, unsigned ms);
/** Let the loop come round: what was caused before has been handled */
void srig_turn(struct srig *rig);

/** What most tests need: a rig and one peer at 127.0.0.1 */
struct srig_call {
	struct srig rig;
	struct speer peer;
};

struct srig_call *srig_call_open(const struct srig_params *prm, bool tcp);
void srig_call_close(struct srig_call *call);
/** INVITE, 200, ACK, answered(). @return NULL when it did not come about */
struct srig_leg *srig_call_up(struct srig_call *call);
/** BYE of the peer, 200, closed() */
bool srig_call_down(struct srig_call *call, struct srig_leg *leg);

#endif
