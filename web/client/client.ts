/* SPDX-License-Identifier: GPL-3.0-or-later */
import { Call, type CallOptions } from "./call.js";
import { fetchConfig, type WebrtcConfig } from "./config.js";
import { Emitter } from "./emitter.js";
import { BifronsError, asError } from "./errors.js";
import type { Handle, OpenSession, Session } from "./gateway.js";
import { callerText, incomingCall, ringEnd, type IncomingCall, type RingEnd } from "./incoming.js";
import { openMicrophone } from "./media.js";
import { pluginMessage, text, type PluginMessage, type Wire } from "./wire.js";

export interface Registered {
  extension: string;
  domain: string;
}

export interface ClientEvents {
  registered: Registered;
  /** The connection broke; it is being repaired. Calls may go on. */
  lost: undefined;
  /** The connection is back. */
  back: undefined;
  /** It will not come back by itself: the token is no longer good. */
  failed: BifronsError;
  /** A call rings: accept() it, or decline() it. */
  incoming_call: IncomingCall;
  /** It rings no more, whatever the reason. */
  incoming_call_ended: { callId: string; reason: RingEnd };
  /** Any other message on the device handle. */
  message: { name: string; body: Wire };
}

export interface ClientOptions {
  /** A device token: POST /v1/extensions/{id}/device-token */
  token: string;
  /** Where the REST API is; the page's own place when left out. */
  base?: string | URL;
  /** Instead of asking GET /v1/webrtc/config */
  config?: WebrtcConfig;
  /** Tests put a Janus of their own here. */
  open?: OpenSession;
}

export interface DialOptions extends Omit<CallOptions, "microphone"> {
  microphone?: MediaStreamTrack;
  microphoneId?: string;
}

/** The caller's variables and headers are not ours to set. */
export type AcceptOptions = Omit<DialOptions, "headers" | "variables">;

const REGISTER_MS = 8000;
/* Janus keeps a session that lost its connection for a while
 * (reclaim_session_timeout: ./run says 1 s, others up to this), then denies it:
 * so the first attempts come quickly */
const CLAIM_MS = 20_000;
const RETRY_MS = [100, 300, 400, 500, 500, 1000, 2000, 4000, 8000, 15_000];

/* trying again with this token is no use */
const isFinal = (code: string) =>
  ["unauthorized", "token_expired", "account_suspended"].includes(code);

/* somebody else was quicker, or the caller gave up */
const isTooLate = (code: string) => ["call_taken", "no_such_call"].includes(code);

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** A device of an extension: registered with the platform, makes and takes
 * calls. */
export class Client extends Emitter<ClientEvents> {
  readonly calls = new Set<Call>();
  /** What rings now, by the call's id. */
  readonly incoming = new Map<string, IncomingCall>();
  #session: Session | undefined;
  #device: Handle | undefined;
  #ticket = "";
  #ticketUntil = 0;
  #registering: ((message: PluginMessage) => void) | undefined;
  #repairing: Promise<void> | undefined;
  #closed = false;
  readonly #goodbye = (): void => this.close();

  constructor(readonly options: ClientOptions) {
    super();
  }

  /** Connect and register. @throws BifronsError */
  async connect(): Promise<Registered> {
    const who = await this.#open();
    globalThis.addEventListener("pagehide", this.#goodbye);
    this.emit("registered", who);
    return who;
  }

  /** Call. Resolves when the platform has taken the call; the rest are events.
   * @throws BifronsError: no microphone, an unknown number, … */
  async call(destination: string, options: DialOptions = {}): Promise<Call> {
    return this.#make(destination, options);
  }

  /** Take a call that rings. Resolves when it is ours.
   * @throws BifronsError: no microphone; `call_taken`, `no_such_call`: it rings
   * no more */
  async accept(callId: string, options: AcceptOptions = {}): Promise<Call> {
    const rings = this.incoming.get(callId);
    if (!rings) throw new BifronsError("no_such_call");
    try {
      const call = await this.#make(callerText(rings), options, callId);
      this.#silence(callId, "answered");
      return call;
    } catch (error) {
      if (isTooLate(asError(error).code)) this.#silence(callId, "canceled");
      throw error;
    }
  }

  /** Refuse a call that rings: here it is silent at once. */
  async decline(callId: string): Promise<void> {
    if (!this.incoming.has(callId)) return;
    this.#silence(callId, "declined");
    await this.#device?.send({ request: "decline", call_id: callId });
  }

  async #make(destination: string, options: DialOptions, accepts = ""): Promise<Call> {
    const microphone = options.microphone ?? (await openMicrophone(options.microphoneId, options.signal));
    const call = new Call(destination, { ...options, microphone }, accepts);
    const abort = (): void => void call.hangup();
    options.signal?.addEventListener("abort", abort);
    this.calls.add(call);
    void call.once("hangup").then(() => this.calls.delete(call));
    try {
      options.signal?.throwIfAborted();
      await this.#start(call);
      return call;
    } catch (error) {
      call.end("failed");
      if (options.signal?.aborted) throw new BifronsError("aborted");
      throw asError(error);
    } finally {
      options.signal?.removeEventListener("abort", abort);
    }
  }

