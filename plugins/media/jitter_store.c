/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "media/jitter_priv.h"

void jitter_store_clear(struct jitter_store *st)
{
	memset(st->slots, 0, sizeof(st->slots));
	st->count = 0;
	st->nfree = JITTER_CHUNKS;
	for (unsigned i = 0; i < JITTER_CHUNKS; ++i)
		st->free[i] = (uint8_t)(JITTER_CHUNKS - 1 - i);
}

static struct jitter_slot *slot_of(struct jitter_store *st, int64_t seq)
{
	return &st->slots[(uint64_t)seq & (JITTER_SLOTS - 1)];
}

struct jitter_slot *jitter_store_at(struct jitter_store *st, int64_t seq)
{
	struct jitter_slot *slot = slot_of(st, seq);

	return slot->used && slot->seq == seq ? slot : NULL;
}

struct jitter_slot *jitter_store_first(struct jitter_store *st, int64_t seq)
{
	if (!st->count)
		return NULL;

	for (int64_t i = 0; i < JITTER_SLOTS; ++i) {
		struct jitter_slot *slot = jitter_store_at(st, seq + i);

		if (slot)
			return slot;
	}

	return NULL;
}

struct jitter_slot *jitter_store_add(struct jitter_store *st, int64_t seq,
				     const uint8_t *payload, size_t len)
{
	const size_t need = (len + JITTER_CHUNK_LEN - 1) / JITTER_CHUNK_LEN;
	struct jitter_slot *slot = slot_of(st, seq);
	uint8_t *link = &slot->chunk;

	if (need > st->nfree || len > RTP_PACKET_MAX)
		return NULL;

	memset(slot, 0, sizeof(*slot));
	slot->used = true;
	slot->seq = seq;
	slot->len = (uint16_t)len;
	++st->count;

	for (size_t done = 0; done < len; done += JITTER_CHUNK_LEN) {
		const uint8_t chunk = st->free[--st->nfree];
		size_t part = len - done;

		if (part > JITTER_CHUNK_LEN)
			part = JITTER_CHUNK_LEN;
		memcpy(st->bytes[chunk], payload + done, part);
		*link = chunk;
		link = &st->next[chunk];
	}
	*link = JITTER_NO_CHUNK;

	return slot;
}

void jitter_store_copy(const struct jitter_store *st,
		       const struct jitter_slot *slot, uint8_t *buf)
{
	uint8_t chunk = slot->chunk;

	for (size_t done = 0; done < slot->len; done += JITTER_CHUNK_LEN) {
		size_t part = slot->len - done;

		if (part > JITTER_CHUNK_LEN)
			part = JITTER_CHUNK_LEN;
		memcpy(buf + done, st->bytes[chunk], part);
		chunk = st->next[chunk];
	}
}

void jitter_store_drop(struct jitter_store *st, struct jitter_slot *slot)
{
	for (uint8_t c = slot->chunk; c != JITTER_NO_CHUNK; c = st->next[c])
		st->free[st->nfree++] = c;

	slot->used = false;
	--st->count;
}
