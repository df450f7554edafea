// One order: its facts, its history with the quotes compared, and what can still be done about it.

import { compareAmounts, typed } from "./amounts.js";
import { engine } from "./api.js";
import { OVER, book, listen } from "./book.js";
import { byId, h, problem, s, toast } from "./dom.js";
import { KINDS, behind, bps, clock, decimal, price } from "./format.js";
import { legList, routeTaken } from "./route.js";
import { statusText, track } from "./track.js";
import { venueClasses, venueName } from "./venues.js";

const EDITABLE = new Set(["limit", "stop_limit", "sniper"]);
let shown = null;

/** Opens an order's sheet. */
export async function openDetail(id) {
  const dialog = byId("detail");
  shown = { id, events: [] };
  byId("detail-body").replaceChildren(h("p.note", {}, "Reading…"));
  if (!dialog.open) dialog.showModal();
  try {
    const [view, events] = await Promise.all([engine.order(id), engine.events(id)]);
    if (shown?.id !== id) return;
    book.take(view);
    draw(book.get(id));
    showHistory(book.get(id), events);
    if (book.get(id).version > lastSeq()) await readOn();
  } catch (error) {
    if (error.status === 404) book.forget(id);
    if (shown?.id === id) fail(error);
  }
}

/** Says why there is nothing to show. */
function fail(error) {
  const note = h("p.problem", { role: "alert" });
  problem(note, error.status === 404 ? new Error("The engine does not know this order any more.") : error);
  byId("detail-body").replaceChildren(note);
}

function draw(order) {
  byId("detail-title").textContent = `${KINDS[order.type]} order: ${decimal(order.amountIn)} ${order.tokenIn} for ${order.tokenOut}`;
  shown.track = track(order);
  shown.facts = h("dl.facts");
  shown.history = h("ol.history", { "aria-label": "What happened" });
  shown.acts = h("div");
  shown.route = h("div");
  byId("detail-body").replaceChildren(shown.track, shown.facts, shown.route, shown.acts, h("h3", {}, "What happened"), shown.history);
  update(order);
}

const lastSeq = () => shown.events.at(-1)?.seq ?? 0;

/** Adds what follows the history so far, each event once. */
function showHistory(order, events) {
  for (const event of events) {
    if (event.seq !== lastSeq() + 1) continue;
    shown.events.push(event);
    shown.history.append(step(order, event));
  }
  // A route of several swaps is told by the history alone.
  shown.facts.replaceChildren(...facts(order));
  if (order.status === "confirmed" && !shown.routed && legsOf(shown.events)) tellRoute(shown);
}

/** The swaps of the route that was chosen last, where there are several. */
const legsOf = (events) => events.findLast((event) => event.status === "best_dex")?.legs;

/** Reads how a divided order was executed, once. */
async function tellRoute(sheet) {
  sheet.routed = true;
  try {
    const execution = await engine.execution(sheet.id);
    if (shown === sheet) shown.route.replaceChildren(...routeTaken(execution));
  } catch {
    sheet.routed = false;
  }
}

/** Reads the rest of the history: events came while the first part was on its way. */
async function readOn() {
  const { id } = shown;
  const events = await engine.events(id, lastSeq());
  if (shown?.id === id) showHistory(book.get(id), events);
}

function update(order) {
  shown.track.move(order);
  shown.facts.replaceChildren(...facts(order));
  const kind = OVER.has(order.status) ? "over" : order.status === "waiting" ? "waiting" : "open";
  // Drawn anew only when something else can be done, so that nobody's typing is lost.
  if (shown.kind !== kind) shown.acts.replaceChildren(...acts(order));
  else keepUp(order);
  shown.kind = kind;
}

/** Fields that nobody has typed into follow the terms, which may be replaced elsewhere. */
function keepUp(order) {
  for (const input of shown.acts.querySelectorAll("input")) {
    const untouched = input.value === input.defaultValue;
    input.defaultValue = order[input.name];
    if (untouched) input.value = order[input.name];
  }
}

function fact(name, value, all = false) {
  if (value === null || value === undefined) return [];
  return [h(all ? "div.all" : "div", {}, h("dt", {}, name), h("dd", {}, value))];
}

function facts(order) {
  return [
    fact("Status", statusText(order)),
    fact("Side", order.side === "buy" ? `Buy ${order.tokenOut}` : `Sell ${order.tokenIn}`),
    fact("Venue", order.dex && venues(order)),
    fact("Executed price", order.executedPrice && price(order.executedPrice)),
    fact("Received", order.amountOut && `${decimal(order.amountOut)} ${order.tokenOut}`),
    fact("Stop price", order.stopPrice && price(order.stopPrice)),
    fact("Limit price", order.limitPrice && price(order.limitPrice)),
    fact("At least", order.minAmountOut && `${decimal(order.minAmountOut)} ${order.tokenOut}`),
    fact("Slippage", order.slippageBps !== null && !order.limitPrice ? bps(order.slippageBps) : null),
    fact("Good for", order.expiresAt ? new Date(order.expiresAt).toLocaleString() : order.timeInForce.toUpperCase()),
    fact("Priority", order.priority),
    fact("Attempts", String(order.attempts)),
    fact("Why", order.error, true),
    fact("Order", h("span.code", {}, order.orderId), true),
    fact("Transaction", order.txHash && h("span.code", {}, order.txHash), true),
  ].flat();
}

/** Every venue of a route with several swaps, the order's own first. */
function venues(order) {
  const others = (legsOf(shown.events) ?? []).map((leg) => leg.dex);
  const all = [...new Set([order.dex, ...others])];
  return all.flatMap((dex, index) => (index ? [" + ", venueName(dex)] : [venueName(dex)]));
}

