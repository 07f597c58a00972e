/* SPDX-License-Identifier: GPL-3.0-or-later */
import { useEffect, useRef } from "preact/hooks";

/** A video track on the page, without sound. */
export function Picture({
  track,
  label,
  ...rest
}: {
  track: MediaStreamTrack;
  label: string;
  class?: string;
}) {
  const video = useRef<HTMLVideoElement>(null);
  useEffect(() => {
    if (!video.current) return;
    video.current.srcObject = new MediaStream([track]);
    void video.current.play().catch(() => undefined);
  }, [track]);
  return <video ref={video} {...rest} aria-label={label} autoplay playsInline muted />;
}