  /** End every call and the session. Safe while the page goes away. */
  close(): void {
    this.#closed = true;
    globalThis.removeEventListener("pagehide", this.#goodbye);
    for (const call of [...this.calls]) {
      void call.hangup();
      call.end("normal");
    }
    this.#silenceAll();
    this.#session?.close();
    this.#session = undefined;
  }

  async #start(call: Call): Promise<void> {
    await this.#repairing;
    if (!this.#session) throw new BifronsError("unreachable");
    /* it may have run out while the machine slept */
    if (!this.#ticket || Date.now() > this.#ticketUntil) await this.#register();
    const handle = await this.#session.attach(call.events);
    try {
      await call.start(handle, this.#ticket);
    } catch (error) {
      handle.detach();
      if (asError(error).code === "unauthorized") this.#ticket = "";
      throw error;
    }
  }

  async #open(): Promise<Registered> {
    const { options } = this;
    const { wsUrl, iceServers } =
      options.config ?? (await fetchConfig(options.token, options.base));
    /* the library is half of all code: it comes when it is needed */
    const open = options.open ?? (await import("./janus.js")).openJanus;
    const session = await open({
      url: wsUrl,
      iceServers,
      lost: () => this.#lost(),
    });
    if (this.#closed) {
      session.close();
      throw new BifronsError("aborted");
    }
    this.#session = session;
    try {
      this.#device = await session.attach({
        message: (body) => this.#message(body),
        track: () => undefined,
        up: () => undefined,
        media: () => undefined,
        gone: () => this.#deviceGone(),
      });
      return await this.#register();
    } catch (error) {
      session.close();
      this.#session = undefined;
      throw error;
    }
  }

  async #register(): Promise<Registered> {
    const device = this.#device;
    if (!device) throw new BifronsError("lost", "the platform ended the registration");
    const answer = new Promise<PluginMessage>((resolve, reject) => {
      this.#registering = resolve;
      setTimeout(() => reject(new BifronsError("timeout")), REGISTER_MS);
    });
    answer.catch(() => undefined);
    await device.send({ request: "register", token: this.options.token });
    const message = await answer;
    if (message.kind === "error") throw new BifronsError(message.code, message.detail);
    this.#keepTicket(message.body);
    return {
      extension: text(message.body, "extension"),
      domain: text(message.body, "domain"),
    };
  }

  /* The platform sends a new one long before this one runs out. */
  #keepTicket(body: Wire): void {
    const expires = Date.parse(text(body, "expires_at"));
    this.#ticket = text(body, "ticket");
    this.#ticketUntil = Number.isNaN(expires) ? Infinity : expires;
  }

  #deviceGone(): void {
    this.#device = undefined;
    this.#ticket = "";
    this.#silenceAll();
  }

  #silence(callId: string, reason: RingEnd): void {
    if (this.incoming.delete(callId)) this.emit("incoming_call_ended", { callId, reason });
  }

  #silenceAll(): void {
    for (const callId of [...this.incoming.keys()]) this.#silence(callId, "lost");
  }

  #rings(body: Wire): void {
    const rings = incomingCall(body);
    if (!rings || this.incoming.has(rings.callId)) return;
    this.incoming.set(rings.callId, rings);
    this.emit("incoming_call", rings);
  }

  #message(value: unknown): void {
    const message = pluginMessage(value);
    if (!message) return;
    /* a decline that came too late */
    if (message.kind === "error" && isTooLate(message.code)) return;
    const registering = this.#registering;
    if (registering && (message.kind === "error" || message.name === "registered")) {
      this.#registering = undefined;
      registering(message);
    } else if (message.kind === "error") {
      if (isFinal(message.code)) this.#fail(new BifronsError(message.code, message.detail));
    } else if (message.name === "ticket") {
      this.#keepTicket(message.body);
    } else if (message.name === "incoming_call") {
      this.#rings(message.body);
    } else if (message.name === "incoming_call_ended") {
      this.#silence(text(message.body, "call_id"), ringEnd(message.body));
    } else if (message.name !== "declined") {
      this.emit("message", message);
    }
  }

  #lost(): void {
    if (this.#closed || this.#repairing) return;
    this.emit("lost", undefined);
    this.#repairing = this.#repair().finally(() => (this.#repairing = undefined));
  }

  /* The session is claimed on a new connection as long as Janus keeps it:
   * calls go on. After that everything is made anew. */
  async #repair(): Promise<void> {
    const begin = Date.now();
    let attempt = 0;
    while (!this.#closed) {
      await sleep(RETRY_MS[Math.min(attempt++, RETRY_MS.length - 1)] ?? 1000);
      try {
        if (this.#session && Date.now() - begin < CLAIM_MS) await this.#session.claim();
        else this.emit("registered", await this.#open());
        this.emit("back", undefined);
        return;
      } catch (error) {
        const { code } = asError(error);
        if (isFinal(code)) {
          this.#fail(asError(error));
          return;
        }
        if (code === "lost" || Date.now() - begin >= CLAIM_MS) this.#forget();
      }
    }
  }

  /* Janus knows the session no more, so its calls are over. */
  #forget(): void {
    this.#session = undefined;
    this.#deviceGone();
    for (const call of [...this.calls]) call.end("lost");
  }

  #fail(error: BifronsError): void {
    this.#deviceGone();
    this.emit("failed", error);
  }
}
