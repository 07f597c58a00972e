/* SPDX-License-Identifier: GPL-3.0-or-later */
import { useRef } from "preact/hooks";

import type { Phone } from "../store.js";

export function SignIn({ phone }: { phone: Phone }) {
  const field = useRef<HTMLInputElement>(null);
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    void phone.signIn(field.current?.value ?? "");
  };
  return (
    <form class="card signin" onSubmit={submit}>
      <h2>Sign in</h2>
      <label for="token">Device token</label>
      <input
        id="token"
        ref={field}
        type="password"
        defaultValue={phone.token.value}
        name="token"
        required
        autocomplete="off"
        autocapitalize="off"
        spellcheck={false}
        placeholder="bfd_…"
        aria-describedby="token-help"
      />
      <p id="token-help" class="help">
        <code>./run</code> prints a link that holds one. Others are made by{" "}
        <code>POST /v1/extensions/{"{id}"}/device-token</code>. It is kept in this tab only.
      </p>
      <button class="primary" type="submit">
        Sign in
      </button>
    </form>
  );
}
