/* SPDX-License-Identifier: GPL-3.0-or-later */
import { BifronsError } from "./errors.js";
import { isWire, list, text } from "./wire.js";

export interface WebrtcConfig {
  wsUrl: string;
  iceServers: RTCIceServer[];
}

function iceServer(value: unknown): RTCIceServer[] {
  if (!isWire(value)) return [];
  const urls = value["urls"];
  const all = (Array.isArray(urls) ? urls : [urls]).filter(
    (url): url is string => typeof url === "string",
  );
  if (all.length === 0) return [];
  const username = text(value, "username");
  return [
    username
      ? { urls: all, username, credential: text(value, "credential") }
      : { urls: all },
  ];
}

/** GET /v1/webrtc/config: where Janus is, and which ICE servers to use.
 * @param base  where the REST API is; the page's own place when left out */
export async function fetchConfig(
  token: string,
  base: string | URL = document.baseURI,
): Promise<WebrtcConfig> {
  let reply: Response;
  let body: unknown;
  try {
    reply = await fetch(new URL("v1/webrtc/config", base), {
      headers: { Authorization: `Bearer ${token}` },
      signal: AbortSignal.timeout(8000),
    });
    body = await reply.json().catch(() => undefined);
  } catch (error) {
    throw new BifronsError("unreachable", String(error));
  }
  const problem = isWire(body) ? text(body, "code") : "";
  if (reply.status === 401 || reply.status === 403)
    throw new BifronsError(problem === "token_expired" ? problem : "unauthorized");
  if (!reply.ok) throw new BifronsError(problem || "protocol", `HTTP ${reply.status}`);
  if (!isWire(body) || !/^wss?:/.test(text(body, "ws_url")))
    throw new BifronsError("protocol", "no ws_url in /v1/webrtc/config");
  return {
    wsUrl: text(body, "ws_url"),
    iceServers: list(body, "ice_servers").flatMap(iceServer),
  };
}
