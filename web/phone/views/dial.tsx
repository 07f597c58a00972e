/* SPDX-License-Identifier: GPL-3.0-or-later */
import { Delete, Phone as PhoneIcon, Video, VideoOff } from "lucide-preact";
import { useEffect, useRef } from "preact/hooks";

import type { Phone } from "../store.js";
import { Keypad, keyDigit } from "./keypad.js";

export function DialView({ phone }: { phone: Phone }) {
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.focus(), []);

  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    void phone.start();
  };
  /* typing goes into the field wherever the focus is; Enter on a button is
   * the button's */
  const typed = (event: KeyboardEvent) => {
    const digit = keyDigit(event);
    if (!digit || event.target === field.current) return;
    event.preventDefault();
    phone.key(digit);
  };
  const camera = phone.withCamera.value;
  const ready = phone.line.value === "online";

  return (
    <form class="card dial" onSubmit={submit} onKeyDown={typed}>
      <label for="number" class="visually-hidden">
        Number or address
      </label>
      <div class="field">
        <input
          id="number"
          ref={field}
          value={phone.dial.value}
          onInput={(event) => (phone.dial.value = event.currentTarget.value)}
          placeholder="Number or address"
          inputMode="tel"
          autocomplete="off"
          autocapitalize="off"
          spellcheck={false}
          maxLength={256}
        />
        <button
          type="button"
          class="icon"
          aria-label="Delete the last digit"
          disabled={!phone.dial.value}
          onClick={() => (phone.dial.value = phone.dial.value.slice(0, -1))}
        >
          <Delete />
        </button>
      </div>
      <Keypad onKey={phone.key} />
      <div class="controls">
        <button
          type="button"
          class="round"
          aria-label="Start with the camera on"
          aria-pressed={camera}
          onClick={() => void phone.toggleCamera()}
        >
          {camera ? <Video /> : <VideoOff />}
        </button>
        <button type="submit" class="round call" aria-label="Call" disabled={!ready}>
          <PhoneIcon />
        </button>
        <span class="round spacer" aria-hidden="true" />
      </div>
    </form>
  );
}
