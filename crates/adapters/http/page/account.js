// Who is trading: by an API key where the engine wants one, by a name where it does not.

import { account, onRefused } from "./api.js";
import { byId } from "./dom.js";

/** Asks, and calls `changed` when somebody else is trading from now on. */
export function startAccount(changed) {
  const dialog = byId("key");
  let declined = null;
  const ask = (why) => {
    // Whoever is typing a key already is not disturbed.
    if (dialog.open) return;
    byId("key-why").textContent = why;
    byId("key-value").value = account.key;
    byId("user-value").value = account.user === "anonymous" ? "" : account.user;
    dialog.showModal();
  };
  const name = () => {
    byId("who").textContent = account.key ? "Key in use" : account.user === "anonymous" ? "Account" : account.user;
  };
  byId("who").addEventListener("click", () => ask("Orders belong to whoever's key or name they are placed with."));
  // Whoever has closed the dialog is not asked again for the same key.
  onRefused((why) => declined !== account.key && ask(why));
  dialog.addEventListener("close", () => {
    declined = account.key;
    if (dialog.returnValue !== "save") return;
    declined = null;
    account.use(byId("key-value").value.trim(), byId("user-value").value.trim());
    dialog.returnValue = "";
    name();
    changed();
  });
  name();
}
