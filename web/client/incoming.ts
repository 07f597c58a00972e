/* SPDX-License-Identifier: GPL-3.0-or-later */
import { isWire, text, type Wire } from "./wire.js";

/** A call that rings here. */
export interface IncomingCall {
  callId: string;
  /** Who calls: a number or an address, and a name where there is one. */
  from: { type: string; target: string; name: string };
  /** Can the caller send and take a picture? */
  video: boolean;
  /** X- headers that came along. */
  headers: Readonly<Record<string, string>>;
  /** The call as GET /v1/calls/{id} shows it: variables, number_id, … */
  call: Wire;
  autoAnswer: boolean;
}

/** Why a call rings no more. `lost`: the connection went. */
export type RingEnd =
  | "answered"
  | "answered_elsewhere"
  | "canceled"
  | "declined"
  | "lost";

const ends: readonly string[] = ["answered_elsewhere", "declined"];

/** What came as incoming_call; undefined: it names no call. */
export function incomingCall(body: Wire): IncomingCall | undefined {
  const callId = text(body, "call_id");
  if (!callId) return undefined;
  const call = isWire(body["call"]) ? body["call"] : {};
  const source = isWire(call["source"]) ? call["source"] : {};
  const headers = isWire(body["headers"]) ? body["headers"] : {};
  return {
    callId,
    from: {
      type: text(source, "type"),
      target: text(source, "target"),
      name: text(source, "name"),
    },
    video: body["video"] === true,
    headers: Object.fromEntries(
      Object.keys(headers).map((name) => [name, text(headers, name)]),
    ),
    call,
    autoAnswer: body["auto_answer"] === true,
  };
}

/** The reason in incoming_call_ended; one that is not known is `canceled`. */
export function ringEnd(body: Wire): RingEnd {
  const reason = text(body, "reason");
  return ends.includes(reason) ? (reason as RingEnd) : "canceled";
}

/** In words for people: a name, or a number, or neither. */
export function callerText(incoming: IncomingCall): string {
  return incoming.from.name || incoming.from.target || "Unknown caller";
}
