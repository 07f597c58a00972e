/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The thread: commands come by the queue, whose descriptor curl's poll waits
 * for too; requests wait for a place, run hop by hop, and end by a post */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "host/log.h"
#include "host/net_guard.h"

#include "fetch/fetch_priv.h"

enum {
	RUNNING = 64,
	QUEUED = 1024,
	POLL_MS = 1000,
	RETRY_MS = 100, /* when curl cannot poll */
};

/* ---- Places ---- */

static unsigned running_of(GHashTable *table, const char *name)
{
	return name ? GPOINTER_TO_UINT(g_hash_table_lookup(table, name)) : 0;
}

static void count(GHashTable *table, const char *name, int change)
{
	const unsigned n = running_of(table, name) + (unsigned)change;

	if (n)
		g_hash_table_insert(table, g_strdup(name), GUINT_TO_POINTER(n));
	else
		g_hash_table_remove(table, name);
}

static void count_places(const struct fetch *f, int change)
{
	count(f->fetcher->hosts, f->host, change);
	if (f->owner)
		count(f->fetcher->owners, f->owner, change);
}

static bool has_place(const struct fetch *f)
{
	const struct fetcher *fetcher = f->fetcher;

	return running_of(fetcher->hosts, f->host) < fetcher->max_per_host &&
	       running_of(fetcher->owners, f->owner) < fetcher->max_per_owner;
}

static void sooner(struct fetcher *fetcher, int64_t due_us)
{
	fetcher->due_us = MIN(fetcher->due_us, due_us);
}

/* ---- Ends ---- */

/* Out of whichever list it is in, and away */
static void end(struct fetch *f)
{
	struct fetcher *fetcher = f->fetcher;

	if (f->state == FETCH_RUNNING) {
		curl_multi_remove_handle(fetcher->multi, f->easy);
		g_queue_unlink(&fetcher->running, &f->link);
		count_places(f, -1);
		atomic_fetch_sub(&fetcher->nrunning, 1);
	} else {
		g_queue_unlink(&fetcher->waiting, &f->link);
	}
	f->state = FETCH_ENDED;
	curl_easy_cleanup(f->easy);
	f->easy = NULL;

	f->ended_us = fetch_now_us();
	atomic_fetch_sub(&fetcher->npending, 1);
	atomic_fetch_add(&fetcher->requests, 1);
	if (f->fault)
		atomic_fetch_add(&fetcher->failed, 1);
	fetch_post_end(f);
}

static void cancel(struct fetch *f)
{
	if (f->state == FETCH_ENDED)
		return;
	fetch_fail(f, FETCH_CANCELED, ECANCELED, "canceled");
	end(f);
}

/* ---- Hops ---- */

static int run_hop(struct fetch *f)
{
	int err = fetch_hop_prepare(f);

	if (!err && curl_multi_add_handle(f->fetcher->multi, f->easy))
		err = EINVAL;
	if (err)
		fetch_fail(f, FETCH_UNREACHABLE, EHOSTUNREACH,
			   "curl does not take the request");

	return err;
}

static void begin(struct fetch *f)
{
	struct fetcher *fetcher = f->fetcher;

	g_queue_unlink(&fetcher->waiting, &f->link);
	g_queue_push_tail_link(&fetcher->running, &f->link);
	f->state = FETCH_RUNNING;
	count_places(f, 1);
	atomic_fetch_add(&fetcher->nrunning, 1);
	if (run_hop(f))
		end(f);
}

static void hop_ended(struct fetch *f, CURLcode rc)
{
	fetch_conclude(f, rc);
	if (!fetch_follow(f)) {
		end(f);
		return;
	}
	curl_multi_remove_handle(f->fetcher->multi, f->easy);
	if (run_hop(f))
		end(f);
}

static void take_results(struct fetcher *fetcher)
{
	CURLMsg *msg;
	int left;

	while ((msg = curl_multi_info_read(fetcher->multi, &left))) {
		const CURLcode rc = msg->data.result;
		struct fetch *f = NULL;

		if (msg->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, &f);
		hop_ended(f, rc);
	}
}

