// The engine's pulse, from its metrics: how much, how fast, how long the queue.

import { account, engine } from "./api.js";
import { spark } from "./chart.js";
import { byId, everyWhileSeen, h, s } from "./dom.js";
import { percent, seconds } from "./format.js";
import { grown, parse, quantile } from "./metrics.js";
import { venueClasses, venueName, venues } from "./venues.js";

const BEAT = 2000;
const KEPT = 60;

/** How long a process that shows no numbers is left alone. */
const REST = 60_000;
/** Why there are no numbers, by the answer: such a process is asked again only after a while. */
const WITHOUT = {
  401: "The engine's numbers are shown to a key with the scope admin.",
  403: "The engine's numbers are about everybody's orders, and are shown to a key with the scope admin. Yours are below.",
  404: "The engine's numbers are not served here, but at its admin port and on its dashboard. Your orders are below.",
};

const DURATION = "order_engine_order_duration_seconds";
const QUOTES = "order_engine_quote_duration_seconds";
/** What is shown is about so much of the past, or about the time since this page was opened. */
const WINDOW = KEPT * BEAT;
/** A page that was not looked at for so long has a gap, and begins a new window. */
const GAP = 15 * BEAT;

let last = null;
/** How long orders took, as counted at each beat of the window: [{at, buckets}…], the oldest first. */
let ends = [];
const series = { rate: [], median: [], depth: [], quote: [] };
let restUntil = 0;
let asker = "";

function keep(name, value) {
  series[name].push(value);
  if (series[name].length > KEPT) series[name].shift();
}

/** Another process, or the same one begun anew, counts from zero: what came before is no part of its numbers. */
function startAnew() {
  last = null;
  ends = [];
  for (const name of Object.keys(series)) series[name] = [];
}

async function beat() {
  // With another key the answer may be another.
  if (asker !== account.key) restUntil = 0;
  asker = account.key;
  if (performance.now() < restUntil) return;
  let now;
  try {
    now = { at: performance.now(), metrics: parse(await engine.metrics()) };
  } catch (error) {
    return showNone(error);
  }
  if (last && (now.at - last.at > GAP || now.metrics.isAfterRestart(last.metrics))) startAnew();
  const passed = last ? (now.at - last.at) / 1000 : 0;
  const finished = now.metrics.since(last?.metrics, "order_engine_orders_total");
  keep("rate", passed ? finished / passed : 0);
  ends = [...ends.filter(({ at }) => now.at - at <= WINDOW), { at: now.at, buckets: now.metrics.buckets(DURATION) }];
  keep("median", last ? quantile(grown(ends.at(-1).buckets, ends.at(-2).buckets), 0.5) : NaN);
  keep("depth", now.metrics.sum("order_engine_queue_depth"));
  keep("quote", last ? quantile(grown(now.metrics.buckets(QUOTES), last.metrics.buckets(QUOTES)), 0.5) : NaN);
  last = now;
  show(now.metrics, grown(ends.at(-1).buckets, ends[0].buckets), ends.at(-1).at - ends[0].at);
}

/** No numbers, in the same place and of the same height, so that nothing below moves. */
function showNone(error) {
  const text = WITHOUT[error.status];
  if (text) restUntil = performance.now() + REST;
  const pulse = byId("pulse");
  pulse.classList.add("stale");
  // Numbers that were there stay, and look old: they will be back.
  if (!text && last) return;
  startAnew();
  pulse.replaceChildren(h("p.note", {}, text ?? "The numbers cannot be read now."));
}

function tile(name, value, unit, chart, sub, alarm = false) {
  return h(
    alarm ? "div.tile.alarm" : "div.tile",
    {},
    h("div", {}, h("p.label", {}, name), h("p.value", {}, value, unit ? h("small", {}, ` ${unit}`) : null)),
    chart ? h("div.chart", {}, chart) : null,
    sub ? h("p.sub", {}, sub) : null,
  );
}

function show(metrics, recent, span) {
  byId("pulse").classList.remove("stale");
  const rate = series.rate.at(-1);
  const done = metrics.sum("order_engine_orders_total");
  const confirmed = metrics.sum("order_engine_orders_total", { outcome: "confirmed" });
  const unknown = metrics.sum("order_engine_orders_unknown");
  const depth = ["high", "normal", "low"].map((priority) => `${priority} ${metrics.sum("order_engine_queue_depth", { priority })}`);
  const wins = venues().map((venue) => [venue, metrics.sum("order_engine_venue_wins_total", { venue })]);
  const routes = wins.reduce((sum, [, won]) => sum + won, 0);
  const oldest = metrics.sum("order_engine_oldest_waiting_seconds");
  const quote = series.quote.findLast(Number.isFinite);
  const ended = recent.at(-1)?.[1] ?? 0;
  const none = span ? `none in the last ${Math.round(span / 1000)} s` : "none so far";
  byId("pulse").replaceChildren(
    tile("Throughput", rate.toFixed(rate < 10 ? 1 : 0), "orders/s", spark(series.rate, "Orders finished a second, over two minutes"), `${done} since its start, ${percent(confirmed, done)} confirmed`),
    tile("Time to the end", seconds(quantile(recent, 0.5)), "median", spark(series.median, "Median time from order to end, over two minutes"), ended ? `95 % within ${seconds(quantile(recent, 0.95))}` : none),
    tile("Queue", String(series.depth.at(-1)), "waiting", spark(series.depth, "Orders in the queue, over two minutes"), oldest ? `the oldest for ${seconds(oldest)}` : depth.join(", ")),
    tile("Quotes", seconds(quote ?? NaN), "median", spark(series.quote, "Median time of a quote, over two minutes"), `${metrics.sum("order_engine_quote_errors_total")} refused or failed`),
    tile("Routes won", String(routes), null, shares(wins, routes), h("span", {}, wins.flatMap(([venue, won]) => [venueName(venue), ` ${percent(won, routes)} `]))),
    tile("Unknown", String(unknown), unknown === 1 ? "order" : "orders", null, `${metrics.sum("order_engine_order_retries_total")} retries, ${metrics.sum("order_engine_leases_lost_total")} leases lost`, unknown > 0),
  );
}

/** A bar in the venues' colours: how large each one's share is. */
function shares(wins, routes) {
  let from = 0;
  const bars = wins.map(([venue, won]) => {
    const [x, width] = [from, routes > 0 ? (100 * won) / routes : 0];
    from += width;
    return s("g", { class: venueClasses(venue).join(" ") }, s("rect", { x, width, y: 16, height: 8, fill: "currentColor" }));
  });
  return s("svg", { viewBox: "0 0 100 34", preserveAspectRatio: "none", "aria-hidden": "true" }, ...bars);
}

export const startPulse = () => everyWhileSeen(BEAT, beat);
