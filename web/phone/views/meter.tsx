/* SPDX-License-Identifier: GPL-3.0-or-later */
import { useEffect, useRef } from "preact/hooks";

import { watchLevel } from "../level.js";

/** How loud a track is. Ten times a second, so past the renderer: what moves
 * is set on the element itself. */
export function Meter({ track, label }: { track: MediaStreamTrack | undefined; label: string }) {
  const bar = useRef<HTMLSpanElement>(null);
  const meter = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!track) return undefined;
    return watchLevel(track, (level) => {
      const percent = Math.round(level * 100);
      bar.current?.style.setProperty("--level", String(level));
      meter.current?.setAttribute("aria-valuenow", String(percent));
    });
  }, [track]);
  return (
    <div
      ref={meter}
      class="meter"
      role="meter"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={0}
    >
      <span ref={bar} />
    </div>
  );
}
