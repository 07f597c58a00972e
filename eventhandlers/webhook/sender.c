/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "webhook/sender.h"

#include <curl/curl.h>
#include <errno.h>
#include <glib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/str.h"
#include "host/net_guard.h"

enum {
	BODY_MAX = 16 * 1024,
	IDLE_HANDLES_MAX = 64,
	RETRY_AFTER_SIZE = 64,
};

struct request {
	struct request *next, **link; /* running; next alone: idle */
	struct sender *sender;
	CURL *easy;
	struct curl_slist *headers;
	char *body;
	void *arg;

	bool refused;  /* an address of it is not for everybody */
	bool answered; /* the answer's head is complete */
	int64_t body_bytes;
	char retry_after[RETRY_AFTER_SIZE];
	char why[CURL_ERROR_SIZE];
};

struct sender {
	CURLM *multi;
	char *ca_file, *user_agent;
	unsigned timeout_ms;
	bool allow_private;
	void (*done)(void *arg, const struct send_result *result);
	void *arg;

	struct request *running, *idle;
	unsigned nrunning, nidle;
};

int sender_open(struct sender **senderp, const struct sender_params *prm)
{
	struct sender *sender = g_new0(struct sender, 1);

	sender->multi = curl_multi_init();
	if (!sender->multi) {
		g_free(sender);
		return ENOMEM;
	}
	sender->ca_file = g_strdup(prm->ca_file);
	sender->user_agent = g_strdup(prm->user_agent);
	sender->timeout_ms = prm->timeout_ms;
	sender->allow_private = prm->allow_private;
	sender->done = prm->done;
	sender->arg = prm->arg;
	curl_multi_setopt(sender->multi, CURLMOPT_MAXCONNECTS,
			  (long)prm->max_cached);
	*senderp = sender;

	return 0;
}

static void request_free(struct request *req)
{
	curl_slist_free_all(req->headers);
	curl_easy_cleanup(req->easy);
	g_free(req->body);
	g_free(req);
}

static void unlink_running(struct request *req)
{
	*req->link = req->next;
	if (req->next)
		req->next->link = req->link;
	--req->sender->nrunning;
}

/* Its handle is used again: making one costs more than a request */
static void put_back(struct request *req)
{
	struct sender *sender = req->sender;

	if (sender->nidle >= IDLE_HANDLES_MAX) {
		request_free(req);
		return;
	}
	curl_easy_reset(req->easy);
	curl_slist_free_all(req->headers);
	req->headers = NULL;
	g_free(req->body);
	req->body = NULL;
	req->next = sender->idle;
	sender->idle = req;
	++sender->nidle;
}

static struct request *take_idle(struct sender *sender)
{
	struct request *req = sender->idle;

	if (req) {
		sender->idle = req->next;
		--sender->nidle;
		return req;
	}

	req = g_new0(struct request, 1);
	req->sender = sender;
	req->easy = curl_easy_init();
	if (!req->easy) {
		g_free(req);
		req = NULL;
	}

	return req;
}

/* The answer's body is nobody's; one without an end is cut off */
static size_t on_body(char *data, size_t size, size_t n, void *arg)
{
	struct request *req = arg;

	(void)data;
	req->body_bytes += (int64_t)(size * n);

	return req->body_bytes > BODY_MAX ? 0 : size * n;
}

static size_t on_header(char *data, size_t size, size_t n, void *arg)
{
	static const char name[] = "retry-after:";
	struct request *req = arg;
	const size_t len = size * n;
	long status = 0;
	size_t from = sizeof(name) - 1, to = len;

	if (len >= 5 && memcmp(data, "HTTP/", 5) == 0) {
		req->retry_after[0] = '\0';
	} else if (len <= 2) {
		curl_easy_getinfo(req->easy, CURLINFO_RESPONSE_CODE, &status);
		req->answered = status >= 200;
	} else if (len > from && strncasecmp(data, name, from) == 0) {
		while (from < to && g_ascii_isspace(data[from]))
			++from;
		while (from < to && g_ascii_isspace(data[to - 1]))
			--to;
		if (to - from < sizeof(req->retry_after) &&
		    !memchr(data + from, '\0', to - from)) {
			memcpy(req->retry_after, data + from, to - from);
			req->retry_after[to - from] = '\0';
		}
	}

	return len;
}

static curl_socket_t on_socket(void *arg, curlsocktype purpose,
			       struct curl_sockaddr *addr)
{
	struct request *req = arg;

	(void)purpose;
	if (!req->sender->allow_private && !net_guard_is_public(&addr->addr)) {
		req->refused = true;
		return CURL_SOCKET_BAD;
	}

	return socket(addr->family, addr->socktype | SOCK_CLOEXEC,
		      addr->protocol);
}