/* ---- Times ---- */

static void look_at(struct fetch *f, int64_t now_us)
{
	if (!fetch_is_over(f, now_us))
		sooner(f->fetcher, fetch_due_us(f));
	else if (f->fault)
		end(f);
	else
		hop_ended(f, CURLE_OK); /* enough of it */
}

static void look_at_times(struct fetcher *fetcher)
{
	const int64_t now = fetch_now_us();
	GList *link, *next;

	if (now < fetcher->due_us)
		return;
	fetcher->due_us = INT64_MAX;
	for (link = fetcher->waiting.head; link; link = next) {
		next = link->next;
		look_at(link->data, now);
	}
	for (link = fetcher->running.head; link; link = next) {
		next = link->next;
		look_at(link->data, now);
	}
}

/* Bytes that came have put the time off: then it looks in vain once */
static void note_times(struct fetcher *fetcher)
{
	GList *link;

	for (link = fetcher->running.head; link; link = link->next)
		sooner(fetcher, fetch_due_us(link->data));
}

/* Oldest first, past those whose host or owner has its share */
static void fill_places(struct fetcher *fetcher)
{
	GList *link, *next;

	for (link = fetcher->waiting.head;
	     link && fetcher->running.length < fetcher->max_running;
	     link = next) {
		struct fetch *f = link->data;

		next = link->next;
		if (has_place(f))
			begin(f);
	}
}

/* ---- Commands ---- */

static void obey(struct fetcher *fetcher, const struct fetch_command *cmd)
{
	struct fetch *f = cmd->fetch;

	switch (cmd->kind) {
	case FETCH_COMMAND_START:
		g_queue_push_tail_link(&fetcher->waiting, &f->link);
		sooner(fetcher, fetch_due_us(f));
		break;
	case FETCH_COMMAND_CANCEL:
		cancel(f);
		obj_unref(f);
		break;
	case FETCH_COMMAND_STOP:
		fetcher->stopping = true;
		break;
	}
}

static void take_commands(struct fetcher *fetcher)
{
	struct queue_node *node, *next;

	for (node = queue_take_all(fetcher->queue); node; node = next) {
		struct fetch_command *cmd = (struct fetch_command *)node;

		next = node->next;
		obey(fetcher, cmd);
		g_free(cmd);
	}
}

static void wait_for_news(struct fetcher *fetcher)
{
	struct curl_waitfd extra = {.fd = queue_fd(fetcher->queue),
				    .events = CURL_WAIT_POLLIN};
	struct pollfd pfd = {.fd = extra.fd, .events = POLLIN};
	int64_t wait_ms = POLL_MS;

	note_times(fetcher);
	if (fetcher->due_us < INT64_MAX)
		wait_ms = (fetcher->due_us - fetch_now_us() + 999) / 1000;
	wait_ms = CLAMP(wait_ms, 0, POLL_MS);
	if (curl_multi_poll(fetcher->multi, &extra, 1, (int)wait_ms, NULL))
		(void)poll(&pfd, 1, RETRY_MS);
}

static void cancel_all(struct fetcher *fetcher)
{
	while (fetcher->running.head)
		cancel(fetcher->running.head->data);
	while (fetcher->waiting.head)
		cancel(fetcher->waiting.head->data);
}

void *fetcher_main(void *arg)
{
	struct fetcher *fetcher = arg;
	CURLMcode rc;
	int n;

	(void)pthread_setname_np(pthread_self(), "bif-fetch");
	while (!fetcher->stopping) {
		take_commands(fetcher);
		rc = curl_multi_perform(fetcher->multi, &n);
		if (rc)
			log_error("fetch: %s", curl_multi_strerror(rc));
		take_results(fetcher);
		look_at_times(fetcher);
		fill_places(fetcher);
		if (!fetcher->stopping)
			wait_for_news(fetcher);
	}

	/* what was accepted before the queue closed is answered too */
	queue_close(fetcher->queue);
	take_commands(fetcher);
	cancel_all(fetcher);

	return NULL;
}

