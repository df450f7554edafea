// What the order would get now: every venue's price, the route, and the least that will be accepted.

import { engine } from "./api.js";
import { byId, everyWhileSeen, h, settled, venueName } from "./dom.js";
import { behind, bps, decimal, price } from "./format.js";

const REFRESH = 3000;
const PAUSE = 250;

let asking = null;

/** Asks again whenever the form changes, and now and then. */
export function connectPreview(form, read) {
  const ask = () => refresh(read());
  form.addEventListener("input", settled(ask, PAUSE));
  everyWhileSeen(REFRESH, ask);
}

async function refresh({ tokenIn, tokenOut, amountIn, slippage }) {
  asking?.abort();
  asking = new AbortController();
  const { signal } = asking;
  if (!Number(amountIn)) return show([h("p.hint", {}, "Type an amount to see what it would get.")]);
  byId("preview").setAttribute("aria-busy", "true");
  const question = { tokenIn, tokenOut, amountIn: amountIn.trim() };
  // A slippage that is no number is the ticket's error, not the preview's.
  if (Number(slippage) >= 0 && slippage.trim()) question.slippageBps = Math.min(10_000, Math.round(Number(slippage) * 100));
  try {
    const report = await engine.quote(question, signal);
    if (!signal.aborted) showReport(report);
  } catch (error) {
    if (signal.aborted) return;
    const venues = error.unavailable?.map((venue) => unavailable(venue)) ?? [];
    show([h("p.error", {}, error.errors?.map(({ field, message }) => `${field} ${message}`).join("; ") || error.message), ...venues]);
  }
}

function show(quotes, route = [], received = "") {
  byId("quotes").replaceChildren(...quotes);
  byId("route").replaceChildren(...route);
  byId("preview").setAttribute("aria-busy", "false");
  byId("receive").textContent = received ? decimal(received) : "–";
  byId("receive").dataset.received = received;
}

function showReport(report) {
  const best = report.quotes.reduce((most, quote) => Math.max(most, Number(quote.amountOut)), 0);
  const venues = report.quotes.toSorted((a, b) => Number(b.amountOut) - Number(a.amountOut));
  const lines = [...venues.map((quote) => line(report, quote, best)), ...report.unavailable.map(unavailable)];
  show(lines, route(report), report.route.amountOut);
}

function line(report, quote, best) {
  const lag = behind(quote.amountOut, best);
  return h(
    "div.venue",
    {},
    venueName(quote.dex),
    lag ? h("span.hint", {}, lag) : h("span.tag", {}, "best"),
    h("span.price", {}, price(quote.price)),
    h("small", {}, `${decimal(quote.amountOut, 3)} ${report.tokenOut}, impact ${bps(quote.priceImpactBps)}, fee ${decimal(quote.fee, 4)} ${report.tokenIn}`),
  );
}

const unavailable = (venue) => h("div.venue", {}, venueName(venue.dex), h("span.error", {}, venue.error));

function route(report) {
  const legs = report.route.legs.map((leg) =>
    h("div", {}, venueName(leg.dex), ` ${decimal(leg.amountIn, 4)} ${leg.tokenIn} → ${decimal(leg.amountOut, 3)} ${leg.tokenOut}`),
  );
  return [
    h("dt", {}, legs.length > 1 ? `Route, ${legs.length} legs` : "Route"),
    h("dd", {}, legs),
    h("dt", {}, "At least"),
    h("dd", {}, `${decimal(report.minAmountOut)} ${report.tokenOut}`),
  ];
}
