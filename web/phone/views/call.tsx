/* SPDX-License-Identifier: GPL-3.0-or-later */
import { Mic, MicOff, Pause, PhoneOff, Play, UserRound, Video, VideoOff } from "lucide-preact";
import { useEffect, useRef } from "preact/hooks";

import { clock, type Phone } from "../store.js";
import { playKey, playRinging } from "../tones.js";
import { Keypad, keyDigit } from "./keypad.js";
import { Meter } from "./meter.js";
import { Picture } from "./picture.js";

function Stage({ phone }: { phone: Phone }) {
  const remote = phone.remoteVideo.value;
  const own = phone.camera.value;
  return (
    <div class={remote ? "stage picture" : "stage"}>
      {remote ? (
        <Picture class="remote" track={remote} label="The other side's picture" />
      ) : (
        <span class="avatar" aria-hidden="true">
          <UserRound />
        </span>
      )}
      {own && <Picture class="own" track={own} label="Your own picture" />}
    </div>
  );
}

function Levels({ phone }: { phone: Phone }) {
  return (
    <dl class="levels">
      <div>
        <dt>You</dt>
        <dd>
          <Meter track={phone.microphone.value} label="Your microphone's level" />
        </dd>
      </div>
      <div>
        <dt>Other side</dt>
        <dd>
          <Meter track={phone.remoteAudio.value} label="The other side's level" />
        </dd>
      </div>
    </dl>
  );
}

function Controls({ phone }: { phone: Phone }) {
  const muted = phone.muted.value;
  const camera = phone.camera.value !== undefined;
  const up = phone.call.value !== undefined;
  const cameraText = !phone.takesVideo.value
    ? "Camera (not taken by the other side)"
    : "Camera";
  return (
    <div class="controls">
      <button
        type="button"
        class="round"
        aria-label="Mute the microphone"
        aria-pressed={muted}
        disabled={!up}
        onClick={() => void phone.toggleMute()}
      >
        {muted ? <MicOff /> : <Mic />}
      </button>
      <button
        type="button"
        class="round"
        aria-label="Hold the call"
        aria-pressed={phone.holding.value}
        disabled={phone.callState.value !== "talking"}
        onClick={() => void phone.toggleHold()}
      >
        {phone.holding.value ? <Play /> : <Pause />}
      </button>
      <button
        type="button"
        class="round hangup"
        aria-label="Hang up"
        onClick={() => void phone.hangup()}
      >
        <PhoneOff />
      </button>
      <button
        type="button"
        class="round"
        aria-label={cameraText}
        title={cameraText}
        aria-pressed={camera}
        disabled={!phone.takesVideo.value}
        onClick={() => void phone.toggleCamera()}
      >
        {camera ? <Video /> : <VideoOff />}
      </button>
    </div>
  );
}

export function CallView({ phone }: { phone: Phone }) {
  const panel = useRef<HTMLElement>(null);
  /* digits typed go to the call at once */
  useEffect(() => panel.current?.focus(), []);
  const state = phone.callState.value;
  useEffect(() => (state === "ringing" ? playRinging() : undefined), [state]);

  const typed = (event: KeyboardEvent) => {
    const digit = keyDigit(event);
    if (!digit) return;
    event.preventDefault();
    if (event.repeat) return;
    playKey(digit);
    phone.key(digit);
  };
  return (
    <section
      ref={panel}
      class="card in-call"
      aria-label="The call"
      tabIndex={-1}
      onKeyDown={typed}
    >
      <Stage phone={phone} />
      <h2 class="peer">{phone.peer}</h2>
      <p class="time">
        {state === "talking" ? <time>{clock(phone.seconds.value)}</time> : " "}
        {phone.muted.value && <span class="chip">Muted</span>}
        {phone.held.value && <span class="chip">On hold</span>}
        {phone.holding.value && <span class="chip">Holding</span>}
      </p>
      <Levels phone={phone} />
      <output class="digits" aria-label="Digits sent">
        {phone.digits.value}
      </output>
      <Keypad onKey={phone.key} disabled={!phone.call.value} />
      <Controls phone={phone} />
    </section>
  );
}
