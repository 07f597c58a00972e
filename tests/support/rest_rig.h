/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file rest_rig.h  The real server, a store of its own, a core that obeys
 *
 * Thread: the test's; the fake core has one thread of its own.
 */
#ifndef BIFRONS_TESTS_REST_RIG_H
#define BIFRONS_TESTS_REST_RIG_H

#include <jansson.h>
#include <pthread.h>
#include <stdbool.h>

#include "rest/rest.h"
#include "support/rest_client.h"
#include "support/rest_events.h"

enum rest_fake {
	REST_FAKE_NOW,    /**< answers from inside submit() */
	REST_FAKE_THREAD, /**< answers from another thread */
	REST_FAKE_TWICE,  /**< likewise, and then once more */
	REST_FAKE_HOLD,   /**< answers when the test says so */
	REST_FAKE_FAIL,   /**< submit() fails */
};

enum {
	REST_RIG_HELD = 1024
};

struct rest_rig {
	struct rest_config cfg;
	struct rest *rest;
	uint16_t port;
	char *dir, *store;

	pthread_mutex_t mtx;
	pthread_cond_t cond;
	/* under mtx */
	enum rest_fake mode;
	char *reply; /* JSON text, or NULL: {"ok": the message} */
	char *held[REST_RIG_HELD];
	json_t *messages[REST_RIG_HELD];
	unsigned nheld, nseen;
	bool stop;
	pthread_t thread;
	struct rest_events events; /* support/rest_events.h */
};

/** Keys in the store of every rig; accounts "acc-a" (active, pages of
 * "https://a.example"), "acc-b" (active, "https://b.example" and
 * "http://localhost:3000"), "acc-s" (suspended, "https://s.example")
 */
#define REST_KEY_PLATFORM "bfk_platform"
#define REST_KEY_ADMIN "bfk_admin"
#define REST_KEY_FLOWS "bfk_flows" /* flows:read flows:write */
#define REST_KEY_METRICS "bfk_metrics"
#define REST_KEY_EXPIRED "bfk_expired"
#define REST_KEY_REVOKED "bfk_revoked"
#define REST_KEY_SUSPENDED "bfk_suspended"
#define REST_KEY_EVENTS "bfk_events" /* of acc-a: events:read */
#define REST_KEY_OTHER "bfk_other"   /* of acc-b: admin */
/* tickets of REST_KEY_EVENTS */
#define REST_TICKET "bft_good"
#define REST_TICKET_EXPIRED "bft_expired"
#define REST_TICKET_REVOKED "bft_revoked" /* its key was revoked */

#define REST_BEARER(key) "Authorization: Bearer " key "\r\n"
#define REST_JSON "Content-Type: application/json\r\n"

/** Make the store and the defaults; change rig->cfg, then start */
void rest_rig_init(struct rest_rig *rig);
void rest_rig_start(struct rest_rig *rig);
/** Stop the server only: the fake core may still answer into nothing */
void rest_rig_stop(struct rest_rig *rig);
void rest_rig_close(struct rest_rig *rig);

void rest_rig_mode(struct rest_rig *rig, enum rest_fake mode,
		   const char *reply);
/** Wait until so many messages are held */
void rest_rig_wait_held(struct rest_rig *rig, unsigned n);
/** Answer the i-th held one, as often as one likes */
void rest_rig_answer(struct rest_rig *rig, unsigned i, const char *reply);
/** Messages that reached the core */
unsigned rest_rig_seen(struct rest_rig *rig);

/** Change the store */
void rest_rig_sql(struct rest_rig *rig, const char *sql);

/** Ask over a connection of its own */
void rest_rig_ask(struct rest_rig *rig, struct rest_result *res,
		  const char *method, const char *target, const char *lines,
		  const char *body);

#endif
