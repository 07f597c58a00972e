/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file fetch_priv.h  What the files of fetch/ share
 *
 * A request moves: the loop makes it, the queue carries it, the thread runs
 * it hop by hop (a hop is one request on one connection, a redirect begins
 * the next), a post brings its end back. One reference moves with it; a
 * cancel that is under way holds another.
 */
#ifndef BIFRONS_FETCH_FETCH_PRIV_H
#define BIFRONS_FETCH_FETCH_PRIV_H

#include <curl/curl.h>
#include <glib.h>
#include <pthread.h>
#include <stdatomic.h>

#include "common/http_head.h"
#include "common/obj.h"
#include "common/queue.h"
#include "fetch/fetch.h"

enum {
	FETCH_URL_MAX = 8192,
	FETCH_HEAD_MAX = 64 * 1024,
	FETCH_TEXT_MAX = 255,       /**< of a field that is kept */
	FETCH_KEPT_MAX = 4096,      /**< of a body that is no 2xx's */
	FETCH_DROPPED_MAX = 65536,  /**< of it read in all */
	FETCH_DROPPED_US = 2000000, /**< and for so long */
	FETCH_TIMEOUT_MS = 3600000, /**< when there is none */
	FETCH_CONNECT_MS = 5000,
	FETCH_STALL_MS = 10000,
	FETCH_BYTES_PER_S = 100, /**< slower is a stall */
};

enum fetch_fault {
	FETCH_OK,
	FETCH_UNREACHABLE,
	FETCH_TIMEOUT,
	FETCH_TOO_LARGE,
	FETCH_FORBIDDEN,
	FETCH_REDIRECTS,
	FETCH_BAD_RESPONSE,
	FETCH_STORAGE,
	FETCH_CANCELED,
	FETCH_NFAULTS,
};

enum fetch_state {
	FETCH_WAITING,
	FETCH_RUNNING,
	FETCH_ENDED,
};

/** What is known of the hop that runs; zeroed before each */
struct fetch_hop {
	unsigned tried, refused; /**< addresses */
	bool connected;
	bool headed;          /**< the head of the final answer is whole */
	bool enough;          /**< of a body that nobody wants */
	int64_t dropped_us;   /**< until then it is read */
	int64_t window_us;    /**< bytes counted since; */
	int64_t window_bytes; /**< few for long is a stall */
	curl_off_t sent;
	size_t head_bytes;
	int64_t body_bytes;
	int64_t length; /**< as the head says, -1 = it does not */
};

struct fetch {
	/* constant once started */
	struct queue *queue; /**< one reference: it outlives the fetcher */
	struct fetch_params prm;
	char *url, *method, *if_none_match, *owner;
	char **headers;
	void *body;
	int64_t begun_us, until_us;

	/* thread: loop */
	bool cancel_sent;

	/* thread: fetch, from fetch_start() until the end is posted */
	struct fetcher *fetcher;
	enum fetch_state state;
	GList link; /**< in fetcher.waiting or .running */
	char *host; /**< of url, for the limit; what redirects do aside */
	CURLU *at;  /**< where this hop goes */
	CURL *easy;
	struct curl_slist *lines;
	char curl_why[CURL_ERROR_SIZE];
	bool foreign; /**< a redirect left the origin of url */
	bool as_get;  /**< a redirect made a GET of it, without body */
	unsigned nfollowed;
	struct fetch_hop hop;

	/* thread: fetch, then loop: the result */
	enum fetch_fault fault;
	int err;
	char *why;
	int status;
	char *content_type, *etag;
	struct http_freshness fresh;
	int64_t retry_after_s, ended_us;
	GByteArray *kept; /**< the body in memory */
	int64_t stored;   /**< bytes in the file */
};

struct fetcher {
	/* constant once started */
	struct loop *loop;
	bool allow_private;
	bool (*is_public)(const struct sockaddr *addr);
	unsigned max_running, max_per_host, max_per_owner, max_pending;
	char *ca_file, *user_agent;
	struct queue *queue;
	pthread_t thread;

	/* any thread */
	atomic_uint npending; /**< begun and not ended */
	atomic_uint nrunning;
	_Atomic uint64_t requests, failed;

	/* thread: fetch */
	CURLM *multi;
	GQueue waiting, running; /**< of struct fetch, by its link */
	GHashTable *hosts;       /**< name -> how many run, if any */
	GHashTable *owners;      /**< the same */
	int64_t due_us;          /**< no timeout is over before */
	bool stopping;
};

enum fetch_command_kind {
	FETCH_COMMAND_START,
	FETCH_COMMAND_CANCEL,
	FETCH_COMMAND_STOP,
};

struct fetch_command {
	struct queue_node node; /* first */
	enum fetch_command_kind kind;
	struct fetch *fetch; /**< one reference */
};

int64_t fetch_now_us(void);

/** Send a command. @return 0 or ESHUTDOWN; then the reference is dropped */
int fetch_command_push(struct queue *queue, enum fetch_command_kind kind,
		       struct fetch *fetch);

/** bif-fetch */
void *fetcher_main(void *arg);

/* ---- thread: fetch ---- */

/** Note what went wrong, the first time; `why` is printf()'s */
void fetch_fail(struct fetch *f, enum fetch_fault fault, int err,
		const char *why, ...) __attribute__((format(printf, 4, 5)));

/** Make curl's handle ready for the next hop, to f->at.
 * @return 0, or EINVAL: curl will not have it */
int fetch_hop_prepare(struct fetch *f);
/** When is a time over at the earliest? */
int64_t fetch_due_us(const struct fetch *f);
/** Is one over? Then f->fault or f->hop.enough is set */
bool fetch_is_over(struct fetch *f, int64_t now_us);

/** The fields of a request, as curl wants them. @return NULL: none */
struct curl_slist *fetch_lines(const struct fetch *f);
const char *fetch_method(const struct fetch *f);
bool fetch_has_body(const struct fetch *f);
/** Is it "Name: value", and not one of HTTP's own? Thread: any */
bool fetch_line_is_allowed(const char *line);

/** The hop is over, curl says how: fault and fields of the answer are set */
void fetch_conclude(struct fetch *f, CURLcode rc);

/** Does the answer lead elsewhere? Then f->at is set and the next hop may
 * begin; or f->fault */
bool fetch_follow(struct fetch *f);

/** Hand the end to the loop, and the reference with it */
void fetch_post_end(struct fetch *f);

#endif
