/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A file into PCM. libavformat gets bytes from us and nothing else: it may
 * open no URL, no second file, no device. */
#include <errno.h>
#include <glib.h>
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/opt.h>
#include <string.h>

#include "common/str.h"
#include "formats.h"
#include "input.h"
#include "job.h"
#include "pcm.h"
#include "report.h"

enum {
	IO_BUF = 32768,
	STREAMS_MAX = 64,
	ANALYZE_BYTES = 2 << 20,
	ANALYZE_US = 2000000,
	FAULTS_MAX = 1000, /**< packets or frames in a row that are none */
};

struct decode {
	struct job *job;
	struct input in;
	int64_t pos;       /* of the AVIO */
	int64_t peek_from; /* from here on nothing is waited for, -1 = off */

	AVIOContext *io;
	AVFormatContext *fmt;
	AVCodecContext *dec;
	AVPacket *pkt;
	AVFrame *frame;
	int stream;
	unsigned faults;
};

/* ---- what libavformat reads ---- */

static int on_read(void *opaque, uint8_t *buf, int len)
{
	struct decode *d = opaque;
	ssize_t n;

	if (d->peek_from >= 0 && d->pos >= d->peek_from)
		n = input_peek(&d->in, buf, (size_t)len, d->pos);
	else
		n = input_read(&d->in, buf, (size_t)len, d->pos);
	if (n < 0)
		return AVERROR((int)-n);
	if (!n)
		return AVERROR_EOF;
	d->pos += n;

	return (int)n;
}

static int64_t on_seek(void *opaque, int64_t offset, int whence)
{
	struct decode *d = opaque;
	int64_t size;

	switch (whence & ~AVSEEK_FORCE) {
	case AVSEEK_SIZE:
		size = input_size(&d->in);
		return size < 0 ? AVERROR(ENOSYS) : size;
	case SEEK_SET:
		break;
	case SEEK_CUR:
		offset += d->pos;
		break;
	default:
		return AVERROR(EINVAL);
	}
	if (offset < 0)
		return AVERROR(EINVAL);
	d->pos = offset;

	return offset;
}

static int refuse_open(AVFormatContext *fmt, AVIOContext **pb, const char *url,
		       int flags, AVDictionary **options)
{
	(void)fmt;
	(void)pb;
	(void)url;
	(void)flags;
	(void)options;

	return AVERROR(EPERM);
}

/* ---- opening ---- */

static int undecodable(struct decode *d, const char *what, int averr)
{
	char why[64] = "";

	if (d->in.err == ECONNABORTED) {
		report_end(&d->job->rep, MEDIA_INCOMPLETE, ECONNABORTED,
			   "the file did not arrive whole");
	} else if (d->in.err) {
		report_end(&d->job->rep, MEDIA_FAILED, d->in.err,
			   "the file cannot be read: %s",
			   g_strerror(d->in.err));
	} else {
		if (averr)
			av_strerror(averr, why, sizeof(why));
		report_end(&d->job->rep, MEDIA_UNDECODABLE, EBADMSG, "%s%s%s",
			   what, averr ? ": " : "", why);
	}

	return EBADMSG;
}

static int open_io(struct decode *d, const AVInputFormat *fmt)
{
	uint8_t *buf = av_malloc(IO_BUF);
	const bool growing = d->in.growing >= 0;

	d->io = avio_alloc_context(buf, IO_BUF, 0, d, on_read, NULL, on_seek);
	d->fmt = avformat_alloc_context();
	if (!d->io || !d->fmt)
		return ENOMEM;

	/* a demuxer that can seek looks at the end first, and would wait for
	 * the whole file before the first sound */
	if (growing && !formats_is_scattered(fmt))
		d->io->seekable = 0;
	d->fmt->pb = d->io;
	d->fmt->flags |= AVFMT_FLAG_CUSTOM_IO;
	if (growing)
		d->fmt->flags |= AVFMT_FLAG_IGNIDX;
	d->fmt->io_open = refuse_open;
	d->fmt->max_streams = STREAMS_MAX;
	d->fmt->probesize = ANALYZE_BYTES;
	d->fmt->max_analyze_duration = ANALYZE_US;
	d->fmt->skip_estimate_duration_from_pts = 1;

	return 0;
}

/* Of samples, the WAV demuxer wants 64 KiB to see whether they are S/PDIF, and
 * 128 to see whether they are MP3, and 50 packets for a time that is never
 * told: many seconds of a phone's sound, and most of the time that a short
 * file takes. Some that are there must do. */
static void hurry_wav(struct decode *d, AVDictionary **opts)
{
	d->fmt->max_probe_packets = 2;
	d->fmt->max_ts_probe = 1;
	if (d->in.growing < 0)
		return;
	d->peek_from = formats_wav_data(&d->in);
	av_dict_set_int(opts, "max_size", 1024, 0);
}

