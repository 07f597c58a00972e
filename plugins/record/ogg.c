/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Opus in Ogg (RFC 7845). Each flush ends a page, and a page holds a second at
 * most. Positions count 48 kHz samples, the encoder's lookahead (pre-skip)
 * included; the last one says where sound ends in the last packet.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <glib.h>
#include <ogg/ogg.h>
#include <opus.h>

#include "common/secret.h"
#include "record/record_priv.h"

enum {
	FRAME_MS = 20,
	PAGE_PACKETS = 50,
	PACKET_MAX = 1275 * 3,
	TICKS = 48000, /* a second of positions */
	READ_SIZE = 64 * 1024,
	HEAD_SIZE = 19,
	PRE_SKIP_AT = 10,
	COMPLEXITY = 5,
};

struct ogg_state {
	OpusEncoder *enc;
	ogg_stream_state os;
	bool has_os;
	unsigned frame; /* samples of a side in 20 ms */
	unsigned pre_skip;
	int16_t *pcm; /* not yet a whole packet */
	size_t have;
	uint64_t packets;
	unsigned in_page;
};

static int write_page(struct record_writer *w, const ogg_page *page)
{
	const int err =
		record_append(w->fd, page->header, (size_t)page->header_len);

	return err ? err
		   : record_append(w->fd, page->body, (size_t)page->body_len);
}

static int end_page(struct record_writer *w)
{
	struct ogg_state *st = w->state;
	ogg_page page;
	int err = 0;

	while (!err && ogg_stream_flush(&st->os, &page))
		err = write_page(w, &page);
	st->in_page = 0;

	return err;
}

static int put_packet(struct ogg_state *st, void *data, size_t len,
		      int64_t granule, bool last)
{
	ogg_packet op = {
		.packet = data,
		.bytes = (long)len,
		.b_o_s = st->packets == 0,
		.e_o_s = last,
		.granulepos = granule,
		.packetno = (ogg_int64_t)st->packets,
	};

	++st->packets;

	return ogg_stream_packetin(&st->os, &op) ? ENOMEM : 0;
}

static int write_head(struct record_writer *w)
{
	static const uint8_t tags[] = "OpusTags\7\0\0\0Bifrons\0\0\0";
	struct ogg_state *st = w->state;
	uint8_t head[HEAD_SIZE] = "OpusHead\1";
	int err;

	head[9] = (uint8_t)w->channels;
	head[PRE_SKIP_AT] = (uint8_t)st->pre_skip;
	head[PRE_SKIP_AT + 1] = (uint8_t)(st->pre_skip >> 8);
	head[12] = (uint8_t)w->rate;
	head[13] = (uint8_t)(w->rate >> 8);
	head[14] = (uint8_t)(w->rate >> 16);
	err = put_packet(st, head, sizeof(head), 0, false);
	if (!err)
		err = end_page(w);
	/* the literal's own NUL ends the (empty) list */
	if (!err)
		err = put_packet(st, (void *)tags, sizeof(tags), 0, false);

	return err ? err : end_page(w);
}

/* Both sides stay apart: two people talk */
static int set_up(OpusEncoder *enc, unsigned rate, unsigned channels)
{
	const unsigned bits = rate > 16000  ? 48000
			      : rate > 8000 ? 32000
					    : 24000;
	int err = opus_encoder_ctl(enc, OPUS_SET_COMPLEXITY(COMPLEXITY));

	err |= opus_encoder_ctl(
		enc, OPUS_SET_BITRATE((opus_int32)(bits * channels)));
	err |= opus_encoder_ctl(enc,
				OPUS_SET_FORCE_CHANNELS((opus_int32)channels));

	return err;
}

static int ogg_open(struct record_writer *w)
{
	struct ogg_state *st = g_new0(struct ogg_state, 1);
	opus_int32 lookahead = 0;
	int32_t serial;
	int err = 0;

	w->state = st;
	st->frame = w->rate / (1000 / FRAME_MS);
	st->pcm = g_new0(int16_t, (size_t)st->frame * w->channels);
	st->enc = opus_encoder_create((opus_int32)w->rate, (int)w->channels,
				      OPUS_APPLICATION_VOIP, &err);
	if (!st->enc || set_up(st->enc, w->rate, w->channels) ||
	    opus_encoder_ctl(st->enc, OPUS_GET_LOOKAHEAD(&lookahead)))
		return EIO;

	st->pre_skip = (unsigned)lookahead * (TICKS / w->rate);
	secret_random(&serial, sizeof(serial));
	if (ogg_stream_init(&st->os, serial))
		return ENOMEM;
	st->has_os = true;

	return write_head(w);
}

