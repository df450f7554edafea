// Amounts, prices and times for people. Amounts stay text: a float would change them.

import { compareAmounts } from "./amounts.js";

/** A decimal with at most so many digits behind the point, cut rather than rounded up, thousands apart. */
export function decimal(text, places = 6) {
  if (text === null || text === undefined || text === "") return "–";
  const [whole, fraction = ""] = String(text).split(".");
  const kept = significant(whole, fraction, places).replace(/0+$/, "");
  const grouped = whole.replace(/\B(?=(\d{3})+(?!\d))/g, "\u2009");
  return kept ? `${grouped}.${kept}` : grouped;
}

/** Small numbers keep four digits that say something, however many zeros come first. */
function significant(whole, fraction, places) {
  if (whole !== "0" && whole !== "-0") return fraction.slice(0, places);
  const zeros = fraction.match(/^0*/)[0].length;
  return fraction.slice(0, Math.max(places, zeros + 4));
}

/** A price: fewer digits the larger it is. */
export function price(text) {
  if (text === null || text === undefined) return "–";
  const whole = String(text).split(".")[0].replace("-", "");
  return decimal(text, whole.length > 4 ? 2 : whole.length > 1 ? 4 : 6);
}

/** Basis points as a percentage. */
export const bps = (value) => `${(value / 100).toFixed(2)} %`;

/** How much less than the best this is, in a few words that never say "nothing" of something. */
export function behind(value, best) {
  if (compareAmounts(value, best) === 0) return "the same";
  const part = (1 - Number(value) / Number(best)) * 100;
  return part < 0.005 ? "less by under 0.01 %" : `−${part.toFixed(2)} %`;
}

/** A share as a percentage. */
export const percent = (part, whole) => (whole > 0 ? `${Math.round((100 * part) / whole)} %` : "–");

/** Seconds, in the unit that suits them. */
export function seconds(value) {
  if (!Number.isFinite(value)) return "–";
  if (value < 0.001) return `${Math.round(value * 1e6)} µs`;
  if (value < 1) return `${Math.round(value * 1000)} ms`;
  if (value < 100) return `${value.toFixed(value < 10 ? 2 : 1)} s`;
  return `${Math.round(value / 60)} min`;
}

/** How long ago. */
export function ago(iso, now = Date.now()) {
  const passed = Math.max(0, now - Date.parse(iso)) / 1000;
  if (passed < 5) return "now";
  if (passed < 60) return `${Math.floor(passed)} s ago`;
  if (passed < 3600) return `${Math.floor(passed / 60)} min ago`;
  if (passed < 86400) return `${Math.floor(passed / 3600)} h ago`;
  return new Date(iso).toLocaleDateString();
}

/** The time of day, to the millisecond. */
export const clock = (millis) =>
  new Date(millis).toLocaleTimeString([], { hour12: false, hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3 });

/** An order's or a transaction's id, shortened in the middle. */
export const short = (id) => (id.length > 16 ? `${id.slice(0, 6)}…${id.slice(-6)}` : id);

/** An order's id by its last digits: the first ones are the time, and much alike. */
export const orderName = (id) => `…${id.slice(-6)}`;

export const KINDS = { market: "Market", limit: "Limit", stop_limit: "Stop limit", sniper: "Sniper" };

/** What an order does, in a few words. */
export const swapText = (order) => `${decimal(order.amountIn)} ${order.tokenIn} → ${order.tokenOut}`;
