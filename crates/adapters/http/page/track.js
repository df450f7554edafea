// An order's life as a moving track: what is behind it, where it is, what is ahead.

import { OVER } from "./book.js";
import { h } from "./dom.js";

const STOPS = ["pending", "routing", "building", "submitted", "confirmed"];
const TRIGGERED = ["pending", "waiting", "routing", "building", "submitted", "confirmed"];

const SAYS = {
  pending: "Accepted",
  waiting: "Waiting for its trigger",
  routing: "Comparing venues",
  building: "Building",
  submitted: "Submitted",
  confirmed: "Confirmed",
  failed: "Failed",
  cancelled: "Cancelled",
  expired: "Expired",
};

/** The status in words. */
export function statusText(order) {
  if (order.unknown) return "No word from the venue";
  if (order.status === "pending" && order.attempts > 1) return `Trying again, attempt ${order.attempts}`;
  return SAYS[order.status] ?? order.status;
}

const stopsOf = (order) => (order.type === "market" ? STOPS : TRIGGERED);

/** How far it came before it failed is not in the order; the transaction tells whether it was sent. */
function place(order) {
  const stops = stopsOf(order);
  const at = stops.indexOf(order.status);
  if (at >= 0) return at;
  if (order.txHash) return stops.indexOf("submitted");
  if (order.dex) return stops.indexOf("building");
  return order.attempts > 0 ? stops.indexOf("routing") : 0;
}

/** A track; give it the order again with `move` when something has happened. */
export function track(order) {
  const stops = h("div.stops", { "aria-hidden": "true" }, stopsOf(order).map(() => h("span.stop")));
  const text = h("p");
  const element = h("div.track", {}, stops, text);
  element.move = (order) => move(element, stops, text, order);
  element.move(order);
  return element;
}

function move(element, stops, text, order) {
  const at = place(order);
  element.className = `track ${order.status}${OVER.has(order.status) ? " over" : ""}${order.unknown ? " unknown" : ""}`;
  [...stops.children].forEach((stop, index) => {
    const done = index < at || order.status === "confirmed";
    stop.className = `stop${done ? " done" : index === at ? " now" : ""}`;
  });
  text.replaceChildren(h("b", {}, statusText(order)), h("span", {}, aside(order)));
}

function trigger({ waitingFor, stopPrice, limitPrice }) {
  if (waitingFor === "stop") return `stop ${stopPrice}`;
  return limitPrice ? `limit ${limitPrice}` : waitingFor ?? "";
}

function aside(order) {
  if (order.status === "failed") return order.code ?? "";
  if (order.status === "waiting") return trigger(order);
  if (OVER.has(order.status)) {
    const took = (Date.parse(order.updatedAt) - Date.parse(order.createdAt)) / 1000;
    return took < 600 ? `${took.toFixed(2)} s` : "";
  }
  return "";
}
