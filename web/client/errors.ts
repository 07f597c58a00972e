/* SPDX-License-Identifier: GPL-3.0-or-later */

/** What the client itself finds; the server's codes come as they are. */
export type LocalCode =
  | "aborted"
  | "camera_busy"
  | "camera_denied"
  | "camera_lost"
  | "camera_missing"
  | "insecure_page"
  | "lost"
  | "mic_busy"
  | "mic_denied"
  | "mic_lost"
  | "mic_missing"
  | "protocol"
  | "timeout"
  | "unauthorized"
  | "unreachable"
  | "unsupported"
  | "wrong_state";

export type ErrorCode = LocalCode | (string & Record<never, never>);

const sentences: Record<string, string> = {
  account_suspended: "The account is suspended.",
  aborted: "The call was given up.",
  bad_request: "The platform did not accept the request.",
  camera_busy: "The camera is used by another program.",
  camera_denied:
    "The browser may not use the camera. Allow it in the address bar's permissions.",
  camera_lost: "The camera was disconnected.",
  camera_missing: "No camera was found.",
  call_taken: "Somebody else has answered, or the caller has hung up.",
  call_limit: "Too many calls at the moment. Try again in a while.",
  destination_not_allowed: "This destination may not be called.",
  extension_not_found: "There is no such extension.",
  insecure_page:
    "The browser gives no microphone to a page without HTTPS. Open it by https, or on this machine by 127.0.0.1.",
  invalid_destination: "This is not a number or address that can be called.",
  lost: "The connection to the platform was lost.",
  mic_busy: "The microphone is used by another program.",
  mic_denied:
    "The browser may not use the microphone. Allow it in the address bar's permissions, then call again.",
  mic_lost: "The microphone was disconnected.",
  mic_missing: "No microphone was found. Connect one, then call again.",
  no_route: "The number is unknown: nothing here answers it.",
  no_such_call: "The call is over.",
  number_not_found: "The number is unknown: nothing here answers it.",
  protocol: "The platform answered in an unexpected way.",
  offer_unusable: "The platform can use none of this browser's codecs.",
  shutting_down: "The platform is stopping. Try again in a while.",
  source_not_allowed: "This device may not call with its caller id.",
  timeout: "The platform did not answer in time.",
  token_expired: "The token has expired. Ask for a new one.",
  too_many_devices: "Too many devices are signed in as this extension.",
  unavailable: "The platform takes no calls at the moment. Try again in a while.",
  unauthorized: "The token is not valid, or it has expired. Ask for a new one.",
  unreachable: "The platform cannot be reached. Is it running, is the network up?",
  unsupported: "This browser cannot make calls (it has no WebRTC).",
  wrong_state: "The call is in no state for that.",
};

/** An error with a stable code; message is a sentence for people. */
export class BifronsError extends Error {
  override readonly name = "BifronsError";

  constructor(
    readonly code: ErrorCode,
    /** What the server or the browser said besides. */
    readonly detail = "",
  ) {
    super(sentences[code] ?? (detail || `It did not work (${code}).`));
  }
}

/** Whatever was thrown, as a BifronsError. */
export function asError(thrown: unknown, code: ErrorCode = "protocol"): BifronsError {
  if (thrown instanceof BifronsError) return thrown;
  const detail = thrown instanceof Error ? thrown.message : String(thrown ?? "");
  return new BifronsError(code, detail);
}

/** What getUserMedia threw, for one kind of device. */
export function deviceError(thrown: unknown, kind: "mic" | "camera"): BifronsError {
  const name = thrown instanceof DOMException ? thrown.name : "";
  const detail = thrown instanceof Error ? thrown.message : String(thrown);
  switch (name) {
    case "NotAllowedError":
    case "SecurityError":
      return new BifronsError(`${kind}_denied`, detail);
    case "NotFoundError":
    case "OverconstrainedError":
      return new BifronsError(`${kind}_missing`, detail);
    default:
      return new BifronsError(`${kind}_busy`, detail);
  }
}

export interface Hangup {
  /** normal, busy, noanswer, rejected, canceled, timeout, failed, lost */
  reason: string;
  /** Where the platform decided: no_route, max_duration, … */
  code: string;
  sipCode: number;
  by: string;
}

const endings: Record<string, string> = {
  busy: "Busy.",
  canceled: "The call was given up.",
  failed: "The call failed.",
  lost: "The connection was lost.",
  noanswer: "No answer.",
  normal: "The call has ended.",
  rejected: "The call was declined.",
  timeout: "No answer in time.",
};

const causes: Record<string, string> = {
  flow_loop: "The flow went round in circles and was stopped.",
  limit: "Too many calls at the moment.",
  max_duration: "The call reached its longest allowed time.",
  media_timeout: "No sound arrived for too long.",
  answered_elsewhere: "Answered on another device.",
  node_lost: "The platform restarted.",
  not_answered: "Nothing answered the call.",
  trunk_down: "The line to the telephone network is down.",
};

/** Why a call ended, in words. */
export function hangupText(hangup: Hangup): string {
  const cause = causes[hangup.code] ?? sentences[hangup.code];
  if (cause) return cause;
  const ending = endings[hangup.reason] ?? "The call has ended.";
  return hangup.reason === "failed" && hangup.sipCode
    ? `${ending} (SIP ${hangup.sipCode})`
    : ending;
}
