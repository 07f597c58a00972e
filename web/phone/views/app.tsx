/* SPDX-License-Identifier: GPL-3.0-or-later */
import { LogOut, Settings, X } from "lucide-preact";
import { useEffect, useRef } from "preact/hooks";

import type { Phone } from "../store.js";
import { CallView } from "./call.js";
import { DevicesDialog } from "./devices.js";
import { DialView } from "./dial.js";
import { IncomingCalls } from "./incoming.js";
import { SignIn } from "./signin.js";

function Mark() {
  return (
    <svg class="mark" viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="9" />
      <path d="M14.5 7A9 9 0 0 0 14.5 25Z" class="left" />
      <path d="M17.5 7A9 9 0 0 1 17.5 25Z" class="right" />
    </svg>
  );
}

function Header({ phone, settings }: { phone: Phone; settings: () => void }) {
  const line = phone.line.value;
  return (
    <header>
      <Mark />
      <h1>
        Bifrons <span class="visually-hidden">phone</span>
      </h1>
      {line !== "signed_out" && (
        <p class="who" title={phone.who.value}>
          <span class={`dot ${line}`} aria-hidden="true" />
          <span>{phone.who.value || "…"}</span>
        </p>
      )}
      {line !== "signed_out" && (
        <button class="icon" type="button" aria-label="Devices and sound" onClick={settings}>
          <Settings />
        </button>
      )}
      {line !== "signed_out" && !phone.busy.value && (
        <button class="icon" type="button" aria-label="Sign out" onClick={phone.signOut}>
          <LogOut />
        </button>
      )}
    </header>
  );
}

/* The live regions are always there: what is put into them is read out. */
function Status({ phone }: { phone: Phone }) {
  const notice = phone.notice.value;
  const shown = phone.line.value !== "signed_out";
  return (
    <div class="status">
      <p role="status" class={shown ? "state" : "state quiet"}>
        {shown ? phone.stateText : ""}
      </p>
      <div role="alert">
        {notice?.bad && <p class="notice bad">{notice.text}</p>}
      </div>
      <div role="status">{notice && !notice.bad && <p class="notice">{notice.text}</p>}</div>
      {notice && (
        <button class="icon dismiss" type="button" aria-label="Dismiss" onClick={phone.dismiss}>
          <X />
        </button>
      )}
    </div>
  );
}

/* What the other side says; the speaker can be chosen where the browser can. */
function Sound({ phone }: { phone: Phone }) {
  const audio = useRef<HTMLAudioElement>(null);
  const track = phone.remoteAudio.value;
  const speaker = phone.devices.value.speakerId;
  useEffect(() => {
    const element = audio.current;
    if (!element) return;
    element.srcObject = track ? new MediaStream([track]) : null;
    if (track) void element.play().catch(() => undefined);
  }, [track]);
  useEffect(() => {
    const element = audio.current;
    if (element && "setSinkId" in element) void element.setSinkId(speaker).catch(() => undefined);
  }, [speaker]);
  return <audio ref={audio} autoplay hidden />;
}

export function App({ phone }: { phone: Phone }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const settings = () => {
    void phone.refreshDevices();
    dialog.current?.showModal();
  };
  const signedOut = phone.line.value === "signed_out";
  return (
    <>
      <Header phone={phone} settings={settings} />
      <main class={phone.busy.value ? "busy" : ""}>
        <Status phone={phone} />
        <IncomingCalls phone={phone} />
        {signedOut && !phone.busy.value && <SignIn phone={phone} />}
        {!signedOut && !phone.busy.value && <DialView phone={phone} />}
        {phone.busy.value && <CallView phone={phone} />}
      </main>
      <DevicesDialog phone={phone} dialog={dialog} />
      <Sound phone={phone} />
    </>
  );
}