static int open_format(struct decode *d)
{
	const struct media_request *req = &d->job->req;
	const AVInputFormat *fmt;
	AVDictionary *opts = NULL;
	int err;

	fmt = formats_probe(&d->in, req->name_hint, req->content_type);
	if (!fmt && !input_size(&d->in))
		return undecodable(d, "the file is empty", 0);
	if (!fmt)
		return undecodable(d, "this is no sound file of a known format",
				   0);
	str_copy(d->job->rep.format, sizeof(d->job->rep.format),
		 formats_name(fmt));

	if (open_io(d, fmt))
		return undecodable(d, "no memory", 0);
	av_dict_set(&opts, "protocol_whitelist", "", 0);
	av_dict_set(&opts, "codec_whitelist", d->job->tools->codecs, 0);
	if (formats_raw_rate(fmt))
		av_dict_set_int(&opts, "sample_rate", formats_raw_rate(fmt), 0);
	if (strcmp(fmt->name, "wav") == 0)
		hurry_wav(d, &opts);
	/* it frees fmt when it fails */
	err = avformat_open_input(&d->fmt, NULL, fmt, &opts);
	d->peek_from = -1;
	av_dict_free(&opts);
	if (err < 0)
		return undecodable(d, "the file's head is damaged", err);
	err = avformat_find_stream_info(d->fmt, NULL);
	if (err < 0)
		return undecodable(d, "the file's head is damaged", err);

	return 0;
}

static int pick_stream(struct decode *d)
{
	unsigned i;

	d->stream = av_find_best_stream(d->fmt, AVMEDIA_TYPE_AUDIO, -1, -1,
					NULL, 0);
	if (d->stream < 0)
		return undecodable(d, "there is no sound in the file", 0);
	for (i = 0; i < d->fmt->nb_streams; ++i)
		if ((int)i != d->stream)
			d->fmt->streams[i]->discard = AVDISCARD_ALL;

	return 0;
}

static int open_decoder(struct decode *d)
{
	const AVStream *st = d->fmt->streams[d->stream];
	const char *name = avcodec_get_name(st->codecpar->codec_id);
	const AVCodec *codec = formats_decoder(st->codecpar->codec_id);
	int err;

	str_copy(d->job->rep.codec, sizeof(d->job->rep.codec), name);
	if (!codec)
		return undecodable(d, "its codec is not known", 0);

	d->dec = avcodec_alloc_context3(codec);
	d->pkt = av_packet_alloc();
	d->frame = av_frame_alloc();
	if (!d->dec || !d->pkt || !d->frame)
		return undecodable(d, "no memory", 0);
	err = avcodec_parameters_to_context(d->dec, st->codecpar);
	if (err >= 0) {
		d->dec->thread_count = 1;
		d->dec->pkt_timebase = st->time_base;
		err = avcodec_open2(d->dec, codec, NULL);
	}
	if (err < 0)
		return undecodable(d, "its sound cannot be decoded", err);

	return 0;
}

/* ---- decoding ---- */

static int write_frame(struct decode *d)
{
	const AVFrame *f = d->frame;
	int err;

	err = pcm_source(d->job->pcm, f->sample_rate, f->format, &f->ch_layout);
	if (err == EINVAL)
		return undecodable(d,
				   "its sound is of no kind that can be "
				   "converted",
				   0);
	if (!err)
		err = pcm_write(d->job->pcm,
				(const uint8_t *const *)f->extended_data,
				f->nb_samples);

	return err ? job_pcm_failed(d->job, err) : 0;
}

/* All frames that the decoder has. @return 0 or errno: no more */
static int take_frames(struct decode *d)
{
	int err, got;

	for (;;) {
		got = avcodec_receive_frame(d->dec, d->frame);
		if (got == AVERROR(EAGAIN) || got == AVERROR_EOF)
			return 0;
		if (got < 0) {
			++d->faults;
			return 0;
		}
		d->faults = 0;
		err = write_frame(d);
		av_frame_unref(d->frame);
		if (err)
			return err;
	}
}

static int decode_packet(struct decode *d, const AVPacket *pkt)
{
	int err = avcodec_send_packet(d->dec, pkt);

	if (err < 0 && err != AVERROR_EOF)
		++d->faults;

	return take_frames(d);
}

/* To the end of the file, or of what can be understood of it */
static int decode_all(struct decode *d)
{
	int err = 0, got;

	while (!err && d->faults < FAULTS_MAX) {
		got = av_read_frame(d->fmt, d->pkt);
		if (got == AVERROR_EOF || d->in.err)
			break;
		if (got < 0) {
			++d->faults;
			continue;
		}
		if (d->pkt->stream_index == d->stream)
			err = decode_packet(d, d->pkt);
		av_packet_unref(d->pkt);
	}
	if (!err)
		err = decode_packet(d, NULL);
	if (!err) {
		err = pcm_finish(d->job->pcm);
		if (err)
			job_pcm_failed(d->job, err);
	}

	return err;
}

static void decode_close(struct decode *d)
{
	avcodec_free_context(&d->dec);
	av_packet_free(&d->pkt);
	av_frame_free(&d->frame);
	avformat_close_input(&d->fmt);
	if (d->io)
		av_freep(&d->io->buffer);
	avio_context_free(&d->io);
}

void job_decode(struct job *job)
{
	struct decode d = {
		.job = job,
		.peek_from = -1,
		.in =
			{
				.fd = job->fds[MEDIA_FD_IN],
				.growing = job->fds[MEDIA_FD_GROWING],
				.job = job->fds[MEDIA_FD_JOB],
				.size = job->req.size,
			},
	};
	int err = open_format(&d);

	if (!err)
		err = pick_stream(&d);
	if (!err)
		err = open_decoder(&d);
	if (!err)
		err = decode_all(&d);
	if (!err && d.in.err)
		err = undecodable(&d, "", 0);
	if (!err && !pcm_samples(job->pcm))
		err = undecodable(&d, "no sound could be decoded", 0);
	decode_close(&d);
	if (!err)
		report_end(&job->rep, MEDIA_OK, 0, "%s", "");
}
