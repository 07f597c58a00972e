/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file video.h  The video line of a browser's offer, and our answer to it
 *
 * Private to sdp/. Video is never decoded here: VP8 or H.264, as it is.
 * Thread: any.
 */
#ifndef BIFRONS_SDP_VIDEO_H
#define BIFRONS_SDP_VIDEO_H

#include <glib.h>

#include "sdp/sdpx.h"

/** May this transport be answered: RTP/AVP(F), or a browser's RTP/SAVPF */
bool sdpx_proto_is_ours(const char *proto, bool webrtc);

/** The first video line with a codec of ours; video->on says whether */
void sdpx_video_choose(const struct sdpx_desc *offer,
		       const struct sdpx_local *local,
		       struct sdpx_video *video);

void sdpx_video_put(GString *out, const struct sdpx_media *m,
		    const struct sdpx_local *local,
		    const struct sdpx_video *video);

/** a=extmap of the MID extension, where they offered it (RFC 9143) */
void sdpx_put_mid_ext(GString *out, const struct sdpx_media *m);

#endif
