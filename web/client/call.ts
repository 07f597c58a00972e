/* SPDX-License-Identifier: GPL-3.0-or-later */
import { Emitter } from "./emitter.js";
import { BifronsError, asError, type Hangup } from "./errors.js";
import type { Handle, HandleEvents, Jsep } from "./gateway.js";
import { blankVideo, openCamera } from "./media.js";
import { num, pluginMessage, text, type Wire } from "./wire.js";

/** Forward only. `answering`: one that came in, while it is being taken;
 * `early`: sound before the answer. */
export type CallState =
  | "dialing"
  | "answering"
  | "calling"
  | "ringing"
  | "early"
  | "talking"
  | "ended";

const order: readonly CallState[] = [
  "dialing",
  "answering",
  "calling",
  "ringing",
  "early",
  "talking",
  "ended",
];

export interface CallEvents {
  state: CallState;
  calling: { callId: string };
  ringing: undefined;
  progress: undefined;
  accepted: undefined;
  hangup: Hangup;
  /** Whether the platform receives our audio or video. */
  media: { kind: "audio" | "video"; receiving: boolean };
  /** The other side's sound or picture came (or went): see `remote`. */
  remote: MediaStream;
  /** Our own picture; undefined while the camera is off. */
  camera: MediaStreamTrack | undefined;
  muted: boolean;
  /** The platform has put us on hold, or taken us back. */
  held: boolean;
  /** We hold the call, or go on with it. */
  holding: boolean;
  /** Any other message of the plugin on this call. */
  message: { name: string; body: Wire };
  /** Something asked for did not work; the call goes on. */
  problem: BifronsError;
}

export interface CallOptions {
  /** The microphone's track; the call stops it at its end. */
  microphone: MediaStreamTrack;
  /** false: no video at all. "off": negotiated, with the camera off. */
  video?: boolean | "off";
  cameraId?: string;
  headers?: Readonly<Record<string, string>>;
  variables?: Readonly<Record<string, string>>;
  signal?: AbortSignal;
}

const GOODBYE_MS = 2000;

/** One call: a Janus handle of its own. Made by Client.call() and accept(). */
export class Call extends Emitter<CallEvents> {
  readonly remote = new MediaStream();
  id = "";
  state: CallState = "dialing";
  muted = false;
  held = false;
  holding = false;
  hangupInfo: Hangup | undefined;

  #handle: Handle | undefined;
  #microphone: MediaStreamTrack;
  #camera: MediaStreamTrack | undefined;
  #blank: MediaStreamTrack | undefined;
  #answered = false;
  #queue: Promise<void> = Promise.resolve();
  #taken: { resolve(): void; reject(error: BifronsError): void } | undefined;
  #goodbye: ReturnType<typeof setTimeout> | undefined;

  /** @param accepts  The id of the call that is taken; "": we call */
  constructor(
    /** Whom we talk to: what was dialled, or who called. */
    readonly destination: string,
    readonly options: CallOptions,
    readonly accepts = "",
  ) {
    super();
    this.#microphone = options.microphone;
    if (accepts) this.state = "answering";
    this.#watch(this.#microphone, () => this.#microphone, "mic_lost");
  }

  /** What the handle's events do: for Client. */
  readonly events: HandleEvents = {
    /* one after the other: an answer takes a while to be set */
    message: (body, jsep) => {
      this.#queue = this.#queue.then(() => this.#message(body, jsep));
    },
    track: (track, on) => this.#track(track, on),
    up: (on) => {
      if (!on) this.#endSoon();
    },
    media: (kind, receiving) => this.emit("media", { kind, receiving }),
    gone: () => this.end("lost"),
  };

