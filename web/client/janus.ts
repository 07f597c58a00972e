/* SPDX-License-Identifier: GPL-3.0-or-later */
import Janus, { type JanusJS } from "janus-gateway";
import adapter from "webrtc-adapter";

import { BifronsError, asError } from "./errors.js";
import type { Handle, HandleEvents, Jsep, OpenSession, Session } from "./gateway.js";

const PLUGIN = "janus.plugin.bifrons";
const ANSWER_MS = 8000;

/** A promise that is rejected with `timeout` when nothing settles it. */
function within<T>(
  start: (resolve: (value: T) => void, reject: (error: BifronsError) => void) => void,
  code = "timeout",
): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new BifronsError(code)), ANSWER_MS);
    const settle = <V>(how: (value: V) => void) => (value: V) => {
      clearTimeout(timer);
      how(value);
    };
    start(settle(resolve), settle(reject));
  });
}

function asJsep(jsep: JanusJS.JSEP | undefined): Jsep | undefined {
  if ((jsep?.type !== "offer" && jsep?.type !== "answer") || !jsep.sdp) return undefined;
  return { type: jsep.type, sdp: jsep.sdp };
}

function wrap(inner: JanusJS.PluginHandle): Handle {
  return {
    get peer() {
      return inner.webrtcStuff?.pc ?? undefined;
    },
    send: (message, jsep) =>
      within((resolve, reject) =>
        inner.send({
          message: message as JanusJS.PluginMessage["message"],
          ...(jsep && { jsep }),
          success: () => resolve(undefined),
          error: (why) => reject(new BifronsError("lost", why)),
        }),
      ),
    offer: (tracks) =>
      within((resolve, reject) =>
        inner.createOffer({
          tracks: tracks.map((track) => ({
            type: track.kind === "video" ? ("video" as const) : ("audio" as const),
            capture: track,
            recv: true,
          })),
          success: (jsep) => {
            const offer = asJsep(jsep);
            if (offer) resolve(offer);
            else reject(new BifronsError("protocol", "no offer was made"));
          },
          error: (why) => reject(asError(why, "unsupported")),
        }),
      ),
    accept: (answer) =>
      within((resolve, reject) =>
        inner.handleRemoteJsep({
          jsep: answer,
          success: () => resolve(undefined),
          error: (why) => reject(asError(why)),
        }),
      ),
    detach: () => {
      if (!inner.detached) inner.detach();
    },
  };
}

function attach(janus: Janus, events: HandleEvents): Promise<Handle> {
  return within((resolve, reject) =>
    janus.attach({
      plugin: PLUGIN,
      success: (inner) => resolve(wrap(inner)),
      error: (why) => reject(new BifronsError("lost", why)),
      onmessage: (message, jsep) => events.message(message, asJsep(jsep)),
      onremotetrack: (track, _mid, on) => events.track(track, on),
      webrtcState: (on) => events.up(on),
      mediaState: (kind, receiving) => events.media(kind, receiving),
      ondetached: () => events.gone(),
    }),
  );
}

function sessionOf(janus: Janus): Session {
  return {
    attach: (events) => attach(janus, events),
    claim: () =>
      within(
        (resolve, reject) =>
          janus.reconnect({
            success: () => resolve(undefined),
            /* the library has no codes: the socket's failure or Janus's No */
            error: (why) =>
              reject(
                new BifronsError(/websockets? server/i.test(why) ? "unreachable" : "lost", why),
              ),
          }),
        "unreachable",
      ),
    close: () => janus.destroy({ cleanupHandles: true, notifyDestroyed: false }),
  };
}

/** A session with Janus over its WebSocket. */
export const openJanus: OpenSession = async ({ url, iceServers, lost }) => {
  await new Promise<void>((resolve) =>
    Janus.init({
      debug: false,
      dependencies: Janus.useDefaultDependencies({ adapter }),
      callback: () => resolve(),
    }),
  );
  if (!Janus.isWebrtcSupported()) throw new BifronsError("unsupported");

  let opened = false;
  return within<Session>((resolve, reject) => {
    const janus: Janus = new Janus({
      server: url,
      /* left out, the library would ask a public STUN server */
      iceServers,
      /* the client says goodbye itself, see client.ts */
      destroyOnUnload: false,
      keepAlivePeriod: 20000,
      success: () => {
        opened = true;
        resolve(sessionOf(janus));
      },
      error: (why: unknown) => {
        if (opened) lost();
        else reject(new BifronsError("unreachable", String(why)));
      },
    });
  }, "unreachable");
};
