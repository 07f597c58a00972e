/* SPDX-License-Identifier: GPL-3.0-or-later */

/* One context for the page; browsers allow few. */
let shared: AudioContext | undefined;

export function audioContext(): AudioContext | undefined {
  if (typeof AudioContext === "undefined") return undefined;
  shared ??= new AudioContext();
  if (shared.state === "suspended") void shared.resume();
  return shared;
}

/** 0 to 1 from samples of -1 to 1: -54 dBFS and less is 0, full scale 1. */
export function loudness(samples: Float32Array): number {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  const db = 10 * Math.log10(sum / Math.max(1, samples.length) + 1e-12);
  return Math.min(1, Math.max(0, (db + 54) / 54));
}

/** Tell the level of an audio track ten times a second. @returns what stops it */
export function watchLevel(track: MediaStreamTrack, tell: (level: number) => void): () => void {
  const context = audioContext();
  if (!context) return () => undefined;
  const source = context.createMediaStreamSource(new MediaStream([track]));
  const analyser = context.createAnalyser();
  analyser.fftSize = 1024;
  source.connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  const timer = setInterval(() => {
    analyser.getFloatTimeDomainData(samples);
    tell(track.enabled ? loudness(samples) : 0);
  }, 100);
  return () => {
    clearInterval(timer);
    source.disconnect();
    tell(0);
  };
}