  /** Offer, and wait until the platform has taken the call: for Client. */
  async start(handle: Handle, ticket: string): Promise<void> {
    this.#handle = handle;
    const { options } = this;
    const tracks = await this.#tracks();
    const offer = this.#isOver() ? undefined : await handle.offer(tracks);
    if (!offer || this.#isOver()) {
      for (const track of tracks) track.stop();
      throw new BifronsError("aborted");
    }
    const taken = new Promise<void>((resolve, reject) => {
      this.#taken = { resolve, reject };
    });
    /* the rejection is looked at below, perhaps later */
    taken.catch(() => undefined);
    await handle.send({ ...this.#request(), ticket, video: options.video !== false }, offer);
    await taken;
  }

  #request(): Wire {
    const { headers, variables } = this.options;
    if (this.accepts) return { request: "accept", call_id: this.accepts };
    return {
      request: "call",
      destination: this.destination,
      ...(headers && { headers }),
      ...(variables && { variables }),
    };
  }

  async #tracks(): Promise<MediaStreamTrack[]> {
    const { video = false, cameraId, signal } = this.options;
    if (video === true) {
      this.#camera = await openCamera(cameraId, signal);
      this.#watch(this.#camera, () => this.#camera, "camera_lost");
      return [this.#microphone, this.#camera];
    }
    if (video === "off") this.#blank = blankVideo();
    return this.#blank ? [this.#microphone, this.#blank] : [this.#microphone];
  }

  get peer(): RTCPeerConnection | undefined {
    return this.#handle?.peer;
  }

  get camera(): MediaStreamTrack | undefined {
    return this.#camera;
  }

  get microphone(): MediaStreamTrack {
    return this.#microphone;
  }

  /** Can a picture be sent? Known from the answer on. */
  get takesVideo(): boolean {
    return this.#sender("video") !== undefined;
  }

  /** Send digits: 0-9 A-D * # */
  async dtmf(digits: string): Promise<void> {
    await this.#ask({ request: "dtmf", digits });
  }

  /** Silence, or not, what this side says: here at once, and the platform is
   * told. */
  async mute(on: boolean): Promise<void> {
    this.#microphone.enabled = !on;
    this.#setMuted(on);
    await this.#ask({ request: on ? "mute" : "unmute" });
  }

  /** Hold the call, or go on with it: nothing passes meanwhile. */
  async hold(on: boolean): Promise<void> {
    await this.#ask({ request: on ? "hold" : "unhold" });
  }

  /** Switch the camera on (another one: by its id) or off. */
  async setCamera(on: boolean, cameraId?: string): Promise<void> {
    const sender = this.#sender("video");
    if (!sender) throw new BifronsError("wrong_state", "the call has no video");
    const track = on ? await openCamera(cameraId) : undefined;
    if (this.state === "ended") return track?.stop();
    await sender.replaceTrack(track ?? null);
    this.#camera?.stop();
    this.#camera = track;
    if (track) this.#watch(track, () => this.#camera, "camera_lost");
    this.emit("camera", track);
  }

  /** Go on with another microphone; the old one is stopped. */
  async setMicrophone(track: MediaStreamTrack): Promise<void> {
    if (this.state === "ended") return track.stop();
    track.enabled = !this.muted;
    await this.#sender("audio")?.replaceTrack(track);
    this.#microphone.stop();
    this.#microphone = track;
    this.#watch(track, () => this.#microphone, "mic_lost");
  }

  /* A device that is unplugged, or taken away in the browser's settings, ends
   * its track; what we stop ourselves tells nothing. */
  #watch(
    track: MediaStreamTrack,
    current: () => MediaStreamTrack | undefined,
    code: "mic_lost" | "camera_lost",
  ): void {
    track.addEventListener("ended", () => {
      if (this.state === "ended" || current() !== track) return;
      if (code === "camera_lost") this.setCamera(false).catch(() => undefined);
      this.emit("problem", new BifronsError(code));
    });
  }

  /** End the call. Resolves when it has ended. */
  async hangup(): Promise<void> {
    if (this.state === "ended") return;
    const ended = this.once("hangup");
    if (!this.id) this.end("canceled");
    else {
      this.#endSoon("normal");
      this.#handle?.send({ request: "hangup" }).catch(() => this.end("lost"));
    }
    await ended;
  }

