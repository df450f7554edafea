// The engine's pulse, from its metrics: how much, how fast, how long the queue.

import { engine } from "./api.js";
import { spark } from "./chart.js";
import { byId, everyWhileSeen, h, s, venueName } from "./dom.js";
import { percent, seconds } from "./format.js";
import { parse, quantile } from "./metrics.js";

const BEAT = 2000;
const KEPT = 60;
const VENUES = ["Raydium", "Meteora"];

/** Why there are no numbers, by the answer. */
const WITHOUT = {
  403: "The numbers are about everybody's orders: they want a key with the scope admin.",
  404: "This process shows no numbers.",
};

let last = null;
const series = { rate: [], median: [], depth: [], quote: [] };

function keep(name, value) {
  series[name].push(value);
  if (series[name].length > KEPT) series[name].shift();
}

async function beat() {
  let now;
  try {
    now = { at: performance.now(), metrics: parse(await engine.metrics()) };
  } catch (error) {
    const text = WITHOUT[error.status] ?? "The numbers cannot be read now.";
    return byId("pulse").replaceChildren(h("p.note", {}, text));
  }
  const passed = last ? (now.at - last.at) / 1000 : 0;
  const finished = now.metrics.since(last?.metrics, "order_engine_orders_total");
  keep("rate", passed ? finished / passed : 0);
  const latency = now.metrics.buckets("order_engine_order_duration_seconds", last?.metrics);
  const overall = now.metrics.buckets("order_engine_order_duration_seconds");
  keep("median", quantile(latency, 0.5));
  keep("depth", now.metrics.sum("order_engine_queue_depth"));
  keep("quote", quantile(now.metrics.buckets("order_engine_quote_duration_seconds", last?.metrics), 0.5));
  last = now;
  show(now.metrics, overall);
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

function show(metrics, overall) {
  const rate = series.rate.at(-1);
  const done = metrics.sum("order_engine_orders_total");
  const confirmed = metrics.sum("order_engine_orders_total", { outcome: "confirmed" });
  const unknown = metrics.sum("order_engine_orders_unknown");
  const depth = ["high", "normal", "low"].map((priority) => `${priority} ${metrics.sum("order_engine_queue_depth", { priority })}`);
  const wins = VENUES.map((venue) => metrics.sum("order_engine_venue_wins_total", { venue }));
  const routes = wins[0] + wins[1];
  const oldest = metrics.sum("order_engine_oldest_waiting_seconds");
  const recent = series.quote.findLast(Number.isFinite);
  byId("pulse").replaceChildren(
    tile("Throughput", rate.toFixed(rate < 10 ? 1 : 0), "orders/s", spark(series.rate, "Orders finished a second, over two minutes"), `${done} done, ${percent(confirmed, done)} confirmed`),
    tile("Time to the end", seconds(quantile(overall, 0.5)), "median", spark(series.median, "Median time from order to end, over two minutes"), `95 % within ${seconds(quantile(overall, 0.95))}`),
    tile("Queue", String(series.depth.at(-1)), "waiting", spark(series.depth, "Orders in the queue, over two minutes"), oldest ? `the oldest for ${seconds(oldest)}` : depth.join(", ")),
    tile("Quotes", seconds(recent ?? NaN), "median", spark(series.quote, "Median time of a quote, over two minutes"), `${metrics.sum("order_engine_quote_errors_total")} refused or failed`),
    tile("Routes won", String(routes), null, shares(wins, routes), h("span", {}, VENUES.map((venue, index) => [venueName(venue), ` ${percent(wins[index], routes)} `]).flat())),
    tile("Unknown", String(unknown), unknown === 1 ? "order" : "orders", null, `${metrics.sum("order_engine_order_retries_total")} retries, ${metrics.sum("order_engine_leases_lost_total")} leases lost`, unknown > 0),
  );
}

/** A bar in two colours: whose share is how large. */
function shares(wins, routes) {
  const first = routes > 0 ? (100 * wins[0]) / routes : 0;
  const bar = (venue, x, width) => s("g", { class: venue }, s("rect", { x, width, y: 16, height: 8, fill: "currentColor" }));
  return s("svg", { viewBox: "0 0 100 34", preserveAspectRatio: "none", "aria-hidden": "true" }, bar(VENUES[0], 0, first), bar(VENUES[1], first, routes > 0 ? 100 - first : 0));
}

export const startPulse = () => everyWhileSeen(BEAT, beat);
