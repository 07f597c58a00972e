/* SPDX-License-Identifier: GPL-3.0-or-later */
import { BellRing, Phone as PhoneIcon, PhoneOff, Video } from "lucide-preact";
import { useEffect, useRef } from "preact/hooks";

import { callerText, type IncomingCall } from "../../client/index.js";
import type { Phone } from "../store.js";
import { playIncoming, playWaiting } from "../tones.js";

/* Where the keyboard goes on when the panel under it disappears */
function leaveFocus(): void {
  document.querySelector<HTMLElement>("#number, .in-call")?.focus();
}

function Panel({ phone, rings }: { phone: Phone; rings: IncomingCall }) {
  const panel = useRef<HTMLElement>(null);
  const waiting = phone.busy.value;
  const title = waiting ? "Call waiting" : "Incoming call";
  useEffect(() => {
    const element = panel.current;
    return () => {
      if (element?.contains(document.activeElement)) leaveFocus();
    };
  }, []);
  const answer = (camera: boolean) => void phone.answer(rings.callId, camera);
  return (
    <section ref={panel} class="card incoming" aria-label={title}>
      <div class="who-calls">
        <BellRing class="bell" aria-hidden="true" />
        <p>{title}</p>
        <h2>{callerText(rings)}</h2>
        {rings.from.name && rings.from.target && <p class="number">{rings.from.target}</p>}
      </div>
      <div class="actions">
        <button type="button" class="act bad" onClick={() => void phone.decline(rings.callId)}>
          <PhoneOff />
          Decline
        </button>
        <button type="button" class="act good" onClick={() => answer(false)}>
          <PhoneIcon />
          {waiting ? "End and answer" : "Answer"}
        </button>
        {rings.video && !waiting && (
          <button type="button" class="act good" onClick={() => answer(true)}>
            <Video />
            Answer with camera
          </button>
        )}
      </div>
    </section>
  );
}

/* The focus stays where it is: who types must not answer by accident. What
 * rings is read out, and Tab leads there first. */
export function IncomingCalls({ phone }: { phone: Phone }) {
  const all = phone.incoming.value;
  const newest = all.at(-1);
  const waiting = phone.busy.value;
  const sound = phone.ringSound.value && newest !== undefined;
  useEffect(() => {
    if (!sound) return undefined;
    return waiting ? playWaiting() : playIncoming();
  }, [sound, waiting]);
  const who = newest && callerText(newest);
  useEffect(() => {
    if (!who) return undefined;
    const before = document.title;
    document.title = `Call: ${who}`;
    return () => (document.title = before);
  }, [who]);
  return (
    <>
      <p role="alert" class="visually-hidden">
        {who && `${waiting ? "Call waiting" : "Incoming call"}: ${who}`}
      </p>
      {all.map((rings) => (
        <Panel key={rings.callId} phone={phone} rings={rings} />
      ))}
    </>
  );
}
