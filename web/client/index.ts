/* SPDX-License-Identifier: GPL-3.0-or-later */
export { Call, type CallEvents, type CallOptions, type CallState } from "./call.js";
export {
  Client,
  type AcceptOptions,
  type ClientEvents,
  type ClientOptions,
  type DialOptions,
  type Registered,
} from "./client.js";
export { fetchConfig, type WebrtcConfig } from "./config.js";
export { BifronsError, hangupText, type ErrorCode, type Hangup } from "./errors.js";
export { listDevices, openCamera, openMicrophone, type DeviceList } from "./media.js";
export { callerText, type IncomingCall, type RingEnd } from "./incoming.js";
