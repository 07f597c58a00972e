/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <glib.h>
#include <string.h>
#include <time.h>

#include "call/call.h"
#include "common/json.h"
#include "common/str.h"
#include "loop/worker.h"
#include "media/media.h"
#include "media/rtp.h"
#include "store/store.h"
#include "support/wrtc_rig.h"

const char wrtc_rig_offer[] =
	"v=0\r\n"
	"o=- 4711 2 IN IP4 1.1.1.1\r\n"
	"s=-\r\n"
	"t=0 0\r\n"
	"m=audio 9 UDP/TLS/RTP/SAVPF 111 0 8 126\r\n"
	"c=IN IP4 1.1.1.1\r\n"
	"a=mid:0\r\n"
	"a=sendrecv\r\n"
	"a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid\r\n"
	"a=rtpmap:111 opus/48000/2\r\n"
	"a=fmtp:111 minptime=10;useinbandfec=1\r\n"
	"a=rtpmap:0 PCMU/8000\r\n"
	"a=rtpmap:8 PCMA/8000\r\n"
	"a=rtpmap:126 telephone-event/8000\r\n"
	"m=video 9 UDP/TLS/RTP/SAVPF 96 97 102\r\n"
	"c=IN IP4 1.1.1.1\r\n"
	"a=mid:1\r\n"
	"a=sendrecv\r\n"
	"a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid\r\n"
	"a=rtpmap:96 VP8/90000\r\n"
	"a=rtcp-fb:96 goog-remb\r\n"
	"a=rtcp-fb:96 transport-cc\r\n"
	"a=rtcp-fb:96 ccm fir\r\n"
	"a=rtcp-fb:96 nack\r\n"
	"a=rtcp-fb:96 nack pli\r\n"
	"a=rtpmap:97 rtx/90000\r\n"
	"a=fmtp:97 apt=96\r\n"
	"a=rtpmap:102 H264/90000\r\n"
	"a=fmtp:102 level-asymmetry-allowed=1;packetization-mode=1\r\n"
	"m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n"
	"c=IN IP4 1.1.1.1\r\n"
	"a=mid:2\r\n";

/* ---- what the plugin asks of the core ---- */

static void core_unref(void *arg)
{
	struct wrtc_core *core = arg;

	pthread_mutex_lock(&core->mtx);
	atomic_fetch_sub(&core->refs, 1);
	pthread_cond_broadcast(&core->cond);
	pthread_mutex_unlock(&core->mtx);
}

static void push_event(void *arg, const char *transaction, json_t *event,
		       const char *answer)
{
	struct wrtc_core *core = arg;
	json_t *copy = json_deep_copy(event);

	json_decref(event);
	json_set_str(copy, "transaction", transaction);
	json_set_str(copy, "sdp", answer);
	pthread_mutex_lock(&core->mtx);
	json_array_append_new(core->events, copy);
	pthread_cond_broadcast(&core->cond);
	pthread_mutex_unlock(&core->mtx);
}

static void count(struct wrtc_core *core, unsigned *n)
{
	pthread_mutex_lock(&core->mtx);
	++*n;
	pthread_cond_broadcast(&core->cond);
	pthread_mutex_unlock(&core->mtx);
}

static void relay_rtp(void *arg, bool video, void *packet, size_t len)
{
	struct wrtc_core *core = arg;

	pthread_mutex_lock(&core->mtx);
	if (video) {
		memcpy(core->last, packet, len);
		core->last_len = len;
	}
	++*(video ? &core->rtp_video : &core->rtp_audio);
	pthread_cond_broadcast(&core->cond);
	pthread_mutex_unlock(&core->mtx);
}

static void relay_rtcp(void *arg, bool video, void *packet, size_t len)
{
	struct wrtc_core *core = arg;

	count(core, video ? &core->rtcp_video : &core->rtcp);
}

static void send_pli(void *arg)
{
	struct wrtc_core *core = arg;

	count(core, &core->plis);
}

static void close_pc(void *arg)
{
	struct wrtc_core *core = arg;

	count(core, &core->closes);
}

static void end_session(void *arg)
{
	struct wrtc_core *core = arg;

	count(core, &core->ends);
}

static const struct wrtc_host host = {
	.unref = core_unref,
	.push_event = push_event,
	.relay_rtp = relay_rtp,
	.relay_rtcp = relay_rtcp,
	.send_pli = send_pli,
	.close_pc = close_pc,
	.end_session = end_session,
};

/* ---- the platform around it ---- */