static void set_limits(struct request *req)
{
	const struct sender *sender = req->sender;
	CURL *easy = req->easy;

	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	/* a name server that hangs must not keep us from stopping */
	curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)sender->timeout_ms);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	/* whatever the environment says */
	curl_easy_setopt(easy, CURLOPT_PROXY, "");
	curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_socket);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, req);
	if (sender->ca_file)
		curl_easy_setopt(easy, CURLOPT_CAINFO, sender->ca_file);
}

static void set_request(struct request *req, const struct send_params *prm)
{
	CURL *easy = req->easy;

	curl_easy_setopt(easy, CURLOPT_PRIVATE, req);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, req->why);
	curl_easy_setopt(easy, CURLOPT_USERAGENT, req->sender->user_agent);
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, req->headers);
	curl_easy_setopt(easy, CURLOPT_POST, 1L);
	curl_easy_setopt(easy, CURLOPT_POSTFIELDS, req->body);
	curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
			 (curl_off_t)prm->body_len);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, req);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, req);
}

int sender_start(struct sender *sender, const struct send_params *prm)
{
	struct request *req = take_idle(sender);
	size_t i;

	if (!req) {
		g_free(prm->body);
		return EIO;
	}

	req->arg = prm->arg;
	req->body = prm->body;
	req->refused = req->answered = false;
	req->body_bytes = 0;
	req->retry_after[0] = req->why[0] = '\0';
	for (i = 0; prm->headers[i]; ++i)
		req->headers = curl_slist_append(req->headers, prm->headers[i]);
	set_limits(req);
	set_request(req, prm);

	if (curl_easy_setopt(req->easy, CURLOPT_URL, prm->url) != CURLE_OK ||
	    curl_multi_add_handle(sender->multi, req->easy) != CURLM_OK) {
		put_back(req);
		return EIO;
	}

	req->next = sender->running;
	req->link = &sender->running;
	if (req->next)
		req->next->link = &req->next;
	sender->running = req;
	++sender->nrunning;

	return 0;
}

/** Why there was no answer, for the endpoint's owner; NULL when it came */
static const char *error_of(const struct request *req, CURLcode code)
{
	if (req->answered)
		return NULL;
	if (req->refused)
		return "forbidden address: private and loopback addresses are "
		       "not allowed";
	if (code == CURLE_OPERATION_TIMEDOUT)
		return "timeout";
	if (req->why[0] && str_is_clean(req->why, strlen(req->why), false))
		return req->why;

	return code == CURLE_OK ? "no answer" : curl_easy_strerror(code);
}

static void finish(struct request *req, CURLcode code)
{
	struct sender *sender = req->sender;
	curl_off_t total_us = 0, first_us = 0;
	struct send_result result = {.arg = req->arg};
	long status = 0;

	curl_easy_getinfo(req->easy, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(req->easy, CURLINFO_TOTAL_TIME_T, &total_us);
	curl_easy_getinfo(req->easy, CURLINFO_STARTTRANSFER_TIME_T, &first_us);
	result.status = req->answered ? (int)status : 0;
	result.error = error_of(req, code);
	result.retry_after =
		req->answered && req->retry_after[0] ? req->retry_after : NULL;
	result.latency_ms = (req->answered ? first_us : total_us) / 1000;

	curl_multi_remove_handle(sender->multi, req->easy);
	unlink_running(req);
	sender->done(sender->arg, &result);
	put_back(req);
}

static unsigned take_ended(struct sender *sender)
{
	struct request *req;
	unsigned n = 0;
	CURLMsg *msg;
	int left;

	while ((msg = curl_multi_info_read(sender->multi, &left))) {
		if (msg->msg != CURLMSG_DONE)
			continue;
		req = NULL;
		curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, &req);
		finish(req, msg->data.result);
		++n;
	}

	return n;
}

void sender_turn(struct sender *sender, int wait_ms)
{
	int running;

	(void)curl_multi_perform(sender->multi, &running);
	if (take_ended(sender))
		return;

	(void)curl_multi_poll(sender->multi, NULL, 0, wait_ms, NULL);
}

unsigned sender_running(const struct sender *sender)
{
	return sender->nrunning;
}

void sender_wake(struct sender *sender)
{
	(void)curl_multi_wakeup(sender->multi);
}

struct sender *sender_close(struct sender *sender)
{
	struct request *req;

	if (!sender)
		return NULL;

	while ((req = sender->running)) {
		const struct send_result result = {.arg = req->arg,
						   .dropped = true};

		sender->running = req->next;
		--sender->nrunning;
		curl_multi_remove_handle(sender->multi, req->easy);
		sender->done(sender->arg, &result);
		request_free(req);
	}
	while ((req = sender->idle)) {
		sender->idle = req->next;
		request_free(req);
	}
	curl_multi_cleanup(sender->multi);
	g_free(sender->ca_file);
	g_free(sender->user_agent);
	g_free(sender);

	return NULL;
}