  /** Ended without the platform's word: for Client and for us. */
  end(reason: string, code = ""): void {
    this.#finish({ reason, code, sipCode: 0, by: "" });
  }

  /* a method, for the compiler: the state changes while we wait */
  #isOver(): boolean {
    return this.state === "ended";
  }

  async #ask(body: Readonly<Record<string, unknown>>): Promise<void> {
    if (!this.#handle || !this.id || this.state === "ended")
      throw new BifronsError("wrong_state");
    await this.#handle.send(body);
  }

  #sender(kind: "audio" | "video"): RTCRtpSender | undefined {
    const found = this.peer
      ?.getTransceivers()
      .find((t) => t.receiver.track.kind === kind && t.currentDirection?.includes("send"));
    return found?.sender;
  }

  async #message(value: unknown, jsep: Jsep | undefined): Promise<void> {
    const message = pluginMessage(value);
    if (!message || this.state === "ended") return;
    if (message.kind === "error") {
      this.#problem(new BifronsError(message.code, message.detail));
      return;
    }
    if (jsep?.type === "answer" && !this.#answered) {
      this.#answered = true;
      try {
        await this.#handle?.accept(jsep);
      } catch (error) {
        this.#problem(asError(error));
        void this.hangup();
        return;
      }
    }
    this.#event(message.name, message.body);
  }

  #event(name: string, body: Wire): void {
    switch (name) {
      case "calling":
        this.id = text(body, "call_id");
        this.#to("calling");
        this.emit("calling", { callId: this.id });
        this.#taken?.resolve();
        break;
      case "ringing":
        this.#to("ringing");
        this.emit("ringing", undefined);
        break;
      case "progress":
        this.#to("early");
        this.emit("progress", undefined);
        break;
      case "accepted":
        this.id ||= this.accepts;
        this.#to("talking");
        this.emit("accepted", undefined);
        this.#taken?.resolve();
        break;
      case "holding":
      case "resumed":
        this.holding = name === "holding";
        this.emit("holding", this.holding);
        break;
      case "held":
      case "unheld":
        this.held = name === "held";
        this.emit("held", this.held);
        break;
      case "hangup":
        this.#finish({
          reason: text(body, "reason") || "normal",
          code: text(body, "code"),
          sipCode: num(body, "sip_code"),
          by: text(body, "by"),
        });
        break;
      default:
        this.emit("message", { name, body });
    }
  }

  #to(state: CallState): void {
    if (order.indexOf(state) <= order.indexOf(this.state)) return;
    this.state = state;
    this.emit("state", state);
  }

  #problem(error: BifronsError): void {
    if (this.id) this.emit("problem", error);
    else this.#taken?.reject(error);
  }

  #setMuted(on: boolean): void {
    if (this.muted === on) return;
    this.muted = on;
    this.emit("muted", on);
  }

  #track(track: MediaStreamTrack, on: boolean): void {
    if (on && !this.remote.getTracks().includes(track)) {
      this.remote.addTrack(track);
      for (const name of ["mute", "unmute", "ended"])
        track.addEventListener(name, () => this.emit("remote", this.remote));
    }
    this.emit("remote", this.remote);
  }

  /* The peer connection is down, or a hangup was asked for: the platform's
   * word comes now, or never. */
  #endSoon(reason = "lost"): void {
    this.#goodbye ??= setTimeout(() => this.end(reason), GOODBYE_MS);
  }

  #finish(hangup: Hangup): void {
    if (this.state === "ended") return;
    clearTimeout(this.#goodbye);
    this.hangupInfo = hangup;
    this.#handle?.detach();
    for (const track of [this.#microphone, this.#camera, this.#blank]) track?.stop();
    this.#taken?.reject(new BifronsError(hangup.code || hangup.reason));
    this.#to("ended");
    this.emit("hangup", hangup);
  }
}
