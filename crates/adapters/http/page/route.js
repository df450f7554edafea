// The swaps of an order that was divided over several pools, and what that brought in.

import { difference } from "./amounts.js";
import { h } from "./dom.js";
import { bps, decimal, percent } from "./format.js";
import { venueName } from "./venues.js";

/** The swaps of a route, with the share of the input of those that take it in. */
export function legList(legs) {
  const first = legs[0].tokenIn;
  const paid = legs.filter((leg) => leg.tokenIn === first).reduce((sum, leg) => sum + Number(leg.amountIn), 0);
  return h("ol.legs", { "aria-label": "Swaps of the route" }, legs.map((leg) => line(leg, first, paid)));
}

function line(leg, first, paid) {
  const share = leg.tokenIn === first ? percent(Number(leg.amountIn), paid) : "then";
  return h(
    "li",
    {},
    h("b", {}, share),
    venueName(leg.dex),
    h("span", {}, `${decimal(leg.amountIn)} ${leg.tokenIn} → ${decimal(leg.amountOut)} ${leg.tokenOut}`),
    h("small.code", {}, leg.pool),
  );
}

/** How an order was executed by several swaps, and what it gained over the best venue alone. */
export function routeTaken({ attempts, result }) {
  const route = attempts.findLast((attempt) => attempt.route)?.route;
  if (!route || !result || route.legs.length < 2) return [];
  return [h("h3", {}, `Executed by ${route.legs.length} swaps in one transaction`), legList(route.legs), ...gain(result, route.legs.at(-1).tokenOut)];
}

function gain(result, tokenOut) {
  if (!result.bestVenueAmountOut) return [];
  const more = difference(result.amountOut, result.bestVenueAmountOut);
  const part = `${bps(Math.abs(Number(result.gainOverBestVenueBps)))}`;
  const text = more.startsWith("-")
    ? ` ${decimal(more.slice(1))} ${tokenOut} (${part}) less than `
    : ` ${decimal(more)} ${tokenOut} (${part}) more than `;
  return [h("p.gain", {}, "Received", h("b", {}, text), venueName(result.bestVenue), " alone had quoted.")];
}
