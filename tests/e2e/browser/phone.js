/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A browser without a screen: says tones, hears them, shows pictures */
import wrtc from "@roamhq/wrtc";

const { RTCPeerConnection, MediaStream } = wrtc;
const { RTCAudioSource, RTCAudioSink, RTCVideoSource, RTCVideoSink } =
  wrtc.nonstandard;

const RATE = 48000;
const WIDTH = 320;
const HEIGHT = 240;

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** How much of a frequency is in samples: 1 = a full-scale sine */
export function strength(samples, rate, hz) {
  const w = (2 * Math.PI * hz) / rate;
  let re = 0;
  let im = 0;
  for (let i = 0; i < samples.length; ++i) {
    re += samples[i] * Math.cos(w * i);
    im += samples[i] * Math.sin(w * i);
  }
  return (2 * Math.hypot(re, im)) / samples.length / 32768;
}

export class Phone {
  pc = new RTCPeerConnection();
  hz = 0;
  frames = 0;
  lastFrame = undefined;
  heard = { rate: RATE, samples: [] };
  /** What it receives is decoded, and thrown away */
  deaf = false;
  #audio = new RTCAudioSource();
  #video;
  #timers = [];
  #sinks = [];
  #phase = 0;

  constructor(handle, { video = true } = {}) {
    this.handle = handle;
    const stream = new MediaStream();
    const microphone = this.#audio.createTrack();
    this.pc.addTrack(microphone, stream);
    if (video) {
      this.#video = new RTCVideoSource();
      this.pc.addTrack(this.#video.createTrack(), stream);
    }
    this.pc.ontrack = ({ track }) => this.#hear(track);
    this.pc.onicecandidate = ({ candidate }) =>
      handle
        .trickle(
          candidate
            ? {
                candidate: candidate.candidate,
                sdpMid: candidate.sdpMid,
                sdpMLineIndex: candidate.sdpMLineIndex,
              }
            : { completed: true },
        )
        .catch(() => undefined);
    handle.onCandidate = (candidate) => {
      if (!candidate.completed)
        this.pc.addIceCandidate(candidate).catch(() => undefined);
    };
    this.#timers.push(setInterval(() => this.#speak(), 10));
    if (video) this.#timers.push(setInterval(() => this.#film(), 50));
  }

  #hear(track) {
    if (track.kind === "audio") {
      const sink = new RTCAudioSink(track);
      sink.ondata = ({ samples, sampleRate }) => {
        if (this.deaf) return;
        this.heard.rate = sampleRate;
        for (const sample of samples) this.heard.samples.push(sample);
        const extra = this.heard.samples.length - sampleRate * 2;
        if (extra > 0) this.heard.samples.splice(0, extra);
      };
      this.#sinks.push(sink);
    } else {
      const sink = new RTCVideoSink(track);
      sink.onframe = ({ frame }) => {
        ++this.frames;
        this.lastFrame = { width: frame.width, height: frame.height, y: frame.data[0] };
      };
      this.#sinks.push(sink);
    }
  }

  #speak() {
    const samples = new Int16Array(RATE / 100);
    const step = (2 * Math.PI * this.hz) / RATE;
    for (let i = 0; i < samples.length; ++i) {
      samples[i] = this.hz ? Math.sin(this.#phase) * 12000 : 0;
      this.#phase = (this.#phase + step) % (2 * Math.PI);
    }
    this.#audio.onData({
      samples,
      sampleRate: RATE,
      bitsPerSample: 16,
      channelCount: 1,
      numberOfFrames: samples.length,
    });
  }

  /* A grey picture with a bar that moves */
  #film() {
    const data = new Uint8ClampedArray((WIDTH * HEIGHT * 3) / 2).fill(128);
    const bar = (Date.now() / 20) % HEIGHT | 0;
    data.fill(235, bar * WIDTH, Math.min(bar + 20, HEIGHT) * WIDTH);
    this.#video.onFrame({ width: WIDTH, height: HEIGHT, data });
  }

  /** Stop to send anything, as a browser that froze */
  freeze() {
    for (const timer of this.#timers) clearInterval(timer);
    this.#timers = [];
  }

  /** The loudest of these in what is heard from now on */
  async listen(frequencies, ms = 300) {
    this.heard.samples = [];
    await sleep(ms);
    const { samples, rate } = this.heard;
    return Object.fromEntries(
      frequencies.map((hz) => [hz, samples.length ? strength(samples, rate, hz) : 0]),
    );
  }

  /** Until a frequency is heard (or is not): its strength */
  async hears(hz, { ms = 15_000, least = 0.02 } = {}) {
    const end = Date.now() + ms;
    let last = 0;
    while (Date.now() < end) {
      last = (await this.listen([hz]))[hz];
      if (last >= least) return last;
    }
    throw new Error(`${hz} Hz was not heard within ${ms} ms: ${last}`);
  }

  async offer() {
    await this.pc.setLocalDescription(await this.pc.createOffer());
    return { type: "offer", sdp: this.pc.localDescription.sdp };
  }

  accept(jsep) {
    return this.pc.setRemoteDescription(jsep);
  }

  close() {
    this.freeze();
    for (const sink of this.#sinks) sink.stop();
    this.pc.close();
  }
}

/** Dial on a new handle. @return {phone, handle, callId} */
export async function dial(janus, auth, destination, options = {}) {
  const handle = await janus.attach();
  const phone = new Phone(handle, options);
  await handle.send({ request: "call", ...auth, destination, ...options.body }, await phone.offer());
  const { code } = await handle.until("calling", () =>
    handle.events.find((e) => e.event === "calling" || (!e.event && e.code)),
  );
  if (code) throw new Error(`the call was refused: ${code}`);
  const calling = await handle.event("calling");
  return { phone, handle, callId: calling.call_id };
}

/** Take a call that rings, on a new handle. @return As dial() */
export async function accept(janus, auth, callId, options = {}) {
  const handle = await janus.attach();
  const phone = new Phone(handle, options);
  await handle.send({ request: "accept", ...auth, call_id: callId }, await phone.offer());
  return { phone, handle, callId };
}

/** Until the answer came, with early media or without */
export async function answered(call, ms = 20_000) {
  const { handle, phone } = call;
  const withAnswer = await handle.until(
    "answer",
    () => handle.events.find((e) => e.jsep),
    ms,
  );
  await phone.accept(withAnswer.jsep);
  await handle.event("accepted", ms);
}