static enum call_refusal incoming(void *arg, const struct leg_incoming *in)
{
	struct wrtc_rig *rig = arg;

	return call_incoming(rig->api.calls, in);
}

static void start(void *arg)
{
	struct wrtc_rig *rig = arg;

	assert_int_equal(wrtc_start(&rig->gw, &rig->prm), 0);
}

void wrtc_rig_open(struct wrtc_rig *rig)
{
	struct media_engine_params mp = {
		.threads = 1,
		.bind = "127.0.0.1",
		.port_min = 46000,
		.port_max = 46099,
		.silence_timeout_ms = 60000,
	};

	rig->api.demo = true;
	api_rig_open(&rig->api);
	mp.loop = rig->api.loop;
	assert_int_equal(media_engine_start(&rig->media, &mp), 0);
	assert_int_equal(workers_start(&rig->workers, rig->api.loop, 2, 256),
			 0);
	if (!rig->prm.lost_ms)
		rig->prm.lost_ms = 30000; /* a slow test is silent for long */
	rig->prm.loop = rig->api.loop;
	rig->prm.workers = rig->workers;
	rig->prm.db = store_db(rig->api.store);
	rig->prm.dir = rig->api.directory;
	rig->prm.media = rig->media;
	rig->prm.host = &host;
	rig->prm.incoming = incoming;
	rig->prm.arg = rig;
	api_rig_on_loop(&rig->api, start, rig);
	assert_int_equal(api_demo_token(rig->api.api, &rig->token), 0);
}

static void hang_up(void *arg)
{
	static const struct leg_end end = {.by = HANGUP_BY_SYSTEM,
					   .reason = HANGUP_NORMAL,
					   .code = "node_stopped"};
	struct wrtc_rig *rig = arg;

	call_table_hangup_all(rig->api.calls, NULL, &end);
}

void wrtc_rig_hang_up(struct wrtc_rig *rig)
{
	api_rig_on_loop(&rig->api, hang_up, rig);
}

void wrtc_rig_close(struct wrtc_rig *rig)
{
	wrtc_rig_hang_up(rig);
	rig->gw = wrtc_stop(rig->gw);
	workers_stop(rig->workers);
	media_engine_stop(rig->media);
	api_rig_close(&rig->api);
	g_free(rig->token);
}

/* ---- handles ---- */

int wrtc_core_attach(struct wrtc_rig *rig, struct wrtc_core *core)
{
	int err;

	atomic_fetch_add(&core->refs, 1); /* the plugin's */
	err = wrtc_create(rig->gw, core, &core->slot);
	if (err)
		atomic_fetch_sub(&core->refs, 1);

	return err;
}

int wrtc_core_open(struct wrtc_rig *rig, struct wrtc_core *core)
{
	pthread_condattr_t attr;

	memset(core, 0, sizeof(*core));
	pthread_mutex_init(&core->mtx, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&core->cond, &attr);
	pthread_condattr_destroy(&attr);
	core->events = json_array();

	return wrtc_core_attach(rig, core);
}

static void deadline(struct timespec *ts)
{
	(void)clock_gettime(CLOCK_MONOTONIC, ts);
	ts->tv_sec += WRTC_RIG_WAIT_MS / 1000;
}

void wrtc_core_close(struct wrtc_rig *rig, struct wrtc_core *core)
{
	struct timespec until;

	if (rig->gw)
		wrtc_destroy(rig->gw, &core->slot);
	deadline(&until);
	pthread_mutex_lock(&core->mtx);
	while (atomic_load(&core->refs))
		if (pthread_cond_timedwait(&core->cond, &core->mtx, &until))
			break;
	pthread_mutex_unlock(&core->mtx);
	assert_int_equal(atomic_load(&core->refs), 0);
	assert_null(core->slot);
	json_decref(core->events);
	pthread_cond_destroy(&core->cond);
	pthread_mutex_destroy(&core->mtx);
}

int wrtc_core_send(struct wrtc_rig *rig, struct wrtc_core *core, json_t *msg,
		   json_t *jsep)
{
	return wrtc_message(rig->gw, &core->slot, "tr", msg, jsep);
}

int wrtc_core_say(struct wrtc_rig *rig, struct wrtc_core *core,
		  const char *text, const char *offer)
{
	json_t *jsep =
		offer ? json_pack("{s:s, s:s}", "type", "offer", "sdp", offer)
		      : NULL;

	return wrtc_core_send(rig, core,
			      json_loads(text, JSON_DECODE_ANY, NULL), jsep);
}

