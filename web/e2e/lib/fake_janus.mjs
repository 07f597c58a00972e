/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A Janus with our plugin as the page sees it: the pages over HTTP, Janus's
 * WebSocket protocol, the plugin's messages. Media come from a real peer
 * connection, in a page of the same browser. */
import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { dirname, extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { WebSocketServer } from "ws";

const dist = join(dirname(fileURLToPath(import.meta.url)), "../../dist");
const types = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml" };

export const TOKEN = "bfd_0123456789abcdef";
export const TONE_HZ = 440;
const TICKET = "bft_0123456789abcdef";

/** Runs in the browser: answers offers. Digit 1 turns the tone into echo. */
function peerPage(toneHz) {
  const context = new AudioContext();
  const peers = new Map();
  window.answer = async (handle, offer) => {
    const pc = new RTCPeerConnection();
    await pc.setRemoteDescription({ type: "offer", sdp: offer });
    const oscillator = new OscillatorNode(context, { frequency: toneHz });
    const out = new MediaStreamAudioDestinationNode(context);
    oscillator.connect(new GainNode(context, { gain: 0.3 })).connect(out);
    oscillator.start();
    for (const transceiver of pc.getTransceivers()) {
      transceiver.direction = "sendrecv";
      if (transceiver.receiver.track.kind === "audio")
        await transceiver.sender.replaceTrack(out.stream.getAudioTracks()[0]);
    }
    peers.set(handle, { pc, out, oscillator });
    await pc.setLocalDescription();
    while (pc.iceGatheringState !== "complete")
      await new Promise((resolve) => setTimeout(resolve, 20));
    return pc.localDescription.sdp;
  };
  window.candidate = (handle, candidate) => peers.get(handle)?.pc.addIceCandidate(candidate);
  window.echo = async (handle) => {
    const { pc, out, oscillator } = peers.get(handle);
    oscillator.stop();
    for (const { sender, receiver } of pc.getTransceivers()) {
      if (receiver.track.kind === "video") {
        await sender.replaceTrack(receiver.track);
        continue;
      }
      /* Chromium decodes a remote track only for an element */
      const stream = new MediaStream([receiver.track]);
      const element = new Audio();
      element.srcObject = stream;
      element.muted = true;
      await element.play();
      context.createMediaStreamSource(stream).connect(out);
    }
  };
  window.end = (handle) => {
    peers.get(handle)?.pc.close();
    peers.delete(handle);
  };
}

export class FakeJanus {
  /** What the browser sent, plugin messages only. */
  requests = [];
  sockets = new Set();
  /** handle → {socket, session, callId}: live handles */
  handles = new Map();
  /** token_expired, …: what register answers instead */
  refuse = "";
  /** Settled: new connections are taken. */
  #line = Promise.resolve();
  #next = 1000;
  #http;
  #wss;
  #peer;

  async start(context) {
    this.#http = createServer((request, reply) => void this.#serve(request, reply));
    await new Promise((resolve) => this.#http.listen(0, "127.0.0.1", resolve));
    this.url = `http://127.0.0.1:${this.#http.address().port}`;
    this.#listen();
    this.#peer = await context.newPage();
    await this.#peer.goto(`${this.url}/peer`);
    await this.#peer.evaluate(`(${peerPage})(${TONE_HZ})`);
    return this;
  }

  #listen() {
    this.#wss = new WebSocketServer({
      server: this.#http,
      handleProtocols: () => "janus-protocol",
      verifyClient: (_, taken) => void this.#line.then(() => taken(true)),
    });
    this.#wss.on("connection", (socket) => {
      this.sockets.add(socket);
      socket.on("close", () => this.sockets.delete(socket));
      socket.on("message", (data) => void this.#janus(socket, JSON.parse(String(data))));
    });
  }

  /** Cut every connection, as a lost network does. -> what lets new ones in */
  cut() {
    let restore;
    this.#line = new Promise((resolve) => (restore = resolve));
    for (const socket of this.sockets) socket.terminate();
    return restore;
  }

  /* messages of pages that go come until the browser has gone */
  async #inPeer(run, argument) {
    if (this.#peer.isClosed()) return undefined;
    return this.#peer.evaluate(run, argument).catch((error) => {
      if (!/closed/.test(String(error))) throw error;
    });
  }

  async stop() {
    this.cut();
    this.#wss.close();
    await new Promise((resolve) => this.#http.close(resolve));
  }

  async #serve(request, reply) {
    const path = new URL(request.url, this.url).pathname;
    const send = (status, type, body) => {
      reply.writeHead(status, {
        "Content-Type": type,
        "Content-Security-Policy": "default-src 'self'; connect-src 'self' ws: wss:",
        Connection: "close",
      });
      reply.end(body);
    };
    if (path === "/peer")
      return send(200, "text/html", "<!doctype html><title>peer</title><link rel=icon href=/none.svg>");
    if (path === "/none.svg")
      return send(200, types[".svg"], '<svg xmlns="http://www.w3.org/2000/svg"/>');
    if (path === "/v1/webrtc/config") {
      const known = request.headers.authorization === `Bearer ${TOKEN}`;
      return known
        ? send(
            200,
            "application/json",
            JSON.stringify({ ws_url: this.url.replace("http", "ws"), ice_servers: [] }),
          )
        : send(401, "application/problem+json", '{"code":"unauthorized"}');
    }
    const file = normalize(path === "/phone" ? "/phone.html" : path);
    try {
      return send(200, types[extname(file)] ?? "text/plain", await readFile(join(dist, file)));
    } catch {
      return send(404, "text/plain", "not found");
    }
  }

  async #janus(socket, message) {
    const { janus, transaction, session_id: session, handle_id: handle } = message;
    const send = (body) => socket.send(JSON.stringify({ session_id: session, transaction, ...body }));
    switch (janus) {
      case "create":
        return send({ janus: "success", data: { id: ++this.#next } });
      case "claim":
        for (const known of this.handles.values())
          if (known.session === session) known.socket = socket;
        return send({ janus: "success" });
      case "attach": {
        const id = ++this.#next;
        this.handles.set(id, { socket, session, callId: "" });
        return send({ janus: "success", data: { id } });
      }
      case "trickle":
        if (message.candidate && !message.candidate.completed)
          await this.#inPeer(([h, c]) => window.candidate(h, c), [handle, message.candidate]);
        return send({ janus: "ack" });
      case "message":
        send({ janus: "ack" });
        this.requests.push({ handle, ...message.body });
        return this.#plugin(handle, message.body, message.jsep);
      case "detach":
        this.handles.delete(handle);
        await this.#inPeer((h) => window.end(h), handle);
        return send({ janus: "success" });
      default:
        return send({ janus: "ack" });
    }
  }

  /** A message of the plugin on a handle. */
  event(handle, data, jsep) {
    const known = this.handles.get(handle);
    known?.socket.send(
      JSON.stringify({
        janus: "event",
        session_id: known.session,
        sender: handle,
        plugindata: { plugin: "janus.plugin.bifrons", data },
        ...(jsep && { jsep }),
      }),
    );
  }

  say(handle, name, rest = {}, jsep = undefined) {
    this.event(handle, { bifrons: "event", event: name, ...rest }, jsep);
  }

  async #plugin(handle, body, jsep) {
    const error = (code) => this.event(handle, { bifrons: "error", code, detail: code });
    if (body.request === "register") {
      if (this.refuse || body.token !== TOKEN) return error(this.refuse || "unauthorized");
      return this.say(handle, "registered", {
        extension: "1001",
        domain: "demo.test",
        ticket: TICKET,
        expires_at: new Date(Date.now() + 3_600_000).toISOString(),
        calls: [],
      });
    }
    if (body.request === "call") return this.#call(handle, body, jsep, error);
    if (body.request === "accept") return this.#accept(handle, body, jsep, error);
    if (body.request === "decline")
      return this.say(handle, "declined", { call_id: body.call_id });
    if (body.request === "dtmf" && body.digits === "1")
      return this.#inPeer((h) => window.echo(h), handle);
    if (body.request === "hold") return this.say(handle, "holding");
    if (body.request === "unhold") return this.say(handle, "resumed");
    if (body.request === "hangup")
      return this.say(handle, "hangup", { by: "local", reason: "normal", sip_code: null });
    return undefined;
  }

  /** A call rings at the device. */
  ring(callId, source, video = false) {
    const [device] = this.handles.keys();
    this.say(device, "incoming_call", {
      call_id: callId,
      call: { id: callId, source },
      video,
      queue: null,
      auto_answer: false,
    });
  }

  async #accept(handle, body, jsep, error) {
    if (body.ticket !== TICKET) return error("unauthorized");
    if (body.call_id === "taken") return error("call_taken");
    this.handles.get(handle).callId = body.call_id;
    const sdp = await this.#inPeer(([h, o]) => window.answer(h, o), [handle, jsep.sdp]);
    return this.say(handle, "accepted", { call_id: body.call_id }, { type: "answer", sdp });
  }

  async #call(handle, body, jsep, error) {
    if (body.ticket !== TICKET) return error("unauthorized");
    if (body.destination === "nobody") return error("no_route");
    this.handles.get(handle).callId = `call-${handle}`;
    this.say(handle, "calling", { call_id: `call-${handle}` });
    if (body.destination === "busy")
      return this.say(handle, "hangup", { by: "remote", reason: "busy", sip_code: 486 });
    this.say(handle, "ringing");
    if (body.destination === "slow") return undefined;
    const sdp = await this.#inPeer(([h, o]) => window.answer(h, o), [handle, jsep.sdp]);
    this.say(handle, "progress", {}, { type: "answer", sdp });
    return this.say(handle, "accepted");
  }
}
