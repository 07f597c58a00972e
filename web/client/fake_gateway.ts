/* SPDX-License-Identifier: GPL-3.0-or-later */
/* For tests: a Janus in memory, behind the seam of gateway.ts. */
import type {
  Handle,
  HandleEvents,
  Jsep,
  OpenSession,
  SessionOptions,
} from "./gateway.js";
import { BifronsError } from "./errors.js";

export type Body = Readonly<Record<string, unknown>>;

export class FakeTrack extends EventTarget {
  enabled = true;
  muted = false;
  readyState: "live" | "ended" = "live";
  constructor(readonly kind: "audio" | "video") {
    super();
  }
  stop(): void {
    this.readyState = "ended";
  }
}

export function fakeTrack(kind: "audio" | "video" = "audio"): MediaStreamTrack {
  return new FakeTrack(kind) as unknown as MediaStreamTrack;
}

class FakeStream {
  #tracks: MediaStreamTrack[] = [];
  addTrack(track: MediaStreamTrack): void {
    this.#tracks.push(track);
  }
  getTracks(): MediaStreamTrack[] {
    return this.#tracks;
  }
  getAudioTracks(): MediaStreamTrack[] {
    return this.#tracks.filter((track) => track.kind === "audio");
  }
  getVideoTracks(): MediaStreamTrack[] {
    return this.#tracks.filter((track) => track.kind === "video");
  }
}

/** happy-dom's MediaStream takes only its own tracks. */
export function useFakeStreams(): void {
  Object.assign(globalThis, { MediaStream: FakeStream });
}

export class FakeHandle implements Handle {
  readonly sent: Body[] = [];
  offered: readonly MediaStreamTrack[] = [];
  answer: Jsep | undefined;
  detached = false;
  peer: RTCPeerConnection | undefined;

  constructor(
    readonly events: HandleEvents,
    readonly gateway: FakeGateway,
  ) {}

  async send(body: Body): Promise<void> {
    if (this.gateway.deaf) throw new BifronsError("lost");
    this.sent.push(body);
    queueMicrotask(() => this.gateway.plugin(this, body));
  }

  async offer(tracks: readonly MediaStreamTrack[]): Promise<Jsep> {
    this.offered = tracks;
    this.peer = {
      getTransceivers: () =>
        tracks.map((track) => ({
          currentDirection: this.answer ? "sendrecv" : null,
          receiver: { track },
          sender: { replaceTrack: async () => undefined },
        })),
    } as unknown as RTCPeerConnection;
    return { type: "offer", sdp: "v=0 offer" };
  }

  async accept(answer: Jsep): Promise<void> {
    await Promise.resolve();
    this.answer = answer;
  }

  detach(): void {
    this.detached = true;
  }

  say(event: string, body: Body = {}, jsep?: Jsep): void {
    this.events.message({ bifrons: "event", event, ...body }, jsep);
  }

  fail(code: string): void {
    this.events.message({ bifrons: "error", code, detail: "" }, undefined);
  }
}

export class FakeGateway {
  readonly handles: FakeHandle[] = [];
  readonly options: SessionOptions[] = [];
  claims = 0;
  closed = 0;
  /** What claim() rejects with; "" = it works */
  claimError = "";
  openError = "";
  deaf = false;

  /** The plugin: tests put their own in its place. */
  plugin: (handle: FakeHandle, body: Body) => void = (handle, body) => {
    if (body["request"] === "register") {
      if (body["token"] !== "bfd_good") handle.fail("unauthorized");
      else handle.say("registered", { extension: "1001", domain: "a.test", ticket: "t1" });
    }
    if (body["request"] === "call") handle.say("calling", { call_id: "c1" });
    if (body["request"] === "accept")
      handle.say("accepted", { call_id: body["call_id"] }, { type: "answer", sdp: "v=0" });
    if (body["request"] === "hold") handle.say("holding");
    if (body["request"] === "unhold") handle.say("resumed");
    if (body["request"] === "hangup")
      handle.say("hangup", { by: "local", reason: "normal", sip_code: null });
  };

  readonly open: OpenSession = async (options) => {
    if (this.openError) throw new BifronsError(this.openError);
    this.options.push(options);
    return {
      attach: async (events) => {
        const handle = new FakeHandle(events, this);
        this.handles.push(handle);
        return handle;
      },
      claim: async () => {
        ++this.claims;
        if (this.claimError) throw new BifronsError(this.claimError);
      },
      close: () => void ++this.closed,
    };
  };

  /** The handle of the n-th call. */
  call(n = 0): FakeHandle {
    const handle = this.handles.filter((h) => h.offered.length > 0)[n];
    if (!handle) throw new Error("there is no such call");
    return handle;
  }

  cut(): void {
    this.options.at(-1)?.lost();
  }
}
