// What the order would get now: every venue's price, the route, and the least that will be accepted.

import { compareAmounts, leastAtLimit } from "./amounts.js";
import { engine } from "./api.js";
import { byId, everyWhileSeen, h, settled } from "./dom.js";
import { behind, bps, decimal, price } from "./format.js";
import { venueName } from "./venues.js";

const REFRESH = 3000;
const PAUSE = 250;
/** The code of a venue that has no pool of a pair. */
const NO_POOL = "unknown_token";

let asking = null;

/** Asks again whenever the form changes, and now and then. */
export function connectPreview(form, question) {
  const ask = () => refresh(question());
  form.addEventListener("input", settled(ask, PAUSE));
  everyWhileSeen(REFRESH, ask);
}

async function refresh(wanted) {
  asking?.abort();
  asking = new AbortController();
  const { signal } = asking;
  const { tokenIn, tokenOut, amountIn, slippage, errors, isSize } = wanted;
  const unclear = errors.find(({ field }) => field === "amountIn");
  if (unclear) return show([h("p.error", {}, unclear.message)]);
  if (!isSize) return show([h("p.hint", {}, "Type an amount to see what it would get.")]);
  byId("preview").setAttribute("aria-busy", "true");
  const question = { tokenIn, tokenOut, amountIn };
  // A slippage that is no number is the ticket's error, not the preview's.
  if (!isLimited(wanted) && Number(slippage) >= 0 && slippage) question.slippageBps = Math.min(10_000, Math.round(Number(slippage) * 100));
  try {
    const report = await engine.quote(question, signal);
    if (!signal.aborted) showReport(report, wanted);
  } catch (error) {
    if (signal.aborted) return;
    const venues = error.unavailable?.map((venue) => unavailable(venue)) ?? [];
    const terms = isLimited(wanted) ? atLimit(wanted) : null;
    show([h("p.error", {}, error.errors?.map(({ field, message }) => `${field} ${message}`).join("; ") || error.message), ...venues], leastRow(terms, tokenOut, wanted), expected(null, wanted));
  }
}

const isLimited = ({ type }) => type === "limit" || type === "stop_limit";

/** What the order guarantees by its limit, if it has one that can be read. */
const atLimit = ({ amountIn, limitPrice, side, decimals }) => leastAtLimit({ amountIn, limitPrice, side, decimals });

/**
 * What somebody may expect to receive, and whether that is the least: what the route gives now, for an order that executes
 * now; else what its limit guarantees.
 */
function expected(routed, wanted) {
  if (!isLimited(wanted)) return { amount: routed ?? "" };
  const least = atLimit(wanted);
  if (!least) return { amount: "" };
  const now = wanted.type === "limit" && routed && compareAmounts(routed, least) >= 0;
  return now ? { amount: routed } : { amount: least, atLeast: true };
}

function show(quotes, route = [], { amount = "", atLeast = false } = {}) {
  byId("quotes").replaceChildren(...quotes);
  byId("route").replaceChildren(...route);
  byId("preview").setAttribute("aria-busy", "false");
  byId("receive").textContent = amount ? decimal(amount) : "–";
  byId("receive").dataset.received = amount;
  byId("receive-label").textContent = atLeast ? "You receive, at least" : "You receive, about";
}

function showReport(report, wanted) {
  const venues = report.quotes.toSorted((a, b) => compareAmounts(b.amountOut, a.amountOut));
  const best = venues[0]?.amountOut;
  const lines = [...venues.map((quote, place) => line(report, quote, best, place)), ...report.unavailable.map((venue) => unavailable(venue, report))];
  show(lines, route(report, wanted), expected(report.route.amountOut, wanted));
}

/** One venue wears the mark: the one that gives most, by however little. */
function line(report, quote, best, place) {
  return h(
    "div.venue",
    {},
    venueName(quote.dex),
    place === 0 ? h("span.tag", {}, "best") : h("span.hint", {}, behind(quote.amountOut, best)),
    h("span.price", {}, price(quote.price)),
    h("small", {}, `${decimal(quote.amountOut, 3)} ${report.tokenOut}, impact ${bps(quote.priceImpactBps)}, fee ${decimal(quote.fee, 4)} ${report.tokenIn}`),
  );
}

/** Why a venue gives no quote. Where a way by another token works without it, its having no pool of this pair is no fault. */
function unavailable(venue, report) {
  const around = report && venue.code === NO_POOL;
  return h("div.venue", {}, venueName(venue.dex), around ? h("span.hint", {}, "no pool of this pair") : h("span.error", {}, venue.error));
}

function route(report, wanted) {
  const legs = report.route.legs.map((leg) =>
    h("div", {}, venueName(leg.dex), ` ${decimal(leg.amountIn, 4)} ${leg.tokenIn} → ${decimal(leg.amountOut, 3)} ${leg.tokenOut}`),
  );
  const guaranteed = isLimited(wanted) ? atLimit(wanted) : report.minAmountOut;
  return [h("dt", {}, legs.length > 1 ? `Route, ${legs.length} legs` : "Route"), h("dd", {}, legs), ...leastRow(guaranteed, report.tokenOut, wanted)];
}

/** The row that says what the order guarantees. One that takes what fits guarantees its price, and no amount. */
function leastRow(amount, token, { type, timeInForce }) {
  if (!amount) return [];
  const whole = type !== "market" && timeInForce === "ioc" ? "At least, if all fits" : "At least";
  return [h("dt", {}, whole), h("dd", { id: "at-least" }, `${decimal(amount)} ${token}`)];
}
