/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The seam between the client and Janus: janus.ts implements it with npm's
 * janus-gateway, tests implement it in memory. */

export interface Jsep {
  type: "offer" | "answer";
  sdp: string;
}

export interface HandleEvents {
  /** A message of the plugin, as it came. */
  message(body: unknown, jsep: Jsep | undefined): void;
  track(track: MediaStreamTrack, on: boolean): void;
  /** The peer connection with Janus came up, or went. */
  up(on: boolean): void;
  /** Janus does, or does not, receive our audio or video. */
  media(kind: "audio" | "video", receiving: boolean): void;
  /** Janus ended the handle. */
  gone(): void;
}

export interface Handle {
  readonly peer: RTCPeerConnection | undefined;
  /** Resolves when Janus took it; the plugin's answer is a message. */
  send(body: Readonly<Record<string, unknown>>, jsep?: Jsep): Promise<void>;
  /** Sends and receives each track. */
  offer(tracks: readonly MediaStreamTrack[]): Promise<Jsep>;
  accept(answer: Jsep): Promise<void>;
  /** Closes the peer connection and stops the tracks of offer(). */
  detach(): void;
}

export interface Session {
  attach(events: HandleEvents): Promise<Handle>;
  /** After lost(): the same session on a new connection. Rejects with
   * `unreachable` while there is no connection, `lost` when it is gone. */
  claim(): Promise<void>;
  close(): void;
}

export interface SessionOptions {
  url: string;
  iceServers: RTCIceServer[];
  /** The connection broke after it had been there. */
  lost(): void;
}

export type OpenSession = (options: SessionOptions) => Promise<Session>;
