/* SPDX-License-Identifier: GPL-3.0-or-later */
import { batch, computed, signal, type ReadonlySignal, type Signal } from "@preact/signals";

import {
  Client,
  hangupText,
  listDevices,
  openMicrophone,
  type BifronsError,
  type Call,
  type CallState,
  type DeviceList,
} from "../client/index.js";
import { asError } from "../client/errors.js";
import { keepToken } from "./token.js";

/** signed_out → connecting → online ⇄ repairing */
export type Line = "signed_out" | "connecting" | "online" | "repairing";

export interface Notice {
  text: string;
  bad: boolean;
}

export interface Devices extends DeviceList {
  microphoneId: string;
  speakerId: string;
  cameraId: string;
}

export interface Phone {
  line: Signal<Line>;
  who: Signal<string>;
  /** The last one tried, for trying again; "" when it is no good. */
  token: Signal<string>;
  notice: Signal<Notice | undefined>;
  dial: Signal<string>;
  withCamera: Signal<boolean>;
  call: Signal<Call | undefined>;
  callState: Signal<CallState | undefined>;
  muted: Signal<boolean>;
  camera: Signal<MediaStreamTrack | undefined>;
  takesVideo: Signal<boolean>;
  microphone: Signal<MediaStreamTrack | undefined>;
  remoteAudio: Signal<MediaStreamTrack | undefined>;
  remoteVideo: Signal<MediaStreamTrack | undefined>;
  digits: Signal<string>;
  seconds: Signal<number>;
  devices: Signal<Devices>;
  busy: ReadonlySignal<boolean>;
  stateText: ReadonlySignal<string>;
  signIn(token: string): Promise<void>;
  signOut(): void;
  start(): Promise<void>;
  hangup(): Promise<void>;
  key(key: string): void;
  toggleMute(): Promise<void>;
  toggleCamera(): Promise<void>;
  refreshDevices(): Promise<void>;
  choose(kind: "microphone" | "speaker" | "camera", id: string): Promise<void>;
  dismiss(): void;
}

export interface PhoneParts {
  makeClient?: (token: string) => Client;
  microphone?: (id?: string) => Promise<MediaStreamTrack>;
  devices?: () => Promise<DeviceList>;
  keep?: (token: string) => void;
}

const stateTexts: Record<CallState, string> = {
  dialing: "Dialling …",
  calling: "Calling …",
  ringing: "Ringing …",
  early: "Connecting …",
  talking: "In call",
  ended: "Ended",
};

const idleTexts: Record<Line, string> = {
  signed_out: "Signed out",
  connecting: "Signing in …",
  online: "Ready",
  repairing: "Connection lost. Trying to get it back …",
};

/** 75 → "1:15", 3675 → "1:01:15" */
export function clock(seconds: number): string {
  const two = (n: number) => String(n).padStart(2, "0");
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor(seconds / 60) % 60;
  return hours
    ? `${hours}:${two(minutes)}:${two(seconds % 60)}`
    : `${minutes}:${two(seconds % 60)}`;
}

