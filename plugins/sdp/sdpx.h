/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file sdpx.h  SDP: read, write, offer and answer
 *
 * RFC 8866 (4566), RFC 3264, RFC 3605 (a=rtcp), RFC 5761 (rtcp-mux), RFC 4733
 * (telephone-event), RFC 7587 (Opus). sofia exports sdp_, hence sdpx_.
 *
 * Thread: any; nothing is kept. Input is hostile: it is bounded before it is
 * read, and what goes out again (m= lines) holds token characters only.
 */
#ifndef BIFRONS_SDP_SDPX_H
#define BIFRONS_SDP_SDPX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "codec/codec.h"

enum {
	SDPX_SIZE_MAX = 16 * 1024,
	SDPX_LINES_MAX = 512,
	SDPX_MEDIA_MAX = 16,
	SDPX_FMTS_MAX = 64, /**< per m= line */
};

/** What became of an offer or answer */
enum sdpx_result {
	SDPX_OK,
	SDPX_MALFORMED,    /**< no SDP, or over a limit */
	SDPX_NO_AUDIO,     /**< no m=audio with a port */
	SDPX_NO_TRANSPORT, /**< audio, but only over what we do not speak */
	SDPX_NO_ADDRESS,   /**< audio, but no address that we may send to */
	SDPX_NO_CODEC,     /**< audio, but no codec of ours */
	SDPX_NRESULTS,
};

/** For the log: "no common codec" */
const char *sdpx_result_text(enum sdpx_result res);
/** SIP status that refuses an offer: 400 or 488 (0 for SDPX_OK) */
int sdpx_result_sip_code(enum sdpx_result res);

enum sdpx_dir {
	SDPX_INACTIVE = 0,
	SDPX_SENDONLY = 1,
	SDPX_RECVONLY = 2,
	SDPX_SENDRECV = 3,
};

const char *sdpx_dir_name(enum sdpx_dir dir);
/** As the other side sees it: sendonly <-> recvonly */
enum sdpx_dir sdpx_dir_mirror(enum sdpx_dir dir);

/* ---- read ---- */

/** An address of c= or a=rtcp */
struct sdpx_addr {
	enum {
		SDPX_ADDR_NONE,
		SDPX_ADDR_OK,
		SDPX_ADDR_ANY,       /**< 0.0.0.0 or ::, the old hold */
		SDPX_ADDR_MULTICAST, /**< multicast or broadcast */
		SDPX_ADDR_OTHER,     /**< a host name, another net type */
	} kind;
	int family; /**< AF_INET, AF_INET6; 0 for OTHER */
	uint8_t addr[16];
};

/** One format of an m= line; strings live as long as the description */
struct sdpx_fmt {
	const char *fmt;      /**< as in m= */
	int pt;               /**< 0-127, or -1 where fmt is no number */
	const char *encoding; /**< of rtpmap, or NULL; "" = unusable rtpmap */
	unsigned clock, channels; /**< channels 0 = not said */
	const char *fmtp;         /**< parameters, or NULL */
	unsigned fb;              /**< SDPX_FB_*: what a=rtcp-fb offers */
};

/** Feedback of RFC 4585 and its kin, as a=rtcp-fb names it */
enum {
	SDPX_FB_NACK = 1 << 0,
	SDPX_FB_PLI = 1 << 1,
	SDPX_FB_FIR = 1 << 2,
	SDPX_FB_REMB = 1 << 3,
	SDPX_FB_ALL = (1 << 4) - 1,
};

struct sdpx_media {
	const char *type; /**< "audio", "video", … */
	const char *proto;
	uint16_t port;
	const struct sdpx_fmt *fmts;
	size_t nfmts;
	struct sdpx_addr conn;    /**< own c=, or the session's */
	uint16_t rtcp_port;       /**< a=rtcp, or 0 */
	struct sdpx_addr rtcp;    /**< address of a=rtcp, or NONE */
	enum sdpx_dir dir;        /**< own, or the session's, or sendrecv */
	unsigned ptime, maxptime; /**< ms; 0 = not said */
	unsigned ext_mid;         /**< id of the MID extension; 0 = none */
	bool rtcp_mux;
};

struct sdpx_desc {
	uint64_t sess_id, sess_version; /**< theirs */
	size_t nmedia;
	struct sdpx_media media[SDPX_MEDIA_MAX];
};

