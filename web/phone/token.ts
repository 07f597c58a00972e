/* SPDX-License-Identifier: GPL-3.0-or-later */

const KEY = "bifrons.token";

export interface Start {
  token: string;
  dial: string;
}

/** What the address says: #token=… (taken out of it at once, so that it is
 * neither seen nor kept in the history) and ?dial=… */
export function readAddress(
  place: Pick<Location, "hash" | "search" | "pathname"> = location,
  past: Pick<History, "replaceState"> = history,
  store: Storage = sessionStorage,
): Start {
  const given = new URLSearchParams(place.hash.replace(/^#/, "")).get("token")?.trim();
  if (given) {
    keepToken(given, store);
    past.replaceState(null, "", place.pathname + place.search);
  }
  return {
    token: given || store.getItem(KEY) || "",
    dial: (new URLSearchParams(place.search).get("dial") ?? "").slice(0, 256),
  };
}

/** For this tab, until it is closed. "" forgets it. */
export function keepToken(token: string, store: Storage = sessionStorage): void {
  if (token) store.setItem(KEY, token);
  else store.removeItem(KEY);
}
