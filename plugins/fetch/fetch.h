/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file fetch.h  HTTP requests of ours, by libcurl, with every limit
 *
 * Thread: fetch_start(), fetch_cancel() on the loop; one thread of its own
 * (`bif-fetch`) runs curl's multi interface; answers come on the loop.
 *
 * A request goes to where its URL says and nowhere else: only http and https,
 * at most `redirects` hops, no proxy, no cookies, no passwords in URLs; and
 * unless private addresses are allowed, each connection's address is checked
 * when it is made (host/net_guard.h), so neither DNS nor a redirect leads
 * inside. To another origin (scheme, host, port) a redirect takes along no
 * header fields but Accept, Accept-Language, Content-Type, If-None-Match and
 * User-Agent.
 *
 * Servers are hostile: a head is 64 KiB at most, a body max_bytes as they
 * come (nothing is decompressed), a request takes an hour at most and its
 * share of the connections is `max_per_host`. So are those who ask: one owner
 * has `max_per_owner` of them, and the others do not wait behind it.
 */
#ifndef BIFRONS_FETCH_FETCH_H
#define BIFRONS_FETCH_FETCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fetch;
struct fetcher;
struct loop;
struct sockaddr;

struct fetcher_params {
	struct loop *loop;      /**< outlives the fetcher */
	bool allow_private;     /**< loopback and private addresses too */
	unsigned max_running;   /**< connections at once; 0 = 64 */
	unsigned max_per_host;  /**< of these to one host (the first of a chain
				 * of redirects); 0 = a quarter */
	unsigned max_per_owner; /**< of these for one owner; 0 = a quarter */
	unsigned max_queued;    /**< waiting; over it EAGAIN; 0 = 1024 */
	const char *ca_file;    /**< NULL = the system's */
	const char *user_agent;
	/** Thread: fetch. NULL = net_guard_is_public(); tests have others */
	bool (*is_public)(const struct sockaddr *addr);
};

/** @return 0 or errno: of ca_file, of the thread */
int fetcher_start(struct fetcher **fetcherp, const struct fetcher_params *prm);
/** Cancel what runs and waits, join the thread: when it returns every done()
 * is posted, and fetch_cancel() of these still does no harm. Not from the
 * loop. @return NULL */
struct fetcher *fetcher_stop(struct fetcher *fetcher);

struct fetcher_stats {
	unsigned running, queued;
	uint64_t requests; /**< ended, whatever the end */
	uint64_t failed;   /**< of these without an answer */
};
/** Thread: any */
void fetcher_stats(struct fetcher *fetcher, struct fetcher_stats *stats);

/** How a request ended. Borrowed during done().
 *
 * | code | err | when |
 * |---|---|---|
 * | unreachable | EHOSTUNREACH | no address, no connection, no TLS, or it
 *   broke before the head of an answer had come |
 * | timeout | ETIMEDOUT | one of the three times was over |
 * | too_large | EFBIG | more than max_bytes, or a head over 64 KiB |
 * | forbidden_address | EACCES | it leads to a private address, or a redirect
 *   to something else than http and https |
 * | too_many_redirects | ELOOP | |
 * | bad_response | EPROTO | no HTTP, or the body broke off |
 * | storage_failed | write(2)'s | the file could not be written |
 * | canceled | ECANCELED | fetch_cancel(), fetcher_stop() |
 */
struct fetch_result {
	int err;                  /**< 0: an answer came, whatever its status */
	const char *code;         /**< static, as above; NULL without error */
	const char *why;          /**< in words, or NULL without error */
	int status;               /**< HTTP status, 0 = none came */
	const char *content_type; /**< or NULL; clean, 255 bytes at most */
	const char *etag;         /**< or NULL; clean, 255 bytes at most */
	int64_t max_age_s; /**< Cache-Control less Age: seconds it stays fresh;
			    * -1 = not said, 0 = no-cache, no-store */
	bool no_store;
	int64_t retry_after_s; /**< -1 = not said */
	int64_t total_us;      /**< from start to end, waiting included */
	/** Of a 2xx answer without fd: all of it. Of others the first 4 KiB,
	 * for messages (the rest is dropped, and what takes over 2 s to come
	 * is not waited for). NULL with fd and 2xx, and after errors */
	const void *body;
	size_t body_len; /**< bytes in memory, or of a 2xx body in the file */
};

struct fetch_params {
	const char *url;    /**< as opt_check_http_url(), 8 KiB at most */
	const char *method; /**< upper case; NULL = GET */
	/** "Name: value", NULL-ended, or NULL; 64 at most. Not those by which
	 * HTTP itself works (Host, Content-Length, Connection …) */
	const char *const *headers;
	const void *body; /**< 16 MiB at most */
	size_t body_len;
	const char *owner; /**< whose share it comes from (an account's id);
			    * NULL = nobody's */
	const char *if_none_match; /**< ETag, or NULL; 304 is an answer */
	int64_t max_bytes;         /**< of the body, more: "too_large"; without
				    * fd 64 MiB at most */
	unsigned timeout_ms;       /**< in all; 0 = an hour */
	unsigned connect_ms;       /**< address, TCP and TLS; 0 = 5000 */
	unsigned stall_ms;  /**< until the head has come, and for each 100 B/s
			     * of it afterwards: who trickles is slower;
			     * 0 = 10000 */
	unsigned redirects; /**< followed at most; 0: a 3xx is the answer */
	/** File that takes the body of a 2xx answer as it comes, or -1: memory.
	 * Borrowed until done(): the caller closes it. */
	int fd;
	/** Bytes of a 2xx body are in the file now (or the answer began: 0).
	 * Thread: fetch; until done(), after fetch_cancel() too. May be NULL */
	void (*progress)(void *arg, int64_t bytes, int64_t total_or_minus_1);
	/** The end; once, on the loop */
	void (*done)(void *arg, const struct fetch_result *result);
	void *arg;
};

/** Begin; everything is copied.
 * @param fetchp  Set to the handle, dead after done(); may be NULL
 * @return 0, EINVAL for a URL, method or header that is none or not allowed,
 *         EAGAIN when too many wait, ESHUTDOWN; done() follows only after 0,
 *         never from inside
 */
int fetch_start(struct fetch **fetchp, struct fetcher *fetcher,
		const struct fetch_params *prm);

/** done() follows with "canceled" (or with what had come by then). NULL is
 * allowed */
void fetch_cancel(struct fetch *fetch);

#endif
