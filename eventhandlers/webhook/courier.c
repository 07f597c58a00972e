/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The courier's thread: what it does in turn, and when it sleeps */
#include "webhook/courier.h"

#include <curl/curl.h>
#include <errno.h>
#include <openssl/crypto.h>
#include <signal.h>
#include <string.h>

#include "common/obj.h"
#include "host/log.h"
#include "webhook/courier_priv.h"

enum {
	POLL_MS = 1000,
	TIMEOUT_MS = 15000,
	MAX_CONNECTIONS = 256,
	MAX_ENDPOINT = 8,
	BUSY_MS = 50,   /* the store is locked: again after so long */
	RECORD_MS = 10, /* look so often whether outcomes can be written */
	GRACE_MS = 800, /* for what is on the way at the end */
};

/* ---- The store ---- */

/* Said once, then again only after it worked */
static void store_lost(struct courier *c, const char *what, int err)
{
	c->spool = spool_close(c->spool);
	if (c->waiting)
		return;

	c->waiting = true;
	/* handlers start before the plugin that makes the file */
	if (err == ENOENT)
		log_info("webhook: no store at %s yet, waiting for it",
			 c->path);
	else
		log_warn("webhook: cannot %s %s (%s), trying again", what,
			 c->path, strerror(err));
}

static int load_key(struct courier *c)
{
	int err;

	if (c->has_key)
		return 0;

	/* the call plugin makes it, before the store: not we */
	err = g_file_test(c->key_path, G_FILE_TEST_EXISTS)
		      ? secret_key_load(c->key, c->key_path)
		      : ENOENT;
	if (err && !c->waiting)
		log_error("webhook: cannot use the key file %s: %s",
			  c->key_path, strerror(err));
	c->has_key = !err;

	return err;
}

static int connect_store(struct courier *c)
{
	int err;

	if (c->spool)
		return 0;

	err = spool_open(&c->spool, c->path);
	if (!err)
		err = load_key(c);
	if (err) {
		store_lost(c, "use", err);
		return err;
	}
	if (c->waiting)
		log_info("webhook: %s is there", c->path);
	c->waiting = false;
	c->look = c->want_scan = true;

	return 0;
}

/* ---- One turn ---- */

static void listen_to_bell(struct courier *c)
{
	const int64_t now_ms = clock_mono_ms(clock_system());
	int64_t rung;

	atomic_store(&c->woken, false);
	rung = atomic_exchange(&c->rung, 0);
	if (rung > c->row)
		c->look = true;
	else if (rung) /* no event of ours: somebody had deliveries replayed */
		c->want_scan = true;

	if (now_ms - c->looked_ms >= (int64_t)c->poll_ms) {
		c->looked_ms = now_ms;
		c->look = c->want_scan = true;
	}
}

static int follow(struct courier *c)
{
	const bool looks = c->look, scans = c->want_scan;
	bool more = false;
	int err = 0;

	if (looks)
		err = reader_follow(c, &more);
	if (err)
		return err;
	c->look = more;

	/* before the search: what an endpoint that is new here waits for */
	if (scans)
		err = book_refresh(c->book, c->spool, clock_wall_ms(c->clock));
	if (!err)
		err = dispatch_scan(c);
	if (!err)
		err = dispatch_cancel(c);
	if (!err)
		err = reader_save(c, false);

	return err;
}

/* Endpoints are borrowed by what is not recorded. What was due at the time of
 * the search is known to be so; what became due since is not
 */
static void sweep(struct courier *c)
{
	struct book_stats stats;

	if (c->outcomes->len || c->scanned)
		return;

	book_sweep(c->book, c->scan_ms, clock_mono_ms(clock_system()));
	book_stats(c->book, &stats);
	atomic_store(&c->stat_endpoints, stats.endpoints);
	atomic_store(&c->stat_down, stats.down);
}

static int64_t turn(struct courier *c)
{
	int64_t wait_ms = c->poll_ms;
	bool scans;
	int err;

	listen_to_bell(c);
	scans = c->want_scan;
	err = connect_store(c);
	if (err)
		return wait_ms;

	err = follow(c);
	if (!err)
		err = dispatch_send(c, &wait_ms);
	if (!err)
		err = outcome_record(c, false);
	if (!err && scans)
		sweep(c);
	if (err == EBUSY)
		return BUSY_MS;
	if (err) {
		store_lost(c, "use", err);
		return wait_ms;
	}

	if (c->look || c->scanned || !g_queue_is_empty(&c->canceling))
		return 0;

	return c->outcomes->len ? MIN(wait_ms, RECORD_MS) : wait_ms;
}

static void wind_down(struct courier *c)
{
	const struct clock *clk = clock_system();
	const int64_t end_ms = clock_mono_ms(clk) + c->grace_ms;
	int64_t left_ms;

	while (sender_running(c->sender) &&
	       (left_ms = end_ms - clock_mono_ms(clk)) > 0)
		sender_turn(c->sender, (int)left_ms);

	if (c->spool && (outcome_record(c, true) || reader_save(c, true)))
		log_warn("webhook: the store did not take the last answers: "
			 "some events will arrive twice");
}

