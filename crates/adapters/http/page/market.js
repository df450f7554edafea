// The market: what each venue pays and asks over a range of sizes, and how the price has moved.
//
// Depth is drawn from quotes for real sizes, not from reserves: it is what an order of that size would get.

import { engine } from "./api.js";
import { chart } from "./chart.js";
import { byId, everyWhileSeen, h } from "./dom.js";
import { price } from "./format.js";
import { onPair, paid, pair } from "./ticket.js";
import { venueClasses, venueName, venues } from "./venues.js";

/** A pair that no venue has a pool of may still be reached by way of another token. */
const AROUND = "Route";
/** Whatever can be drawn: each venue, and the way by another token. */
const drawable = () => [...venues(), AROUND];
const STABLE = new Set(["USDC", "USDT"]);
const TICK = 3000;
/** The depth is drawn anew with every so many ticks. */
const DEPTH_EVERY = 4;
const KEPT = 200;
/** A price that is older than this is no price of now. */
const OLD = 12_000;
/** How far from the middle the depth is drawn. What moves the price further leaves the picture. */
const REACH = 0.04;

let history = [];
let depth = [];
let turn = 0;
let shownPair = "";
/** When the venues answered last, for the pair that is shown. */
let answered = null;
/** Whether the last question failed. */
let failing = false;

/** Sizes in the quote token, a half decade apart. */
const sizes = (quote) => {
  const [first, count] = STABLE.has(quote) ? [100, 9] : [1, 8];
  return Array.from({ length: count }, (_, index) => Number((first * 10 ** (index / 2)).toPrecision(2)));
};

/** A number as the engine reads it: no exponent, no more digits than any token has. */
const plain = (value) => value.toFixed(value >= 1 ? 4 : 5).replace(/\.?0+$/, "");

async function ask(tokenIn, tokenOut, amountIn) {
  const report = await engine.quote({ tokenIn, tokenOut, amountIn: plain(amountIn) });
  if (report.quotes.length === 0) return { [AROUND]: Number(report.route.price) };
  return Object.fromEntries(report.quotes.map((quote) => [quote.dex, Number(quote.price)]));
}

/** What a size gets, or nothing where the pools do not hold it. */
const tried = (promise) => promise.catch((error) => (error.status === 422 ? {} : Promise.reject(error)));

async function tick() {
  if (!shownPair) return;
  const { base, quote } = pair();
  const name = `${base}/${quote}`;
  const small = sizes(quote)[0];
  try {
    const asks = await ask(quote, base, small);
    const reference = Math.min(...Object.values(asks));
    const bids = await ask(base, quote, small / reference);
    if (name !== shownPair) return;
    remember(bids, asks);
    const measured = turn % DEPTH_EVERY === 0 ? await measure(base, quote, reference) : depth;
    // Another pair may be shown by now; it begins with measures of its own.
    if (name !== shownPair) return;
    depth = measured;
    turn += 1;
    draw(base, quote, bids, asks);
    answered = Date.now();
    failing = false;
    note("");
  } catch (error) {
    if (name !== shownPair) return;
    failing = true;
    if (!answered) byId("depth").replaceChildren(h("p.empty", {}, "No prices to draw."));
    note(`${answered ? `As of ${time(answered)}: ` : ""}${error.code === "pair_not_traded" ? `no venue has a pool of ${name}.` : error.message}`);
  }
  age();
}

/** What is drawn may be old, and then must not look like the market of this moment; also when no answer comes at all. */
function age() {
  const old = answered !== null && Date.now() - answered > OLD;
  byId("market").classList.toggle("stale", failing || old);
  if (old && !failing) note(`As of ${time(answered)}: the venues have not answered since.`);
}

const time = (at) => new Date(at).toLocaleTimeString([], { hour12: false });

const mid = (bid, ask) => (bid && ask ? (bid + ask) / 2 : (bid ?? ask));

function remember(bids, asks) {
  history.push({ at: Date.now(), ...Object.fromEntries(drawable().map((venue) => [venue, mid(bids[venue], asks[venue])])) });
  history = history.slice(-KEPT);
}

/** What each venue pays and asks for every size. */
function measure(base, quote, reference) {
  const asked = sizes(quote).map(async (size) => {
    const [bids, asks] = await Promise.all([tried(ask(base, quote, size / reference)), tried(ask(quote, base, size))]);
    return { size, bids, asks };
  });
  return Promise.all(asked);
}

const note = (text) => {
  if (byId("market-note").textContent !== text) byId("market-note").textContent = text;
};

function draw(base, quote, bids, asks) {
  const [bid, ask] = [Math.max(...Object.values(bids)), Math.min(...Object.values(asks))];
  byId("market-now").replaceChildren(h("b", {}, price(String(mid(bid, ask)))), ` ${quote} per ${base}, bid ${price(String(bid))}, ask ${price(String(ask))}`);
  drawDepth(base, quote, mid(bid, ask));
  drawHistory(base, quote);
}

function drawDepth(base, quote, middle) {
  const line = (venue, side) => ({
    venue,
    className: venueClasses(venue).join(" "),
    dotted: side === "asks",
    points: depth.map((step) => [step.size, step[side][venue]]).filter(([, price]) => Math.abs(price / middle - 1) < REACH),
  });
  const lines = drawable().flatMap((venue) => [line(venue, "bids"), line(venue, "asks")]);
  const { token, amount } = paid();
  const size = Number(amount) * (token === base ? middle : 1);
  const drawn = drawable().filter((venue) => lines.some((line) => line.venue === venue && line.points.length));
  const title = `Price of ${base} by size of the order, on ${drawn.join(" and ")}; the larger the order, the worse.`;
  byId("depth").replaceChildren(
    chart({ lines, title, log: true, mark: size, xText: (x) => `${x >= 1e6 ? `${x / 1e6}M` : x >= 1000 ? `${x / 1000}k` : x} ${quote}`, yText: axis }),
    h("p.legend", {}, drawn.map((venue) => venueName(venue)), h("span.hint", {}, drawn.includes(AROUND) ? "by way of another token; " : "", "solid: pays, dotted: asks")),
  );
}

function drawHistory(base, quote) {
  const lines = drawable().map((venue) => ({ className: venueClasses(venue).join(" "), points: history.filter((step) => step[venue]).map((step) => [step.at, step[venue]]) }));
  const chartTitle = `Price of ${base} in ${quote} over the last minutes`;
  if (history.length > 1) byId("prices-chart").replaceChildren(chart({ lines, title: chartTitle, yText: axis, xText: time, width: 400, height: 228 }));
}

const axis = (value) => price(value.toPrecision(6).replace(/e.*/, ""));

/** Begins to look at the market of the ticket's pair. */
export function startMarket() {
  onPair(({ base, quote }) => {
    shownPair = `${base}/${quote}`;
    byId("market-title").textContent = `Market ${shownPair}`;
    byId("market-now").textContent = "";
    byId("depth").replaceChildren(h("p.empty", {}, "Asking the venues…"));
    byId("prices-chart").replaceChildren();
    history = [];
    depth = [];
    turn = 0;
    answered = null;
    failing = false;
    age();
    note("");
  });
  everyWhileSeen(TICK, tick);
  setInterval(() => document.hidden || age(), 1000);
}
