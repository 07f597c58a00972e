/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The Janus protocol over its WebSocket, as far as the tests need it */
import WebSocket from "ws";

const PLUGIN = "janus.plugin.bifrons";

export class Janus {
  #ws;
  #waiting = new Map();
  #handles = new Map();
  #next = 0;
  #alive;
  session = 0;
  closed = false;

  static async open(url) {
    const janus = new Janus();
    await janus.#connect(url);
    const reply = await janus.request({ janus: "create" });
    janus.session = reply.data.id;
    janus.#alive = setInterval(
      () => janus.request({ janus: "keepalive" }).catch(() => undefined),
      20_000,
    );
    return janus;
  }

  #connect(url) {
    return new Promise((resolve, reject) => {
      this.#ws = new WebSocket(url, "janus-protocol");
      this.#ws.on("open", resolve);
      this.#ws.on("error", reject);
      this.#ws.on("close", () => {
        this.closed = true;
        clearInterval(this.#alive);
        for (const { reject: no } of this.#waiting.values())
          no(new Error("the WebSocket closed"));
        this.#waiting.clear();
      });
      this.#ws.on("message", (data) => this.#receive(JSON.parse(data)));
    });
  }

  #receive(message) {
    const waiting = this.#waiting.get(message.transaction);
    if (waiting && message.janus !== "event") {
      this.#waiting.delete(message.transaction);
      if (message.janus === "error")
        waiting.reject(new Error(JSON.stringify(message.error)));
      else waiting.resolve(message);
      return;
    }
    this.#handles.get(message.sender)?.receive(message);
  }

  /** Send, and wait for the core's answer */
  request(message) {
    const transaction = `t${++this.#next}`;
    return new Promise((resolve, reject) => {
      if (this.closed) return reject(new Error("the WebSocket closed"));
      this.#waiting.set(transaction, { resolve, reject });
      this.#ws.send(
        JSON.stringify({
          ...message,
          transaction,
          ...(this.session && { session_id: this.session }),
        }),
      );
    });
  }

  async attach(plugin = PLUGIN) {
    const reply = await this.request({ janus: "attach", plugin });
    const handle = new Handle(this, reply.data.id);
    this.#handles.set(handle.id, handle);
    return handle;
  }

  /** The clean end */
  async destroy() {
    await this.request({ janus: "destroy" });
    this.#ws.close();
  }

  /** As when the network is cut: no close frame */
  cut() {
    this.#ws.terminate();
  }

  close() {
    clearInterval(this.#alive);
    this.#ws.close();
  }
}

export class Handle {
  events = [];
  #wakes = new Set();
  /** Told of trickled candidates, and of the core's own events */
  onCandidate = () => undefined;
  up = false;
  gone = false;

  constructor(janus, id) {
    this.janus = janus;
    this.id = id;
  }

  receive(message) {
    if (message.janus === "event")
      this.events.push({ ...message.plugindata.data, jsep: message.jsep });
    else if (message.janus === "trickle") this.onCandidate(message.candidate);
    else if (message.janus === "webrtcup") this.up = true;
    else if (message.janus === "hangup") this.up = false;
    else if (message.janus === "detached") this.gone = true;
    for (const wake of this.#wakes) wake();
  }

  send(body, jsep) {
    return this.janus.request({
      janus: "message",
      handle_id: this.id,
      body,
      ...(jsep && { jsep }),
    });
  }

  trickle(candidate) {
    return this.janus.request({ janus: "trickle", handle_id: this.id, candidate });
  }

  detach() {
    return this.janus.request({ janus: "detach", handle_id: this.id });
  }

  /** Until a condition holds. @throws after `ms` */
  until(what, holds, ms = 15_000) {
    return new Promise((resolve, reject) => {
      const check = () => {
        const value = holds();
        if (!value) return;
        clearTimeout(timer);
        this.#wakes.delete(check);
        resolve(value);
      };
      const timer = setTimeout(() => {
        this.#wakes.delete(check);
        reject(
          new Error(
            `no ${what} within ${ms} ms; there were ` +
              JSON.stringify(this.events.map((e) => e.event ?? e.code)),
          ),
        );
      }, ms);
      this.#wakes.add(check);
      check();
    });
  }

  /** The first event of this name, or error of this code, taken out */
  event(name, ms = 15_000) {
    return this.until(
      name,
      () => {
        const at = this.events.findIndex((e) => (e.event ?? e.code) === name);
        return at < 0 ? undefined : this.events.splice(at, 1)[0];
      },
      ms,
    );
  }
}
