/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file record.h  Taps become files
 *
 * One thread, `bif-record`, takes from all taps twice a second, encodes and
 * writes, so that neither the loop nor a media thread ever waits for a disk.
 * After each round the file can be played as it is: whatever kills the process,
 * a second is lost at most. A file lies in DATA/recordings/ID.FORMAT.
 *
 * Thread: as each function says.
 */
#ifndef BIFRONS_RECORD_RECORD_H
#define BIFRONS_RECORD_RECORD_H

#include <stddef.h>
#include <stdint.h>

#include "common/id.h"

struct loop;
struct media_tap;
struct recorder;
struct recording;

enum record_format {
	RECORD_WAV, /**< 16-bit PCM */
	RECORD_OGG, /**< Opus (RFC 7845) */
	RECORD_MP3, /**< at a constant rate */
	RECORD_NFORMATS,
};

enum {
	RECORD_PATH_SIZE = ID_SIZE + 24
};

/** "wav", "ogg", "mp3": what flows say, and the file's suffix. Thread: any */
const char *record_format_name(enum record_format format);
/** @return 0 or EINVAL */
int record_format_by_name(const char *name, enum record_format *formatp);
/** "audio/wav" … */
const char *record_content_type(enum record_format format);
/** Where it lies, below the data directory: "recordings/ID.wav" */
void record_path(char out[RECORD_PATH_SIZE], const char *id,
		 enum record_format format);
/** Remove a file; one that is missing is fine. Blocks. @return errno */
int record_remove(const char *data_dir, const char *id,
		  enum record_format format);

struct recorder_params {
	struct loop *loop;
	const char *data_dir;
	unsigned flush_ms;    /**< 0 = 500 */
	unsigned patience_ms; /**< of recording_end(); 0 = 2000 */
};

/** Make the folder, start the thread. Not from the loop. @return 0 or errno */
int recorder_start(struct recorder **recorderp,
		   const struct recorder_params *prm);
/** Close every file with what is there; each done() is on its way to the loop
 * when this returns. Not from the loop. @return NULL */
struct recorder *recorder_stop(struct recorder *recorder);

/** What came of it */
struct recording_result {
	int err; /**< 0, or why it broke off: what is in the file can be
		    played */
	int64_t duration_ms, size_bytes;
	uint64_t lost; /**< frames that became silence: we were late */
};

struct recording_params {
	const char *id;
	enum record_format format;
	unsigned channels;     /**< as the tap's */
	struct media_tap *tap; /**< a reference is taken; we are its reader */
	/** The file is closed; once, on the loop, never from inside. The
	 * handle is dead then. */
	void (*done)(void *arg, const struct recording_result *res);
	void *arg;
};

/** Begin. It ends with the tap (media_tap_finish()), or when writing fails.
 * Thread: loop. @return 0, EINVAL, or ESHUTDOWN: done() does not follow */
int recording_start(struct recording **recp, struct recorder *recorder,
		    const struct recording_params *prm);
/** The tap ends, or has: look at once; after patience_ms even if it has not.
 * Thread: loop, before done() */
void recording_end(struct recording *rec);

/** After a crash: cut a file to what is whole, and measure it. Blocks; thread:
 * any. @return 0, ENOENT: there is none, EBADMSG: nothing in it can be saved,
 * or errno */
int recorder_repair(struct recorder *recorder, const char *id,
		    enum record_format format, struct recording_result *res);

struct recorder_stats {
	unsigned running;
	uint64_t started, failed, lost_frames, rounds;
	int64_t round_max_us; /**< the longest round; > 3 s loses sound */
};
/** Thread: any */
void recorder_stats(struct recorder *recorder, struct recorder_stats *stats);

#endif
