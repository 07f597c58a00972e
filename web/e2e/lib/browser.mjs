/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A headless Chromium of its own, with a tone for a microphone and Chromium's
 * test picture (a green ground with a moving disc) for a camera. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readFileSync } from "node:fs";
import { chromium } from "playwright-core";

const axeSource = readFileSync(
  createRequire(import.meta.url).resolve("axe-core/axe.min.js"),
  "utf8",
);

export const MIC_HZ = 1000;

/** 16-bit mono WAV of a tone at -9 dBFS. */
function toneWav(hz, seconds, rate = 48000) {
  const samples = rate * seconds;
  const wav = Buffer.alloc(44 + samples * 2);
  wav.write("RIFF", 0);
  wav.writeUInt32LE(36 + samples * 2, 4);
  wav.write("WAVEfmt ", 8);
  wav.writeUInt32LE(16, 16);
  wav.writeUInt16LE(1, 20);
  wav.writeUInt16LE(1, 22);
  wav.writeUInt32LE(rate, 24);
  wav.writeUInt32LE(rate * 2, 28);
  wav.writeUInt16LE(2, 32);
  wav.writeUInt16LE(16, 34);
  wav.write("data", 36);
  wav.writeUInt32LE(samples * 2, 40);
  for (let i = 0; i < samples; ++i)
    wav.writeInt16LE(Math.round(11600 * Math.sin((2 * Math.PI * hz * i) / rate)), 44 + i * 2);
  return wav;
}

/** @param options  allow: false = the microphone is refused */
export async function openBrowser({ allow = true, width = 900, height = 900, dark = false } = {}) {
  const dir = mkdtempSync(join(tmpdir(), "bifrons-browser-"));
  const wav = join(dir, "mic.wav");
  writeFileSync(wav, toneWav(MIC_HZ, 10));
  const context = await chromium.launchPersistentContext(join(dir, "profile"), {
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    headless: true,
    viewport: { width, height },
    colorScheme: dark ? "dark" : "light",
    args: [
      "--no-sandbox",
      "--disable-gpu",
      ...(allow ? ["--use-fake-ui-for-media-stream"] : ["--deny-permission-prompts"]),
      "--use-fake-device-for-media-stream",
      `--use-file-for-fake-audio-capture=${wav}`,
      "--allow-loopback-in-peer-connection",
      "--disable-features=WebRtcHideLocalIpsWithMdns",
      "--autoplay-policy=no-user-gesture-required",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      "--disable-quic",
    ],
  });
  const complaints = [];
  context.on("console", (message) => {
    if (message.type() === "error") complaints.push(message.text());
  });
  context.on("weberror", (error) => complaints.push(String(error.error())));
  return {
    context,
    /** What pages wrote as errors: CSP violations are among them. */
    complaints,
    async close() {
      await context.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** axe-core's findings in the page as it is now, as lines of text. */
export async function axe(page) {
  await page.evaluate(axeSource);
  const { violations } = await page.evaluate(() =>
    globalThis.axe.run(document, {
      runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    }),
  );
  return violations.map(
    (v) => `${v.id}: ${v.help}: ${v.nodes.map((node) => node.target.join(" ")).join(", ")}`,
  );
}

/** The loudest frequency of what the page plays, over `ms`: {hz, db}. */
export function heard(page, ms = 600) {
  return page.evaluate(async (time) => {
    const stream = document.querySelector("audio")?.srcObject;
    if (!stream) return { hz: 0, db: -200 };
    const context = new AudioContext();
    const analyser = context.createAnalyser();
    analyser.fftSize = 8192;
    analyser.smoothingTimeConstant = 0;
    context.createMediaStreamSource(stream).connect(analyser);
    await new Promise((resolve) => setTimeout(resolve, time));
    const bins = new Float32Array(analyser.frequencyBinCount);
    analyser.getFloatFrequencyData(bins);
    let best = 1;
    for (let i = 1; i < bins.length; ++i) if (bins[i] > bins[best]) best = i;
    const hz = (best * context.sampleRate) / analyser.fftSize;
    await context.close();
    return { hz, db: bins[best] };
  }, ms);
}

/** The received picture: frames decoded so far and its mean colour. */
export function seen(page) {
  return page.evaluate(() => {
    const video = document.querySelector("video.remote");
    if (!video || !video.videoWidth) return { frames: 0, width: 0, rgb: [0, 0, 0] };
    const canvas = document.createElement("canvas");
    canvas.width = 32;
    canvas.height = 24;
    const context = canvas.getContext("2d");
    context.drawImage(video, 0, 0, 32, 24);
    const { data } = context.getImageData(0, 0, 32, 24);
    const rgb = [0, 1, 2].map((c) => {
      let sum = 0;
      for (let i = c; i < data.length; i += 4) sum += data[i];
      return Math.round((sum * 4) / data.length);
    });
    return {
      frames: video.getVideoPlaybackQuality().totalVideoFrames,
      width: video.videoWidth,
      rgb,
    };
  });
}
