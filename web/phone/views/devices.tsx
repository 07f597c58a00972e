/* SPDX-License-Identifier: GPL-3.0-or-later */
import { useEffect } from "preact/hooks";
import type { RefObject } from "preact";

import type { Phone } from "../store.js";

function Choice({
  id,
  label,
  chosen,
  devices,
  choose,
}: {
  id: string;
  label: string;
  chosen: string;
  devices: MediaDeviceInfo[];
  choose: (id: string) => void;
}) {
  return (
    <>
      <label for={id}>{label}</label>
      <select id={id} value={chosen} onChange={(event) => choose(event.currentTarget.value)}>
        <option value="">The system's choice</option>
        {devices.map((device, index) => (
          <option key={device.deviceId} value={device.deviceId}>
            {device.label || `${label} ${index + 1}`}
          </option>
        ))}
      </select>
    </>
  );
}

const canChooseSpeaker = "setSinkId" in HTMLMediaElement.prototype;

export function DevicesDialog({
  phone,
  dialog,
}: {
  phone: Phone;
  dialog: RefObject<HTMLDialogElement>;
}) {
  useEffect(() => {
    const changed = () => void phone.refreshDevices();
    navigator.mediaDevices?.addEventListener("devicechange", changed);
    return () => navigator.mediaDevices?.removeEventListener("devicechange", changed);
  }, [phone]);
  const devices = phone.devices.value;
  const unknown = devices.microphones.length + devices.cameras.length === 0;
  return (
    <dialog ref={dialog} aria-labelledby="devices-title">
      <form method="dialog">
        <h2 id="devices-title">Devices and sound</h2>
        <Choice
          id="microphone"
          label="Microphone"
          chosen={devices.microphoneId}
          devices={devices.microphones}
          choose={(id) => void phone.choose("microphone", id)}
        />
        {canChooseSpeaker && (
          <Choice
            id="speaker"
            label="Speaker"
            chosen={devices.speakerId}
            devices={devices.speakers}
            choose={(id) => void phone.choose("speaker", id)}
          />
        )}
        <Choice
          id="camera"
          label="Camera"
          chosen={devices.cameraId}
          devices={devices.cameras}
          choose={(id) => void phone.choose("camera", id)}
        />
        <label class="check">
          <input
            type="checkbox"
            checked={phone.ringSound.value}
            onChange={(event) => (phone.ringSound.value = event.currentTarget.checked)}
          />
          Ring when a call comes in
        </label>
        {unknown && (
          <p class="help">The browser names the devices once one was allowed: make a call.</p>
        )}
        <button class="primary" type="submit">
          Done
        </button>
      </form>
    </dialog>
  );
}
