// The ticket: an order is put together here, with what it would get now, and placed.

import { typed } from "./amounts.js";
import { engine, requestKey } from "./api.js";
import { byId, h, problem, say, toast } from "./dom.js";
import { decimal, KINDS } from "./format.js";
import { connectPreview } from "./preview.js";

const HINTS = {
  market: "",
  limit: "Waits until the whole size can be had at the limit or better.",
  stop_limit: "Wakes up at the stop price, and is a limit order from then on.",
  sniper: "Waits for a pool of this pair to open, and goes in with its first block.",
};

const form = () => byId("ticket");
let tokens = [];
const listeners = new Set();
/** The key of the order as it stands: sent again after silence, the same order is placed once. */
let key = requestKey();

/** The type as it stood. */
let kind = "market";

/** Hears of every change of the two tokens: `onPair(({base, quote}) => …)`. */
export const onPair = (listener) => listeners.add(listener);

/** The pair in market order: of two tokens, the one that is listed first is what prices are in. */
export function pair() {
  const { tokenIn, tokenOut } = read();
  const rank = (symbol) => tokens.findIndex((token) => token.symbol === symbol);
  const sells = rank(tokenIn) > rank(tokenOut);
  return sells ? { base: tokenIn, quote: tokenOut, side: "sell" } : { base: tokenOut, quote: tokenIn, side: "buy" };
}

/** The fields as they stand. */
const read = () => Object.fromEntries(new FormData(form()));

/** What is paid, as it is meant. */
export const paid = () => ({ token: read().tokenIn, amount: typed(read().amountIn).value });

/** Fields with a number, which some keyboards write with a comma. */
const NUMBERS = ["amountIn", "slippage", "limitPrice", "stopPrice"];

/** The fields as they are meant, and what is wrong with the numbers of those that this type of order has. */
function meant() {
  const fields = read();
  const errors = [];
  for (const field of NUMBERS) {
    const { value, problem } = typed(fields[field]);
    fields[field] = value;
    if (problem && !byId(field).closest("[hidden]")) errors.push({ field, message: problem });
  }
  return { ...fields, errors };
}

/** The order as the engine takes it. */
function order({ type, tokenIn, tokenOut, amountIn, slippage, limitPrice, stopPrice, timeInForce, expiresAt, priority }) {
  const wanted = { type, tokenIn, tokenOut, amountIn, priority };
  if (type === "market" || type === "sniper") wanted.slippage = slippage;
  if (type === "limit" || type === "stop_limit") wanted.limitPrice = limitPrice;
  if (type === "stop_limit") wanted.stopPrice = stopPrice;
  if (type !== "market") wanted.timeInForce = timeInForce;
  if (type !== "market" && timeInForce === "gtd" && expiresAt) wanted.expiresAt = new Date(expiresAt).toISOString();
  // An empty field is one that is not there, so that the engine says that it is missing.
  return Object.fromEntries(Object.entries(wanted).filter(([, value]) => value !== ""));
}

/** A sniper goes first unless somebody says otherwise, as with the engine. */
function prioritise() {
  const { type } = read();
  const [usual, before] = [type, kind].map((name) => (name === "sniper" ? "high" : "normal"));
  if (byId("priority").value === before) byId("priority").value = usual;
  kind = type;
}

function arrange() {
  prioritise();
  const { type, timeInForce } = read();
  const limited = type === "limit" || type === "stop_limit";
  byId("kind-hint").textContent = HINTS[type];
  byId("prices").hidden = !limited;
  byId("stop-field").hidden = type !== "stop_limit";
  byId("slippage").closest(".field").hidden = limited;
  byId("timeInForce").closest(".field").hidden = type === "market";
  byId("expiry-field").hidden = type === "market" || timeInForce !== "gtd";
  const { base, quote, side } = pair();
  byId("place").textContent = `${side === "sell" ? "Sell" : "Buy"} ${base}`;
  byId("place").setAttribute("aria-label", `Place order: ${side === "sell" ? "sell" : "buy"} ${base}`);
  for (const name of ["stopPrice", "limitPrice"]) {
    form().querySelector(`[for=${name}]`).textContent = `${name === "stopPrice" ? "Stop" : "Limit"}, ${quote} per ${base}`;
  }
}

