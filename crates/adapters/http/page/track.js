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
  const over = OVER.has(order.status);
  const at = stopsOf(order).indexOf(order.status);
  element.className = `track ${order.status}${over ? " over" : ""}${order.unknown ? " unknown" : ""}`;
  // How far an order came before its end is told by its history, and not by the order: the whole line has the end's colour.
  [...stops.children].forEach((stop, index) => {
    stop.className = `stop${over || index < at ? " done" : index === at ? " now" : ""}`;
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