/** The page's state, and what a person can do to it; no DOM in here. */
export function makePhone(parts: PhoneParts = {}): Phone {
  const makeClient = parts.makeClient ?? ((token) => new Client({ token }));
  const microphoneOf = parts.microphone ?? openMicrophone;
  const devicesOf = parts.devices ?? listDevices;
  const keep = parts.keep ?? keepToken;

  const line = signal<Line>("signed_out");
  const who = signal("");
  const token = signal("");
  const notice = signal<Notice | undefined>(undefined);
  const dial = signal("");
  const withCamera = signal(false);
  const call = signal<Call | undefined>(undefined);
  const callState = signal<CallState | undefined>(undefined);
  const muted = signal(false);
  const camera = signal<MediaStreamTrack | undefined>(undefined);
  const takesVideo = signal(false);
  const microphone = signal<MediaStreamTrack | undefined>(undefined);
  const remoteAudio = signal<MediaStreamTrack | undefined>(undefined);
  const remoteVideo = signal<MediaStreamTrack | undefined>(undefined);
  const digits = signal("");
  const seconds = signal(0);
  const devices = signal<Devices>({
    microphones: [],
    speakers: [],
    cameras: [],
    microphoneId: "",
    speakerId: "",
    cameraId: "",
  });
  const busy = computed(() => callState.value !== undefined);
  const stateText = computed(() => {
    const state = callState.value;
    if (line.value === "repairing" || !state) return idleTexts[line.value];
    return stateTexts[state];
  });

  let client: Client | undefined;
  let failed: BifronsError | undefined;
  let giveUp: AbortController | undefined;
  let ticking: ReturnType<typeof setInterval> | undefined;

  function say(text: string, bad = false): void {
    notice.value = { text, bad };
  }

  function complain(error: unknown): void {
    const problem = asError(error);
    if (problem.code !== "aborted") say(problem.message, true);
  }

  async function signIn(given: string): Promise<void> {
    const trimmed = given.trim();
    if (line.value !== "signed_out" || !trimmed) return;
    batch(() => {
      token.value = trimmed;
      line.value = "connecting";
      notice.value = undefined;
    });
    const mine = makeClient(trimmed);
    client = mine;
    mine.on("registered", ({ extension, domain }) => {
      who.value = domain ? `${extension}@${domain}` : extension;
    });
    mine.on("lost", () => (line.value = "repairing"));
    mine.on("back", () => (line.value = "online"));
    mine.on("failed", (error) => {
      failed = error;
      if (!busy.value) signOutFailed();
    });
    try {
      await mine.connect();
      if (client !== mine) return;
      keep(trimmed);
      line.value = "online";
    } catch (error) {
      if (client !== mine) return;
      if (["unauthorized", "token_expired"].includes(asError(error).code)) {
        keep("");
        token.value = "";
      }
      client = undefined;
      line.value = "signed_out";
      complain(error);
    }
  }

  function signOut(): void {
    const gone = client;
    client = undefined;
    keep("");
    gone?.close();
    batch(() => {
      line.value = "signed_out";
      who.value = "";
      token.value = "";
      notice.value = undefined;
    });
  }

  /* a call that is up goes on until its end */
  function signOutFailed(): void {
    if (!failed) return;
    const why = failed;
    failed = undefined;
    signOut();
    complain(why);
  }

  function clear(): void {
    clearInterval(ticking);
    batch(() => {
      call.value = undefined;
      callState.value = undefined;
      muted.value = false;
      camera.value = undefined;
      takesVideo.value = false;
      microphone.value = undefined;
      remoteAudio.value = undefined;
      remoteVideo.value = undefined;
      digits.value = "";
      seconds.value = 0;
    });
  }

  function watch(made: Call): void {
    call.value = made;
    callState.value = made.state;
    camera.value = made.camera;
    made.on("state", (state) => {
      callState.value = state;
      if (state === "early" || state === "talking") takesVideo.value = made.takesVideo;
      if (state !== "talking") return;
      const begin = Date.now();
      ticking = setInterval(
        () => (seconds.value = Math.floor((Date.now() - begin) / 1000)),
        250,
      );
    });
    made.on("remote", (stream) => {
      remoteAudio.value = stream.getAudioTracks()[0];
      remoteVideo.value = stream
        .getVideoTracks()
        .find((track) => !track.muted && track.readyState === "live");
    });
    made.on("camera", (track) => (camera.value = track));
    made.on("muted", (on) => (muted.value = on));
    made.on("problem", complain);
    made.on("hangup", (hangup) => {
      const length = made.state === "ended" && seconds.value ? ` ${clock(seconds.value)}` : "";
      clear();
      const bad = !["normal", "canceled"].includes(hangup.reason);
      say(bad ? hangupText(hangup) : `Call ended.${length && ` It lasted${length}.`}`, bad);
      signOutFailed();
    });
  }

  async function start(): Promise<void> {
    const destination = dial.value.trim();
    if (busy.value || !client) return;
    if (!destination) {
      say("Type a number or an address first.", true);
      return;
    }
    batch(() => {
      notice.value = undefined;
      callState.value = "dialing";
    });
    giveUp = new AbortController();
    const { signal } = giveUp;
    try {
      const chosen = devices.value;
      const track = await microphoneOf(chosen.microphoneId || undefined);
      microphone.value = track;
      watch(
        await client.call(destination, {
          microphone: track,
          video: withCamera.value ? true : "off",
          ...(chosen.cameraId && { cameraId: chosen.cameraId }),
          signal,
        }),
      );
      void refreshDevices();
    } catch (error) {
      microphone.value?.stop();
      clear();
      if (signal.aborted) say("Call given up.");
      else complain(error);
    }
  }

  async function hangup(): Promise<void> {
    if (call.value) await call.value.hangup();
    else giveUp?.abort();
  }

  function key(pressed: string): void {
    if (!busy.value) {
      dial.value += pressed;
      return;
    }
    if (!call.value) return;
    digits.value = (digits.value + pressed).slice(-24);
    call.value.dtmf(pressed).catch(complain);
  }

  async function toggleMute(): Promise<void> {
    await call.value?.mute(!muted.value).catch(complain);
  }

  async function toggleCamera(): Promise<void> {
    if (!call.value) {
      withCamera.value = !withCamera.value;
      return;
    }
    await call.value
      .setCamera(!camera.value, devices.value.cameraId || undefined)
      .catch(complain);
  }

  async function refreshDevices(): Promise<void> {
    const found = await devicesOf().catch(() => undefined);
    if (!found) return;
    const kept = (id: string, all: MediaDeviceInfo[]) =>
      all.some((device) => device.deviceId === id) ? id : "";
    const { microphoneId, speakerId, cameraId } = devices.value;
    devices.value = {
      ...found,
      microphoneId: kept(microphoneId, found.microphones),
      speakerId: kept(speakerId, found.speakers),
      cameraId: kept(cameraId, found.cameras),
    };
  }

  async function choose(kind: "microphone" | "speaker" | "camera", id: string): Promise<void> {
    devices.value = { ...devices.value, [`${kind}Id`]: id };
    const current = call.value;
    try {
      if (kind === "microphone" && current) {
        const track = await microphoneOf(id || undefined);
        await current.setMicrophone(track);
        microphone.value = track;
      } else if (kind === "camera" && current && camera.value) {
        await current.setCamera(true, id || undefined);
      }
    } catch (error) {
      complain(error);
    }
  }

  return {
    line,
    who,
    token,
    notice,
    dial,
    withCamera,
    call,
    callState,
    muted,
    camera,
    takesVideo,
    microphone,
    remoteAudio,
    remoteVideo,
    digits,
    seconds,
    devices,
    busy,
    stateText,
    signIn,
    signOut,
    start,
    hangup,
    key,
    toggleMute,
    toggleCamera,
    refreshDevices,
    choose,
    dismiss: () => (notice.value = undefined),
  };
}