/** Shows each field's error at the field, and the rest below. */
function showErrors(error) {
  const left = [];
  for (const { field, message } of error?.errors ?? []) {
    const place = [...form().querySelectorAll("[data-error]")].find((place) => place.dataset.error.split(" ").includes(field));
    if (!place || place.closest("[hidden]")) {
      left.push(`${field} ${message}`);
      continue;
    }
    place.textContent = sentence(message);
    place.closest(".field").querySelector("input, select")?.setAttribute("aria-invalid", "true");
  }
  const told = error && error.errors.length > left.length && left.length === 0;
  problem(byId("ticket-problem"), error && !told ? Object.assign(new Error(), { message: left.length ? sentence(left.join("; ")) : error.message }) : null);
  form().querySelector("[aria-invalid=true]")?.focus();
}

const sentence = (text) => `${text.charAt(0).toUpperCase()}${text.slice(1)}${text.endsWith(".") ? "" : "."}`;

function clearErrors() {
  form().querySelectorAll("[data-error]").forEach((place) => place.replaceChildren());
  form().querySelectorAll("[aria-invalid]").forEach((input) => input.removeAttribute("aria-invalid"));
  problem(byId("ticket-problem"), null);
}

async function place(event) {
  event.preventDefault();
  clearErrors();
  const button = byId("place");
  const fields = meant();
  if (fields.errors.length) return showErrors(fields);
  const wanted = order(fields);
  button.disabled = true;
  try {
    const placed = await engine.place(wanted, key);
    key = requestKey();
    toast(`${KINDS[wanted.type]} order placed: ${decimal(wanted.amountIn)} ${wanted.tokenIn} for ${wanted.tokenOut}`);
    form().dispatchEvent(new CustomEvent("placed", { detail: placed.orderId }));
  } catch (error) {
    showErrors(error);
    if (error.silent) byId("ticket-problem").textContent += " Placing it again is safe: it counts once.";
    else say("The order was not placed.");
  } finally {
    button.disabled = false;
  }
}

function flip() {
  const [first, second] = [byId("tokenIn"), byId("tokenOut")];
  [first.value, second.value] = [second.value, first.value];
  const { received } = byId("receive").dataset;
  if (received) byId("amountIn").value = received;
  form().dispatchEvent(new Event("input"));
}

/** Two different tokens always: choosing the other side's token swaps them. */
function keepApart(event) {
  const [first, second] = [byId("tokenIn"), byId("tokenOut")];
  if (first.value !== second.value) return;
  const other = event.target === first ? second : first;
  other.value = tokens.map((token) => token.symbol).find((symbol) => symbol !== event.target.value);
}

/** Fills in the tokens and begins to listen. */
export async function startTicket() {
  tokens = (await engine.tokens()).items;
  const options = () => tokens.map(({ symbol }) => h("option", { value: symbol }, symbol));
  const named = (symbol, otherwise) => (tokens.some((token) => token.symbol === symbol) ? symbol : otherwise.symbol);
  byId("tokenIn").replaceChildren(...options());
  byId("tokenOut").replaceChildren(...options());
  byId("filters").querySelector("[name=token]").append(...options());
  byId("tokenIn").value = named("SOL", tokens.at(-1));
  byId("tokenOut").value = named("USDC", tokens[0]);
  let before = "";
  const changed = (event) => {
    if (event?.target?.tagName === "SELECT") keepApart(event);
    key = requestKey();
    arrange();
    const { base, quote } = pair();
    if (before !== `${base}/${quote}`) listeners.forEach((listener) => listener({ base, quote }));
    before = `${base}/${quote}`;
  };
  form().addEventListener("input", changed);
  form().addEventListener("submit", place);
  byId("flip").addEventListener("click", flip);
  changed();
  connectPreview(form(), question);
}

/** What the preview is to answer. */
function question() {
  const decimals = (symbol) => tokens.find((token) => token.symbol === symbol)?.decimals;
  const fields = meant();
  return { ...fields, side: pair().side, decimals: decimals(fields.tokenOut), isSize: Number(fields.amountIn) > 0 };
}
