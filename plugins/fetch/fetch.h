/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file fetch.h  HTTP requests of ours, by libcurl, with every limit
 *
 * Thread: fetch_start(), fetch_cancel() on the loop; one thread of its own
 * (`bif-fetch`) runs curl's multi interface; answers come on the loop.
 *
 * A request goes to where its URL says and nowhere else: only http and https,
 * at most `redirects` hops, and unless private addresses are allowed, each
 * connection's address is checked when it is made (host/net_guard.h), so
 * neither DNS nor a redirect leads inside.
 */
#ifndef BIFRONS_FETCH_FETCH_H
#define BIFRONS_FETCH_FETCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fetch;
struct fetcher;
struct loop;

struct fetcher_params {
	struct loop *loop;
	bool allow_private;   /**< loopback and private addresses too */
	unsigned max_running; /**< connections at once; 0 = 64 */
	unsigned max_queued;  /**< waiting; over it EAGAIN; 0 = 1024 */
	const char *ca_file;  /**< NULL = the system's */
	const char *user_agent;
};

/** @return 0 or errno */
int fetcher_start(struct fetcher **fetcherp, const struct fetcher_params *prm);
/** Cancel what runs, join the thread. Not from the loop. @return NULL */
struct fetcher *fetcher_stop(struct fetcher *fetcher);

/** Why a request failed; static texts for flows are in `code` */
struct fetch_result {
	int err;          /**< 0: an answer came, whatever its status */
	const char *code; /**< static: "unreachable", "timeout", "too_large",
			   * "forbidden_address", "too_many_redirects",
			   * "canceled"; NULL without error */
	const char *why;  /**< in words; borrowed during the call */
	int status;       /**< HTTP status, 0 = none came */
	const char *content_type; /**< or NULL; borrowed */
	const char *etag;         /**< or NULL; borrowed */
	int64_t max_age_s; /**< Cache-Control: seconds it stays fresh; -1 = not
			    * said, 0 = no-cache, no-store */
	bool no_store;
	int64_t retry_after_s; /**< -1 = not said */
	int64_t total_us;      /**< from start to end */
	const void *body;      /**< when no fd was given; borrowed */
	size_t body_len;       /**< bytes of the body, in memory or the file */
};

struct fetch_params {
	const char *url;
	const char *method;         /**< NULL = GET */
	const char *const *headers; /**< "Name: value", NULL-ended, or NULL */
	const void *body;
	size_t body_len;
	const char *if_none_match; /**< ETag, or NULL; 304 is an answer */
	int64_t max_bytes;         /**< of the body; more: "too_large" */
	unsigned timeout_ms;       /**< in all; 0 = only the two below */
	unsigned connect_ms;       /**< 0 = 5000 */
	unsigned stall_ms;         /**< without a byte; 0 = 10000 */
	unsigned redirects;        /**< followed at most; 0 = none */
	/** File that takes the body of a 2xx answer as it comes, or -1: memory.
	 * Borrowed until done(): the caller closes it. */
	int fd;
	/** Bytes of a 2xx body are in the file now (or the answer began: 0).
	 * Thread: fetch. May be NULL */
	void (*progress)(void *arg, int64_t bytes, int64_t total_or_minus_1);
	/** The end; once, on the loop */
	void (*done)(void *arg, const struct fetch_result *result);
	void *arg;
};

/** Begin; everything is copied.
 * @param fetchp  Set to the handle, dead after done(); may be NULL
 * @return 0, EINVAL for a URL that is none, EAGAIN when too many wait,
 *         ESHUTDOWN; done() follows only after 0, never from inside
 */
int fetch_start(struct fetch **fetchp, struct fetcher *fetcher,
		const struct fetch_params *prm);

/** done() follows with "canceled" (or with what had come by then) */
void fetch_cancel(struct fetch *fetch);

#endif