/* ---- Start and stop ---- */

static void fetcher_destructor(void *arg)
{
	struct fetcher *fetcher = arg;

	if (fetcher->multi)
		curl_multi_cleanup(fetcher->multi);
	if (fetcher->hosts)
		g_hash_table_unref(fetcher->hosts);
	if (fetcher->owners)
		g_hash_table_unref(fetcher->owners);
	obj_unref(fetcher->queue);
	g_free(fetcher->ca_file);
	g_free(fetcher->user_agent);
	curl_global_cleanup();
}

static unsigned or_default(unsigned value, unsigned other)
{
	return value ? value : other;
}

static struct fetcher *fetcher_alloc(const struct fetcher_params *prm)
{
	struct fetcher *fetcher =
		obj_zalloc(sizeof(*fetcher), fetcher_destructor);

	curl_global_init(CURL_GLOBAL_DEFAULT);
	fetcher->loop = prm->loop;
	fetcher->allow_private = prm->allow_private;
	fetcher->is_public =
		prm->is_public ? prm->is_public : net_guard_is_public;
	fetcher->max_running = or_default(prm->max_running, RUNNING);
	fetcher->max_per_host =
		or_default(prm->max_per_host, MAX(fetcher->max_running / 4, 1));
	fetcher->max_per_owner = or_default(prm->max_per_owner,
					    MAX(fetcher->max_running / 4, 1));
	fetcher->max_pending =
		fetcher->max_running + or_default(prm->max_queued, QUEUED);
	fetcher->ca_file = g_strdup(prm->ca_file);
	fetcher->user_agent = g_strdup(prm->user_agent);
	fetcher->due_us = INT64_MAX;
	fetcher->hosts =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	fetcher->owners =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_queue_init(&fetcher->waiting);
	g_queue_init(&fetcher->running);

	return fetcher;
}

static int start_thread(struct fetcher *fetcher)
{
	sigset_t all, old;
	int err;

	/* signals are the host's; and SIGPIPE, that TLS may cause, is nobody's
	 */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	err = pthread_create(&fetcher->thread, NULL, fetcher_main, fetcher);
	pthread_sigmask(SIG_SETMASK, &old, NULL);

	return err;
}

int fetcher_start(struct fetcher **fetcherp, const struct fetcher_params *prm)
{
	struct fetcher *fetcher;
	int err;

	if (!fetcherp || !prm || !prm->loop)
		return EINVAL;
	if (prm->ca_file && access(prm->ca_file, R_OK))
		return errno;

	fetcher = fetcher_alloc(prm);
	err = queue_alloc(&fetcher->queue);
	if (err)
		goto out;

	fetcher->multi = curl_multi_init();
	if (!fetcher->multi) {
		err = ENOMEM;
		goto out;
	}
	/* one that is kept open serves the next request to the same host */
	curl_multi_setopt(fetcher->multi, CURLMOPT_MAXCONNECTS,
			  (long)fetcher->max_running);

	err = start_thread(fetcher);
out:
	if (err)
		obj_unref(fetcher);
	else
		*fetcherp = fetcher;

	return err;
}

struct fetcher *fetcher_stop(struct fetcher *fetcher)
{
	if (!fetcher)
		return NULL;

	(void)fetch_command_push(fetcher->queue, FETCH_COMMAND_STOP, NULL);
	pthread_join(fetcher->thread, NULL);

	return obj_unref(fetcher);
}

void fetcher_stats(struct fetcher *fetcher, struct fetcher_stats *stats)
{
	const unsigned pending = atomic_load(&fetcher->npending);
	const unsigned running = atomic_load(&fetcher->nrunning);

	stats->running = running;
	stats->queued = pending > running ? pending - running : 0;
	stats->requests = atomic_load(&fetcher->requests);
	stats->failed = atomic_load(&fetcher->failed);
}