static json_t *take(struct wrtc_core *core, const char *name)
{
	json_t *event;
	size_t i;

	json_array_foreach(core->events, i, event)
	{
		if (!str_eq(json_str(event, "event", NULL), name) &&
		    !str_eq(json_str(event, "code", NULL), name))
			continue;
		json_incref(event);
		json_array_remove(core->events, i);
		return event;
	}

	return NULL;
}

json_t *wrtc_core_event(struct wrtc_core *core, const char *name)
{
	struct timespec until;
	json_t *event;
	char *all;

	deadline(&until);
	pthread_mutex_lock(&core->mtx);
	while (!(event = take(core, name)))
		if (pthread_cond_timedwait(&core->cond, &core->mtx, &until))
			break;
	all = event ? NULL : json_dumps(core->events, 0);
	pthread_mutex_unlock(&core->mtx);
	if (!event)
		print_error("no %s, but %s\n", name, all);
	free(all);
	assert_non_null(event);

	return event;
}

unsigned wrtc_core_count(struct wrtc_core *core, const unsigned *n)
{
	unsigned now;

	pthread_mutex_lock(&core->mtx);
	now = *n;
	pthread_mutex_unlock(&core->mtx);

	return now;
}

bool wrtc_core_wait(struct wrtc_core *core, const unsigned *n, unsigned want)
{
	struct timespec until;
	bool reached;

	deadline(&until);
	pthread_mutex_lock(&core->mtx);
	while (*n < want)
		if (pthread_cond_timedwait(&core->cond, &core->mtx, &until))
			break;
	reached = *n >= want;
	pthread_mutex_unlock(&core->mtx);

	return reached;
}

char *wrtc_rig_register(struct wrtc_rig *rig, struct wrtc_core *core)
{
	json_t *event;
	char *ticket;

	assert_int_equal(
		wrtc_core_send(rig, core,
			       json_pack("{s:s, s:s}", "request", "register",
					 "token", rig->token),
			       NULL),
		0);
	event = wrtc_core_event(core, "registered");
	ticket = g_strdup(json_str(event, "ticket", NULL));
	assert_non_null(ticket);
	json_decref(event);

	return ticket;
}

void wrtc_rig_call(struct wrtc_rig *rig, struct wrtc_core *core,
		   const char *ticket, const char *destination,
		   char id[ID_SIZE])
{
	json_t *event;

	assert_int_equal(wrtc_core_send(rig, core,
					json_pack("{s:s, s:s, s:s}", "request",
						  "call", "ticket", ticket,
						  "destination", destination),
					json_pack("{s:s, s:s}", "type", "offer",
						  "sdp", wrtc_rig_offer)),
			 0);
	event = wrtc_core_event(core, "calling");
	str_copy(id, ID_SIZE, json_str(event, "call_id", ""));
	assert_true(id_is_valid(id));
	json_decref(event);
	json_decref(wrtc_core_event(core, "accepted"));
	wrtc_media_up(rig->gw, &core->slot);
}

void wrtc_core_rtp(struct wrtc_rig *rig, struct wrtc_core *core, bool video,
		   uint16_t seq)
{
	const struct rtp_packet pkt = {
		.pt = video ? WRTC_RIG_VIDEO_PT : WRTC_RIG_AUDIO_PT,
		.seq = seq,
		.ts = seq * (video ? 3000u : 960u),
		.ssrc = video ? 22 : 11,
	};
	uint8_t buf[RTP_HEADER_LEN + 20] = {0};

	rtp_write(buf, &pkt);
	memset(buf + RTP_HEADER_LEN, 0x78, sizeof(buf) - RTP_HEADER_LEN);
	wrtc_rtp(rig->gw, &core->slot, video, buf, sizeof(buf));
}

json_t *wrtc_rig_ended(struct wrtc_rig *rig, const char *id)
{
	const struct timespec step = {.tv_nsec = 10000000};
	const struct api_ask ask = {.verb = "calls.get", .id = id};
	unsigned tries = WRTC_RIG_WAIT_MS / 10;
	json_t *doc, *reply;

	/* what has just ended may not be stored yet */
	for (;; --tries) {
		reply = api_rig_ask(&rig->api, &ask);
		doc = json_incref(json_object_get(reply, "ok"));
		json_decref(reply);
		if (str_eq(json_str(doc, "status", ""), "ended"))
			return doc;
		json_decref(doc);
		assert_true(tries > 0);
		nanosleep(&step, NULL);
	}
}
