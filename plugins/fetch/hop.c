/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One request on one connection: what curl is told, and what it tells us.
 * A callback cannot take the hop from curl: it notes why and refuses the next
 * byte, and curl ends it */
#include <errno.h>
#include <inttypes.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/str.h"

#include "fetch/fetch_priv.h"

enum {
	BUFFER_SIZE = 32768,
};

void fetch_fail(struct fetch *f, enum fetch_fault fault, int err,
		const char *why, ...)
{
	va_list ap;

	if (f->fault)
		return;
	va_start(ap, why);
	f->fault = fault;
	f->err = err;
	f->why = g_strdup_vprintf(why, ap);
	va_end(ap);
}

/* ---- Connection ---- */

static curl_socket_t on_open(void *arg, curlsocktype purpose,
			     struct curl_sockaddr *addr)
{
	struct fetch *f = arg;

	(void)purpose;
	++f->hop.tried;
	if (!f->fetcher->allow_private && !f->fetcher->is_public(&addr->addr)) {
		++f->hop.refused;
		return CURL_SOCKET_BAD;
	}

	return socket(addr->family, addr->socktype | SOCK_CLOEXEC,
		      addr->protocol);
}

static int on_connected(void *arg, char *their_ip, char *our_ip, int their_port,
			int our_port)
{
	struct fetch *f = arg;

	(void)their_ip;
	(void)our_ip;
	(void)their_port;
	(void)our_port;
	f->hop.connected = true;
	f->hop.window_us = fetch_now_us();

	return CURL_PREREQFUNC_OK;
}

/* ---- Times ---- */

/* What must have come in one window */
static int64_t window_need(const struct fetch *f)
{
	return MAX((int64_t)f->prm.stall_ms * FETCH_BYTES_PER_S / 1000, 1);
}

static void new_window(struct fetch *f)
{
	f->hop.window_us = fetch_now_us();
	f->hop.window_bytes = 0;
}

static void note_bytes(struct fetch *f, int64_t n)
{
	f->hop.window_bytes += n;
	if (f->hop.window_bytes >= window_need(f))
		new_window(f);
}

static int64_t stalled_us(const struct fetch *f)
{
	return f->hop.window_us + (int64_t)f->prm.stall_ms * 1000;
}

int64_t fetch_due_us(const struct fetch *f)
{
	int64_t due = f->until_us;

	if (f->state == FETCH_RUNNING && f->hop.connected)
		due = MIN(due, stalled_us(f));
	if (f->hop.dropped_us)
		due = MIN(due, f->hop.dropped_us);

	return due;
}

bool fetch_is_over(struct fetch *f, int64_t now_us)
{
	if (now_us < fetch_due_us(f))
		return false;

	/* the answer is here, what follows is of no use */
	if (f->hop.dropped_us)
		f->hop.enough = true;
	else if (now_us >= f->until_us)
		fetch_fail(f, FETCH_TIMEOUT, ETIMEDOUT, "not done within %u ms",
			   f->prm.timeout_ms);
	else
		fetch_fail(f, FETCH_TIMEOUT, ETIMEDOUT,
			   f->hop.headed ? "the server sent almost nothing for "
					   "%u ms"
					 : "no answer for %u ms",
			   f->prm.stall_ms);

	return true;
}

static int on_transfer(void *arg, curl_off_t dltotal, curl_off_t dlnow,
		       curl_off_t ultotal, curl_off_t ulnow)
{
	struct fetch *f = arg;

	(void)dltotal;
	(void)dlnow;
	(void)ultotal;
	if (ulnow > f->hop.sent)
		note_bytes(f, ulnow - f->hop.sent);
	f->hop.sent = ulnow;

	return 0;
}

/* ---- Head ---- */

static void tell_progress(struct fetch *f)
{
	if (f->prm.progress)
		f->prm.progress(f->prm.arg, f->stored, f->hop.length);
}

