/* SPDX-License-Identifier: GPL-3.0-or-later */
import { BifronsError, deviceError } from "./errors.js";

function devices(): MediaDevices {
  /* there is none in a page without HTTPS that is not from this machine */
  if (!navigator.mediaDevices) throw new BifronsError("insecure_page");
  return navigator.mediaDevices;
}

function chosen(deviceId: string | undefined): MediaTrackConstraints {
  return deviceId ? { deviceId: { exact: deviceId } } : {};
}

/* The browser may ask its user, for as long as it likes. What it gives after we
 * gave up is stopped. */
function orAborted(asked: Promise<MediaStream>, signal: AbortSignal): Promise<MediaStream> {
  return new Promise((resolve, reject) => {
    const give = (): void => {
      reject(new BifronsError("aborted"));
      asked.then(
        (stream) => stream.getTracks().forEach((track) => track.stop()),
        () => undefined,
      );
    };
    if (signal.aborted) return give();
    signal.addEventListener("abort", give);
    asked
      .then(resolve, reject)
      .finally(() => signal.removeEventListener("abort", give));
  });
}

async function open(
  constraints: MediaStreamConstraints,
  kind: "mic" | "camera",
  signal: AbortSignal | undefined,
): Promise<MediaStreamTrack> {
  const source = devices();
  try {
    const asked = source.getUserMedia(constraints);
    const stream = await (signal ? orAborted(asked, signal) : asked);
    const track = stream.getTracks()[0];
    if (track) return track;
  } catch (error) {
    throw error instanceof BifronsError ? error : deviceError(error, kind);
  }
  throw new BifronsError(`${kind}_missing`);
}

/** The microphone, with the browser's echo cancellation. The caller stops it. */
export function openMicrophone(
  deviceId?: string,
  signal?: AbortSignal,
): Promise<MediaStreamTrack> {
  const audio = {
    ...chosen(deviceId),
    echoCancellation: true,
    noiseSuppression: true,
    autoGainControl: true,
  };
  return open({ audio }, "mic", signal);
}

/** The camera, about VGA. The caller stops it. */
export function openCamera(
  deviceId?: string,
  signal?: AbortSignal,
): Promise<MediaStreamTrack> {
  const video = {
    ...chosen(deviceId),
    width: { ideal: 640 },
    height: { ideal: 480 },
    frameRate: { ideal: 24, max: 30 },
  };
  return open({ video }, "camera", signal);
}

/** A video track that shows nothing: it keeps the place of a camera that is
 * off, so that switching it on needs no new negotiation. */
export function blankVideo(): MediaStreamTrack | undefined {
  const canvas = document.createElement("canvas");
  canvas.width = 16;
  canvas.height = 16;
  if (typeof canvas.captureStream !== "function") return undefined;
  canvas.getContext("2d");
  return canvas.captureStream(0).getVideoTracks()[0];
}

export interface DeviceList {
  microphones: MediaDeviceInfo[];
  speakers: MediaDeviceInfo[];
  cameras: MediaDeviceInfo[];
}

/** What can be chosen from; names are there once a device was allowed. */
export async function listDevices(): Promise<DeviceList> {
  const all = await devices().enumerateDevices();
  const of = (kind: MediaDeviceKind) => all.filter((d) => d.kind === kind && d.deviceId !== "");
  return {
    microphones: of("audioinput"),
    speakers: of("audiooutput"),
    cameras: of("videoinput"),
  };
}
