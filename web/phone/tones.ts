/* SPDX-License-Identifier: GPL-3.0-or-later */
import { audioContext } from "./level.js";

const rows = [697, 770, 852, 941];
const columns = [1209, 1336, 1477];
const layout = "123456789*0#";

function play(frequencies: readonly number[], seconds: number, gain: number, at = 0): () => void {
  const context = audioContext();
  if (!context) return () => undefined;
  const volume = context.createGain();
  const begin = context.currentTime + at;
  volume.gain.setValueAtTime(0, begin);
  volume.gain.linearRampToValueAtTime(gain, begin + 0.01);
  volume.gain.setValueAtTime(gain, begin + seconds - 0.01);
  volume.gain.linearRampToValueAtTime(0, begin + seconds);
  volume.connect(context.destination);
  const all = frequencies.map((frequency) => {
    const oscillator = context.createOscillator();
    oscillator.frequency.value = frequency;
    oscillator.connect(volume);
    oscillator.start(begin);
    oscillator.stop(begin + seconds);
    return oscillator;
  });
  return () => {
    for (const oscillator of all) oscillator.stop();
    volume.disconnect();
  };
}

/** What a key sounds like, for the one who presses it. */
export function playKey(key: string): void {
  const index = layout.indexOf(key);
  const row = rows[Math.floor(index / 3)];
  const column = columns[index % 3];
  if (index >= 0 && row && column) play([row, column], 0.12, 0.04);
}

function repeat(
  frequencies: readonly number[],
  seconds: number,
  gain: number,
  every_ms: number,
): () => void {
  let stop = play(frequencies, seconds, gain);
  const timer = setInterval(() => (stop = play(frequencies, seconds, gain)), every_ms);
  return () => {
    clearInterval(timer);
    stop();
  };
}

/** It rings there: 425 Hz, 1 s in 5. @returns what stops it */
export const playRinging = () => repeat([425], 1, 0.06, 5000);

/** It rings here. @returns what stops it */
export const playIncoming = () => repeat([660, 880], 0.9, 0.12, 3000);

/** Another call waits, in the middle of one. @returns what stops it */
export const playWaiting = () => repeat([660], 0.15, 0.06, 4000);
