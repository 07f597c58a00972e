/* SPDX-License-Identifier: GPL-3.0-or-later */
import { render } from "preact";

import "./tokens.css";
import "./phone.css";
import { makePhone } from "./store.js";
import { keepToken, readAddress } from "./token.js";
import { App } from "./views/app.js";

const start = readAddress();
const phone = makePhone();
phone.dial.value = start.dial;

const root = document.getElementById("app");
if (root) render(<App phone={phone} />, root);
void phone.signIn(start.token);

/* a link with a new token, opened in this very tab, changes only the hash */
addEventListener("hashchange", () => {
  const { token } = readAddress();
  if (!token || phone.busy.value) return;
  phone.signOut();
  /* it forgets, and a reload meanwhile must not */
  keepToken(token);
  void phone.signIn(token);
});

/* back from the browser's page cache: the connection was given up there */
addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});
