# SPDX-License-Identifier: GPL-3.0-or-later
"""Hearing by measurement: G.711, levels and frequencies."""
import math
import wave


def ulaw_to_linear(byte):
    byte = ~byte & 0xFF
    value = ((byte & 0x0F) << 3) + 0x84
    value <<= (byte >> 4) & 7
    value -= 0x84
    return -value if byte & 0x80 else value


ULAW = [ulaw_to_linear(b) for b in range(256)]


def linear_to_ulaw(sample):
    sign = 0x80 if sample < 0 else 0
    sample = min(abs(int(sample)), 32635) + 0x84
    exponent = max(sample.bit_length() - 8, 0)
    mantissa = (sample >> (exponent + 3)) & 0x0F
    return ~(sign | (exponent << 4) | mantissa) & 0xFF


def tone_ulaw(hz, seconds, level=8000, rate=8000):
    """u-law bytes of a sine."""
    step = 2 * math.pi * hz / rate
    return bytes(linear_to_ulaw(level * math.sin(step * i))
                 for i in range(int(seconds * rate)))


def decode_ulaw(data):
    return [ULAW[b] for b in data]


def rms(samples):
    if not samples:
        return 0.0
    return math.sqrt(sum(s * s for s in samples) / len(samples))


def power(samples, hz, rate=8000):
    """Goertzel: share of the samples' energy at hz, about 0 to 1."""
    total = sum(s * s for s in samples)
    if not total:
        return 0.0
    k = 2 * math.cos(2 * math.pi * hz / rate)
    a = b = 0.0
    for s in samples:
        a, b = s + k * a - b, a
    return 2 * (a * a + b * b - k * a * b) / (len(samples) * total)


def loud_parts(samples, rate=8000, floor=200, frame_ms=20):
    """[(start_ms, end_ms)] where something sounds; gaps of a frame bridged."""
    size = rate * frame_ms // 1000
    parts = []
    for i in range(0, len(samples) - size + 1, size):
        if rms(samples[i:i + size]) < floor:
            continue
        begin = i * 1000 // rate
        if parts and begin - parts[-1][1] <= frame_ms:
            parts[-1][1] = begin + frame_ms
        else:
            parts.append([begin, begin + frame_ms])
    return [tuple(p) for p in parts]


def read_wav(path):
    """-> (samples of the first channel, rate)"""
    with wave.open(path, "rb") as w:
        frames = w.readframes(w.getnframes())
        rate, channels = w.getframerate(), w.getnchannels()
    step = 2 * channels
    return [int.from_bytes(frames[i:i + 2], "little", signed=True)
            for i in range(0, len(frames) - 1, step)], rate


def write_tone_wav(path, hz, seconds, rate=8000, channels=1, level=8000):
    with wave.open(path, "wb") as w:
        w.setnchannels(channels)
        w.setsampwidth(2)
        w.setframerate(rate)
        step = 2 * math.pi * hz / rate
        w.writeframes(b"".join(
            channels *
            int(level * math.sin(step * i)).to_bytes(2, "little", signed=True)
            for i in range(int(seconds * rate))))