/* @return false: it is not wanted */
static bool on_head(struct fetch *f)
{
	curl_off_t length = -1;

	f->hop.headed = true;
	new_window(f);
	if (f->status / 100 != 2) {
		f->hop.dropped_us = fetch_now_us() + FETCH_DROPPED_US;
		f->fetcher->due_us = MIN(f->fetcher->due_us, f->hop.dropped_us);
		return true;
	}

	curl_easy_getinfo(f->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
	f->hop.length = length;
	if (length > f->prm.max_bytes && !str_eq(fetch_method(f), "HEAD")) {
		fetch_fail(f, FETCH_TOO_LARGE, EFBIG,
			   "the server announces %" CURL_FORMAT_CURL_OFF_T
			   " bytes, %" PRId64 " at most are taken",
			   length, f->prm.max_bytes);
		return false;
	}
	tell_progress(f);

	return true;
}

/* Each line, those of 1xx answers and of trailers too; an empty one ends a
 * head */
static size_t on_line(char *data, size_t size, size_t n, void *arg)
{
	struct fetch *f = arg;
	const size_t len = size * n;
	long status = 0;

	f->hop.head_bytes += len;
	if (f->hop.head_bytes > FETCH_HEAD_MAX) {
		fetch_fail(f, FETCH_TOO_LARGE, EFBIG,
			   "the head of the answer is over %d KiB",
			   FETCH_HEAD_MAX / 1024);
		return 0;
	}
	note_bytes(f, (int64_t)len);
	if (f->hop.headed || (data[0] != '\r' && data[0] != '\n'))
		return len;

	curl_easy_getinfo(f->easy, CURLINFO_RESPONSE_CODE, &status);
	if (status < 200)
		return len;
	f->status = (int)status;

	return on_head(f) ? len : 0;
}

/* ---- Body ---- */

static void keep(struct fetch *f, const char *data, size_t len)
{
	if (!f->kept)
		f->kept = g_byte_array_new();
	g_byte_array_append(f->kept, (const guint8 *)data, (guint)len);
}

static bool store(struct fetch *f, const char *data, size_t len)
{
	while (len) {
		const ssize_t n = write(f->prm.fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			fetch_fail(f, FETCH_STORAGE, errno,
				   "the file cannot be written: %s",
				   g_strerror(errno));
			return false;
		}
		data += n;
		len -= (size_t)n;
		f->stored += n;
	}
	tell_progress(f);

	return true;
}

/* Of a body that is no 2xx's a little is kept, for messages */
static bool drop(struct fetch *f, const char *data, size_t len)
{
	const size_t have = f->kept ? f->kept->len : 0;

	keep(f, data, MIN(len, FETCH_KEPT_MAX - have));
	f->hop.enough = f->hop.body_bytes > FETCH_DROPPED_MAX;

	return !f->hop.enough;
}

static size_t on_body(char *data, size_t size, size_t n, void *arg)
{
	struct fetch *f = arg;
	const size_t len = size * n;

	note_bytes(f, (int64_t)len);
	f->hop.body_bytes += (int64_t)len;
	if (f->status / 100 != 2)
		return drop(f, data, len) ? len : 0;
	if (f->hop.body_bytes > f->prm.max_bytes) {
		fetch_fail(f, FETCH_TOO_LARGE, EFBIG,
			   "more than %" PRId64 " bytes came",
			   f->prm.max_bytes);
		return 0;
	}
	if (f->prm.fd >= 0)
		return store(f, data, len) ? len : 0;
	keep(f, data, len);

	return len;
}

/* ---- What curl is told ---- */

/* Everything that could lead elsewhere, or to secrets, is off by word, not by
 * default: no .netrc, no proxy of the environment, no redirects of curl's own,
 * no upgrades. QUICK_EXIT: curl does not wait for a name server when a hop
 * ends before it answered */
static unsigned set_bounds(const struct fetch *f, CURL *easy)
{
	unsigned bad = 0;

	bad |= curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	bad |= curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	bad |= curl_easy_setopt(easy, CURLOPT_PROXY, "");
	bad |= curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	bad |= curl_easy_setopt(easy, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
	bad |= curl_easy_setopt(easy, CURLOPT_HTTP_VERSION,
				(long)CURL_HTTP_VERSION_1_1);
	bad |= curl_easy_setopt(easy, CURLOPT_HTTP09_ALLOWED, 0L);
	bad |= curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	bad |= curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
	bad |= curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
				(long)f->prm.connect_ms);
	bad |= curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, (long)BUFFER_SIZE);

	bad |= curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
	bad |= curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
	bad |= curl_easy_setopt(easy, CURLOPT_SSLVERSION,
				(long)CURL_SSLVERSION_TLSv1_2);
	if (f->fetcher->ca_file) {
		bad |= curl_easy_setopt(easy, CURLOPT_CAINFO,
					f->fetcher->ca_file);
		bad |= curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
	}

	return bad;
}

static unsigned set_callbacks(struct fetch *f, CURL *easy)
{
	unsigned bad = 0;

	bad |= curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open);
	bad |= curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, f);
	bad |= curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_connected);
	bad |= curl_easy_setopt(easy, CURLOPT_PREREQDATA, f);
	bad |= curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, on_transfer);
	bad |= curl_easy_setopt(easy, CURLOPT_XFERINFODATA, f);
	bad |= curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
	bad |= curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_line);
	bad |= curl_easy_setopt(easy, CURLOPT_HEADERDATA, f);
	bad |= curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	bad |= curl_easy_setopt(easy, CURLOPT_WRITEDATA, f);
	bad |= curl_easy_setopt(easy, CURLOPT_PRIVATE, f);
	bad |= curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, f->curl_why);

	return bad;
}

static unsigned set_request(const struct fetch *f, CURL *easy, const char *url)
{
	const char *method = fetch_method(f);
	unsigned bad = 0;

	bad |= curl_easy_setopt(easy, CURLOPT_URL, url);
	bad |= curl_easy_setopt(easy, CURLOPT_USERAGENT,
				f->fetcher->user_agent);
	bad |= curl_easy_setopt(easy, CURLOPT_HTTPHEADER, f->lines);
	if (str_eq(method, "HEAD"))
		return bad | curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
	if (fetch_has_body(f)) {
		bad |= curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
					(curl_off_t)f->prm.body_len);
		bad |= curl_easy_setopt(easy, CURLOPT_POSTFIELDS,
					f->body ? f->body : "");
	}

	return bad | curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method);
}

/* Nothing is left of the answer that led here */
static void forget(struct fetch *f)
{
	f->hop = (struct fetch_hop){.length = -1};
	f->curl_why[0] = '\0';
	f->status = 0;
	g_clear_pointer(&f->content_type, g_free);
	g_clear_pointer(&f->etag, g_free);
	f->fresh = (struct http_freshness)HTTP_FRESHNESS_UNSAID;
	f->retry_after_s = -1;
	if (f->kept)
		g_byte_array_set_size(f->kept, 0);
}

int fetch_hop_prepare(struct fetch *f)
{
	char *url = NULL;
	unsigned bad;

	forget(f);
	if (f->easy)
		curl_easy_reset(f->easy);
	else
		f->easy = curl_easy_init();
	if (!f->easy || curl_url_get(f->at, CURLUPART_URL, &url, 0))
		return EINVAL;

	curl_slist_free_all(f->lines);
	f->lines = fetch_lines(f);
	bad = set_bounds(f, f->easy) | set_callbacks(f, f->easy) |
	      set_request(f, f->easy, url);
	curl_free(url);

	return bad ? EINVAL : 0;
}