/** Read a description.
 * @param text   Borrowed, needs no NUL at its end
 * @param descp  Set on success only; freed with obj_unref()
 * @return SDPX_OK or SDPX_MALFORMED
 */
enum sdpx_result sdpx_parse(struct sdpx_desc **descp, const char *text,
			    size_t len);

/* ---- negotiate ---- */

/** Who writes: kept by the leg for the life of its dialog */
struct sdpx_origin {
	uint64_t id, version; /**< version goes up with each SDP written */
};

/** @param id  Random, so that sessions differ; cut to 62 bits */
void sdpx_origin_init(struct sdpx_origin *origin, uint64_t id);

/** Video of a browser, passed through as it is */
struct sdpx_video {
	bool on;
	size_t mline;
	const char *codec; /**< "VP8" or "H264", static */
	uint8_t pt;
	enum sdpx_dir dir; /**< ours */
};

/** What agreed; addresses and directions from our side */
struct sdpx_session {
	size_t mline; /**< index of the audio line */
	const struct codec *codec;
	struct codec_fmtp fmtp; /**< theirs: for our encoder */
	uint8_t pt;
	int dtmf_pt;          /**< telephone-event, or -1 */
	unsigned dtmf_clock;  /**< Hz, with dtmf_pt */
	uint32_t dtmf_events; /**< bit n = event n, 0-16 */
	unsigned ptime_ms;    /**< what we send */
	enum sdpx_dir dir;    /**< ours */
	bool send, recv;      /**< dir, and they have an address to send to */
	bool held;            /**< they do not want to hear us */
	struct sockaddr_storage rtp, rtcp; /**< theirs; family 0 on 0.0.0.0 */
	bool rtcp_mux;
	struct sdpx_video video;
};

/** What we can do, and where we are */
struct sdpx_local {
	const struct codec *const *codecs; /**< order counts in offers */
	size_t ncodecs;
	bool dtmf;          /**< telephone-event */
	enum sdpx_dir dir;  /**< what we want; SDPX_SENDRECV */
	bool rtcp_mux;      /**< accept and offer it */
	unsigned ptime_ms;  /**< where they say nothing; 0 = 20 */
	const char *addr;   /**< numeric, of c= and o= */
	uint16_t port;      /**< RTP */
	uint16_t rtcp_port; /**< 0 = port + 1 */
	/** A browser: RTP/SAVPF; transport, ICE and DTLS are someone else's
	 * (answers only) */
	bool webrtc;
	bool video; /**< take a video line too (with webrtc) */
	/** Before the offer's order: "VP8", "H264", or NULL */
	const char *video_codec;
	/** What agreed before (a re-offer), or NULL: its codec and payload
	 * types stay where they can */
	const struct sdpx_session *prev;
};

/** Choose from an offer; addr and port of local are not needed.
 * RFC 3264 §6.1: the offerer's order, restricted to our codecs.
 */
enum sdpx_result sdpx_negotiate(const struct sdpx_desc *offer,
				const struct sdpx_local *local,
				struct sdpx_session *sess);

/** Write the answer to what sdpx_negotiate() chose; the other m= lines are
 * refused with port 0, in their order.
 * @param answerp  Freed with g_free()
 * @return 0, or EINVAL (address, port)
 */
int sdpx_write_answer(char **answerp, const struct sdpx_desc *offer,
		      const struct sdpx_local *local,
		      const struct sdpx_session *sess,
		      struct sdpx_origin *origin);

/** Both: negotiate and write. EINVAL of the writer comes as SDPX_NO_ADDRESS.
 */
enum sdpx_result sdpx_answer(const struct sdpx_desc *offer,
			     const struct sdpx_local *local,
			     struct sdpx_origin *origin,
			     struct sdpx_session *sess, char **answerp);

/** Write an offer of all of local's codecs (after prev: the same payload
 * types). @return 0 or EINVAL
 */
int sdpx_offer(char **offerp, const struct sdpx_local *local,
	       struct sdpx_origin *origin);

/** Read the answer to sdpx_offer() with the same local */
enum sdpx_result sdpx_accept(const struct sdpx_desc *answer,
			     const struct sdpx_local *local,
			     struct sdpx_session *sess);

/** Payload type that an offer of ours gives this codec */
uint8_t sdpx_offer_pt(const struct sdpx_local *local,
		      const struct codec *codec);

#endif
