/* SPDX-License-Identifier: GPL-3.0-or-later */
import { batch, computed, signal, type ReadonlySignal, type Signal } from "@preact/signals";

import {
  Client,
  callerText,
  hangupText,
  listDevices,
  openMicrophone,
  type BifronsError,
  type Call,
  type CallState,
  type DeviceList,
  type DialOptions,
  type IncomingCall,
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
  /** What rings, the oldest first. */
  incoming: Signal<readonly IncomingCall[]>;
  /** Is it to be heard? */
  ringSound: Signal<boolean>;
  call: Signal<Call | undefined>;
  /** Whom the call is with. */
  peer: Signal<string>;
  callState: Signal<CallState | undefined>;
  muted: Signal<boolean>;
  held: Signal<boolean>;
  holding: Signal<boolean>;
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
  /** Take a call that rings; one that is up ends. */
  answer(callId: string, withCamera?: boolean): Promise<void>;
  decline(callId: string): Promise<void>;
  hangup(): Promise<void>;
  key(key: string): void;
  toggleMute(): Promise<void>;
  toggleHold(): Promise<void>;
  toggleCamera(): Promise<void>;
  refreshDevices(): Promise<void>;
  choose(kind: "microphone" | "speaker" | "camera", id: string): Promise<void>;
  dismiss(): void;
}

export interface PhoneParts {
  makeClient?: (token: string) => Client;
  microphone?: (id?: string, signal?: AbortSignal) => Promise<MediaStreamTrack>;
  devices?: () => Promise<DeviceList>;
  keep?: (token: string) => void;
}

const stateTexts: Record<CallState, string> = {
  dialing: "Dialling …",
  answering: "Answering …",
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
  const incoming = signal<readonly IncomingCall[]>([]);
  const ringSound = signal(true);
  const call = signal<Call | undefined>(undefined);
  const peer = signal("");
  const callState = signal<CallState | undefined>(undefined);
  const muted = signal(false);
  const held = signal(false);
  const holding = signal(false);
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
  let declining = "";
  let placing: Promise<void> | undefined;
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
    mine.on("incoming_call", () => (incoming.value = [...mine.incoming.values()]));
    mine.on("incoming_call_ended", ({ callId, reason }) => {
      const rang = incoming.value.find((one) => one.callId === callId);
      incoming.value = [...mine.incoming.values()];
      if (rang && reason === "canceled") say(`Missed call from ${callerText(rang)}.`);
      if (rang && reason === "answered_elsewhere")
        say(`The call from ${callerText(rang)} was answered on another device.`);
      if (rang && reason === "declined" && declining !== callId)
        say(`The call from ${callerText(rang)} was declined on another device.`);
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
      peer.value = "";
      callState.value = undefined;
      muted.value = false;
      held.value = false;
      holding.value = false;
      camera.value = undefined;
      takesVideo.value = false;
      microphone.value = undefined;
      remoteAudio.value = undefined;
      remoteVideo.value = undefined;
      digits.value = "";
      seconds.value = 0;
    });
  }

  /* Better another one than silence; the words stay, as it may be far away */
  async function useAnyMicrophone(made: Call): Promise<void> {
    try {
      const track = await microphoneOf();
      await made.setMicrophone(track);
      if (call.value !== made) return;
      microphone.value = track;
      say("The microphone was disconnected. Another one is used now.", true);
    } catch {
      /* it was told */
    }
    void refreshDevices();
  }

  function watch(made: Call): void {
    const enter = (state: CallState): void => {
      callState.value = state;
      if (state === "early" || state === "talking") takesVideo.value = made.takesVideo;
      if (state !== "talking") return;
      const begin = Date.now();
      ticking = setInterval(
        () => (seconds.value = Math.floor((Date.now() - begin) / 1000)),
        250,
      );
    };
    const show = (stream: MediaStream): void => {
      remoteAudio.value = stream.getAudioTracks()[0];
      remoteVideo.value = stream
        .getVideoTracks()
        .find((track) => !track.muted && track.readyState === "live");
    };
    call.value = made;
    camera.value = made.camera;
    /* one that was taken is up already */
    enter(made.state);
    show(made.remote);
    made.on("state", enter);
    made.on("remote", show);
    made.on("camera", (track) => (camera.value = track));
    made.on("muted", (on) => (muted.value = on));
    made.on("held", (on) => (held.value = on));
    made.on("holding", (on) => (holding.value = on));
    made.on("problem", (problem) => {
      complain(problem);
      if (problem.code === "mic_lost") void useAnyMicrophone(made);
    });
    made.on("hangup", (hangup) => {
      const length = made.state === "ended" && seconds.value ? ` ${clock(seconds.value)}` : "";
      clear();
      const bad = !["normal", "canceled"].includes(hangup.reason);
      if (hangup.code === "answered_elsewhere") say(hangupText(hangup));
      else
        say(bad ? hangupText(hangup) : `Call ended.${length && ` It lasted${length}.`}`, bad);
      signOutFailed();
    });
  }

  /* Dial or answer: the microphone, the call, and what goes wrong */
  async function place(
    state: CallState,
    whom: string,
    video: boolean,
    make: (options: DialOptions) => Promise<Call>,
  ): Promise<void> {
    batch(() => {
      notice.value = undefined;
      peer.value = whom;
      callState.value = state;
    });
    giveUp = new AbortController();
    const { signal } = giveUp;
    try {
      const chosen = devices.value;
      const track = await microphoneOf(chosen.microphoneId || undefined, signal);
      microphone.value = track;
      watch(
        await make({
          microphone: track,
          video: video ? true : "off",
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

  async function start(): Promise<void> {
    const destination = dial.value.trim();
    const mine = client;
    if (busy.value || !mine) return;
    if (!destination) {
      say("Type a number or an address first.", true);
      return;
    }
    placing = place("dialing", destination, withCamera.value, (options) =>
      mine.call(destination, options),
    );
    await placing;
  }

  async function answer(callId: string, video = false): Promise<void> {
    const mine = client;
    const rings = mine?.incoming.get(callId);
    if (busy.value) {
      await hangup();
      await placing;
    }
    if (!mine || !rings || busy.value) return;
    placing = place("answering", callerText(rings), video, (options) =>
      mine.accept(callId, options),
    );
    await placing;
  }

  async function decline(callId: string): Promise<void> {
    declining = callId;
    await client?.decline(callId).catch(complain);
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

  async function toggleHold(): Promise<void> {
    await call.value?.hold(!holding.value).catch(complain);
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
    incoming,
    ringSound,
    call,
    peer,
    callState,
    muted,
    held,
    holding,
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
    answer,
    decline,
    hangup,
    key,
    toggleMute,
    toggleHold,
    toggleCamera,
    refreshDevices,
    choose,
    dismiss: () => (notice.value = undefined),
  };
}