const NAMES = {
  pending: "Accepted",
  waiting: "Waiting for its trigger",
  routing: "Quotes compared",
  best_dex: "Venue chosen",
  building: "Building the transaction",
  submitted: "Submitted",
  confirmed: "Confirmed",
  failed: "Failed",
  retrying: "Trying again",
  cancelled: "Cancelled",
  expired: "Expired",
};

function step(order, event) {
  const began = Date.parse(order.createdAt);
  const since = event.timestamp - began;
  const name = event.unknown ? "No word from the venue; nobody guesses, the search goes on" : NAMES[event.status] ?? event.status;
  const time = h("time", { datetime: new Date(event.timestamp).toISOString() }, `${clock(event.timestamp)}${since > 0 ? `, +${(since / 1000).toFixed(3)} s` : ""}`);
  return h(`li.${event.status}`, { "data-seq": event.seq }, h("div.what", {}, h("b", {}, name), time), ...says(order, event));
}

function says(order, event) {
  switch (event.status) {
    case "waiting":
      return replaced(event);
    case "routing":
      return [compared(order, event)];
    case "best_dex":
      return [h("p", {}, venueName(event.dex), ` at ${price(event.price)}: ${event.reason}`), ...(event.legs ? [legList(event.legs)] : [])];
    case "building":
      return [h("p", {}, "for ", venueName(event.dex))];
    case "submitted":
      return [h("p", {}, "to ", venueName(event.dex), " as ", h("span.code", {}, event.txHash))];
    case "confirmed":
      return [h("p", {}, `${decimal(event.amountOut)} ${order.tokenOut} at ${price(event.executedPrice)} on `, venueName(event.dex))];
    case "retrying":
      return [h("p", {}, `${event.error}; attempt ${event.attempt} in ${(event.delayMs / 1000).toFixed(1)} s`)];
    case "failed":
      return [h("p", {}, event.error)];
    default:
      return [];
  }
}

/** The terms that an order waits by from here on. */
function replaced(event) {
  const terms = [event.stopPrice && `stop ${price(event.stopPrice)}`, event.limitPrice && `limit ${price(event.limitPrice)}`, event.expiresAt && `until ${new Date(event.expiresAt).toLocaleString()}`];
  const told = terms.filter(Boolean).join(", ");
  return told ? [h("p", {}, `by new terms: ${told}`)] : [];
}

/** Quotes are alike to the first digits: a bar is empty at so much less than the best. */
const BAR = 0.01;

/** Every venue's quote, with a bar for how close it is to the best one. */
function compared(order, event) {
  const amounts = event.quotes.map((quote) => quote.amountOut).toSorted(compareAmounts);
  const best = amounts.at(-1);
  const line = (quote) => {
    const share = Math.max(0.03, 1 - (1 - Number(quote.amountOut) / Number(best)) / BAR);
    const bar = s("svg", { class: venueClasses(quote.dex).join(" "), viewBox: "0 0 100 8", preserveAspectRatio: "none", "aria-hidden": "true" }, s("rect", { width: 100 * share, height: 8, rx: 2 }));
    const lag = compareAmounts(quote.amountOut, best) === 0 ? "" : `, ${behind(quote.amountOut, best)}`;
    return h("div", {}, venueName(quote.dex), bar, h("span", {}, `${decimal(quote.amountOut)} ${order.tokenOut}${lag}`));
  };
  const missing = (event.unavailable ?? []).map((venue) => h("div.missing", {}, venueName(venue.dex), h("span", {}, venue.error)));
  return h("div.compare", {}, event.quotes.map(line), missing);
}

function acts(order) {
  if (OVER.has(order.status)) return [];
  const note = h("p.problem", { role: "alert", hidden: true });
  const cancel = h("button.stop", { type: "button" }, "Cancel order");
  cancel.addEventListener("click", () => attempt(cancel, note, () => engine.cancel(order.orderId), "Order cancelled"));
  const form = h("form.acts", {}, EDITABLE.has(order.type) && order.status === "waiting" ? replaceFields(order) : [], cancel);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const fields = [...new FormData(form)].map(([name, text]) => [name, typed(text)]);
    const unclear = fields.find(([, { problem }]) => problem);
    if (unclear) return problem(note, new Error(unclear[1].problem));
    const changes = Object.fromEntries(fields.map(([name, { value }]) => [name, value]).filter(([name, value]) => value && value !== order[name]));
    attempt(form.querySelector("[type=submit]"), note, () => engine.replace(order.orderId, book.get(order.orderId).version, changes), "Order replaced");
  });
  return [form, note];
}

function replaceFields(order) {
  const field = (name, label) =>
    order[name] ? [h("div.field", {}, h("label", { for: `new-${name}` }, label), h("input", { id: `new-${name}`, name, inputmode: "decimal", value: order[name] }))] : [];
  const fields = [...field("stopPrice", "New stop price"), ...field("limitPrice", "New limit price")];
  return fields.length ? [...fields, h("button", { type: "submit" }, "Replace")] : [];
}

async function attempt(button, note, act, done) {
  button.disabled = true;
  try {
    const view = await act();
    problem(note, null);
    if (view?.orderId && view.version) book.take(view);
    toast(done);
  } catch (error) {
    problem(note, error);
  } finally {
    button.disabled = false;
  }
}

export function startDetail() {
  const dialog = byId("detail");
  byId("detail-close").addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  dialog.addEventListener("close", () => {
    shown = null;
  });
  listen((order, event) => {
    if (shown?.id !== order.orderId || !shown.track) return;
    if (order.gone) {
      shown.track = null;
      return fail({ status: 404 });
    }
    if (event) showHistory(order, [event]);
    if (order.version > lastSeq()) readOn().catch(() => {});
    update(order);
  });
}