/* Where in time what was encoded by now ends */
static int64_t position(const struct ogg_state *st, uint64_t packets)
{
	return (int64_t)(packets * (TICKS / 1000 * FRAME_MS));
}

static int encode(struct record_writer *w, int64_t last)
{
	struct ogg_state *st = w->state;
	uint8_t packet[PACKET_MAX];
	const opus_int32 len = opus_encode(st->enc, st->pcm, (int)st->frame,
					   packet, sizeof(packet));
	int64_t at;
	int err;

	if (len < 0)
		return EIO;
	st->have = 0;
	/* two packets came before: the headers */
	at = position(st, st->packets - 1);
	err = put_packet(st, packet, (size_t)len, last ? last : at, last != 0);
	if (!err && (last || ++st->in_page >= PAGE_PACKETS))
		err = end_page(w);

	return err;
}

static int ogg_write(struct record_writer *w, const int16_t *pcm, size_t n)
{
	struct ogg_state *st = w->state;
	int err = 0;

	while (n && !err) {
		const size_t take = MIN(n, st->frame - st->have);

		memcpy(st->pcm + st->have * w->channels, pcm,
		       take * w->channels * sizeof(*pcm));
		st->have += take;
		pcm += take * w->channels;
		n -= take;
		if (st->have == st->frame)
			err = encode(w, 0);
	}

	return err;
}

static int ogg_flush(struct record_writer *w)
{
	return end_page(w);
}

/* What the encoder still holds comes out with silence behind it */
static int ogg_close(struct record_writer *w)
{
	struct ogg_state *st = w->state;
	const int64_t end =
		st->pre_skip + (int64_t)(w->frames * (TICKS / w->rate));
	int err = 0;
	bool last;

	do {
		memset(st->pcm + st->have * w->channels, 0,
		       (st->frame - st->have) * w->channels * sizeof(*st->pcm));
		last = position(st, st->packets - 1) >= end;
		err = encode(w, last ? end : 0);
	} while (!err && !last);

	return err;
}

static void ogg_free(struct record_writer *w)
{
	struct ogg_state *st = w->state;

	if (!st)
		return;
	if (st->has_os)
		ogg_stream_clear(&st->os);
	if (st->enc)
		opus_encoder_destroy(st->enc);
	g_free(st->pcm);
	g_free(st);
	w->state = NULL;
}

/* ---- repair ---- */

struct scan {
	ogg_sync_state sync;
	int64_t whole; /* bytes */
	int64_t granule;
	unsigned pages, pre_skip;
};

static int take_page(struct scan *scan, const ogg_page *page)
{
	if (scan->pages == 0) {
		if (page->body_len < HEAD_SIZE ||
		    memcmp(page->body, "OpusHead", 8) != 0)
			return EBADMSG;
		scan->pre_skip = page->body[PRE_SKIP_AT] |
				 (unsigned)page->body[PRE_SKIP_AT + 1] << 8;
	}
	if (ogg_page_granulepos(page) > scan->granule)
		scan->granule = ogg_page_granulepos(page);
	scan->whole += page->header_len + page->body_len;
	++scan->pages;

	return 0;
}

/* Whole pages, one behind the other; what is not in step is the end */
static int scan_pages(int fd, struct scan *scan)
{
	ogg_page page;
	off_t at = 0;
	int err = 0;

	while (!err) {
		const long got = ogg_sync_pageseek(&scan->sync, &page);
		char *buf;
		ssize_t n;

		if (got < 0)
			break;
		if (got > 0) {
			err = take_page(scan, &page);
			continue;
		}
		buf = ogg_sync_buffer(&scan->sync, READ_SIZE);
		n = buf ? pread(fd, buf, READ_SIZE, at) : -1;
		if (n < 0)
			return errno;
		if (n == 0)
			break;
		at += n;
		(void)ogg_sync_wrote(&scan->sync, (long)n);
	}

	return err;
}

static int ogg_repair(int fd, struct recording_result *res)
{
	struct scan scan = {.whole = 0};
	int64_t ticks;
	int err;

	(void)ogg_sync_init(&scan.sync);
	err = scan_pages(fd, &scan);
	(void)ogg_sync_clear(&scan.sync);
	if (!err && scan.pages < 2) /* its headers */
		err = EBADMSG;
	if (!err && ftruncate(fd, scan.whole))
		err = errno;
	if (err)
		return err;

	ticks = scan.granule - scan.pre_skip;
	res->duration_ms = ticks > 0 ? ticks / (TICKS / 1000) : 0;
	res->size_bytes = scan.whole;

	return 0;
}

const struct record_writer_ops record_ogg = {
	.open = ogg_open,
	.write = ogg_write,
	.flush = ogg_flush,
	.close = ogg_close,
	.free = ogg_free,
	.repair = ogg_repair,
};