static void *run(void *arg) /* Thread: courier */
{
	struct courier *c = arg;
	sigset_t set;

	(void)pthread_setname_np(pthread_self(), "bif-courier");
	/* a connection that breaks is an error, not a signal */
	sigemptyset(&set);
	sigaddset(&set, SIGPIPE);
	(void)pthread_sigmask(SIG_BLOCK, &set, NULL);

	while (!atomic_load(&c->stopping)) {
		const int64_t wait_ms = turn(c);

		atomic_store(&c->stat_sending, sender_running(c->sender));
		sender_turn(c->sender, (int)wait_ms);
	}
	wind_down(c);
	c->spool = spool_close(c->spool);

	return NULL;
}

/* ---- Start and stop ---- */

static void courier_destructor(void *obj)
{
	struct courier *c = obj;

	/* here, not on the thread: whoever stops it may still wake it */
	sender_close(c->sender);
	if (c->outcomes)
		outcome_close(c);
	book_free(c->book);
	dispatch_close(c);
	OPENSSL_cleanse(c->key, sizeof(c->key));
	g_free(c->path);
	g_free(c->key_path);
	curl_global_cleanup();
}

static void take_params(struct courier *c, const struct courier_params *prm)
{
	char *dir = g_path_get_dirname(prm->store);

	c->path = g_strdup(prm->store);
	c->key_path = prm->secret_file
			      ? g_strdup(prm->secret_file)
			      : g_build_filename(dir, "secret.key", NULL);
	c->clock = prm->clock ? prm->clock : clock_system();
	c->retries = prm->retries;
	c->poll_ms = prm->poll_ms ? prm->poll_ms : POLL_MS;
	c->grace_ms = prm->grace_ms ? prm->grace_ms : GRACE_MS;
	c->places.max =
		prm->max_connections ? prm->max_connections : MAX_CONNECTIONS;
	c->places.max_target =
		prm->max_endpoint ? prm->max_endpoint : MAX_ENDPOINT;
	c->step = prm->step;
	c->step_arg = prm->arg;
	g_free(dir);
}

static int open_sender(struct courier *c, const struct courier_params *prm)
{
	const struct sender_params sender = {
		.timeout_ms = prm->timeout_ms ? prm->timeout_ms : TIMEOUT_MS,
		.allow_private = prm->allow_private,
		.ca_file = prm->ca_file,
		.user_agent = "Bifrons/" PACKAGE_VERSION,
		.max_cached = c->places.max,
		.done = outcome_done,
		.arg = c,
	};

	return sender_open(&c->sender, &sender);
}

int courier_start(struct courier **courierp, const struct courier_params *prm)
{
	struct book_params book = {.gone = dispatch_gone};
	struct courier *c;
	int err;

	if (!courierp || !prm || !prm->store)
		return EINVAL;
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return ENOMEM;

	c = obj_zalloc(sizeof(*c), courier_destructor);
	take_params(c, prm);
	book.key = c->key;
	book.arg = c;
	c->book = book_new(&book);
	c->outcomes = g_ptr_array_new();
	dispatch_open(c);
	err = open_sender(c, prm);
	if (!err)
		err = pthread_create(&c->thread, NULL, run, c);
	if (err)
		obj_unref(c);
	else
		*courierp = c;

	return err;
}

void courier_ring(struct courier *courier, int64_t row)
{
	int64_t rung = atomic_load(&courier->rung);

	while (rung < row &&
	       !atomic_compare_exchange_weak(&courier->rung, &rung, row))
		continue;
	if (!atomic_exchange(&courier->woken, true))
		sender_wake(courier->sender);
}

static uint64_t count_of(struct courier *c, enum count what)
{
	return atomic_load_explicit(&c->counts[what], memory_order_relaxed);
}

void courier_stats(struct courier *courier, struct courier_stats *stats)
{
	*stats = (struct courier_stats){
		.row = atomic_load(&courier->stat_row),
		.events = count_of(courier, COUNT_EVENTS),
		.matched = count_of(courier, COUNT_MATCHED),
		.delivered = count_of(courier, COUNT_DELIVERED),
		.retried = count_of(courier, COUNT_RETRIED),
		.failed = count_of(courier, COUNT_FAILED),
		.canceled = count_of(courier, COUNT_CANCELED),
		.latency_ms = count_of(courier, COUNT_LATENCY_MS),
		.sending = atomic_load(&courier->stat_sending),
		.endpoints = atomic_load(&courier->stat_endpoints),
		.down = atomic_load(&courier->stat_down),
	};
}

struct courier *courier_stop(struct courier *courier)
{
	if (!courier)
		return NULL;

	atomic_store(&courier->stopping, true);
	sender_wake(courier->sender);
	(void)pthread_join(courier->thread, NULL);

	return obj_unref(courier);
}
