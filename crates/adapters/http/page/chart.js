// Small charts, drawn as SVG. Each says in words what it shows, for those who do not see it.

import { s } from "./dom.js";

/** The ends of the values, with a little room around them. */
function span(values, room = 0.08) {
  const low = Math.min(...values);
  const high = Math.max(...values);
  const pad = (high - low || Math.abs(high) * 0.002 || 1) * room;
  return [low - pad, high + pad];
}

/** Round numbers between two ends. */
function ticks(low, high, count) {
  const raw = (high - low) / count;
  const unit = 10 ** Math.floor(Math.log10(raw));
  const step = unit * ([1, 2, 5, 10].find((m) => m * unit >= raw) ?? 10);
  const found = [];
  for (let at = Math.ceil(low / step) * step; at <= high; at += step) found.push(at);
  return found;
}

const path = (points) => points.map(([x, y], index) => `${index ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`).join("");

/**
 * A chart of lines. `lines`: [{points: [[x, y]…], className, dotted, area}], x on a logarithmic scale if `log`.
 * `xText` and `yText` write the marks; `mark` is an x to point at.
 */
export function chart({ lines, title, log = false, xText, yText, mark, height = 210, width = 560 }) {
  const drawn = lines.filter((line) => line.points.length > 0);
  const left = 58;
  const bottom = xText ? 22 : 6;
  const svg = s("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": title });
  if (drawn.length === 0) return svg;
  const scaleX = log ? Math.log10 : (x) => x;
  const [x0, x1] = span(drawn.flatMap((line) => line.points.map(([x]) => scaleX(x))), 0);
  const [y0, y1] = span(drawn.flatMap((line) => line.points.map(([, y]) => y)));
  const atX = (x) => left + ((scaleX(x) - x0) / (x1 - x0 || 1)) * (width - left - 8);
  const atY = (y) => 6 + ((y1 - y) / (y1 - y0 || 1)) * (height - bottom - 12);
  for (const y of ticks(y0, y1, 4)) {
    svg.append(s("line", { class: "grid", x1: left, x2: width, y1: atY(y), y2: atY(y) }), s("text", { x: left - 8, y: atY(y) + 4, "text-anchor": "end" }, yText(y)));
  }
  if (xText) {
    const marks = log ? decades(x0, x1) : ticks(x0, x1, 4);
    // The outermost marks stay inside the picture.
    const anchor = (x) => (atX(x) > width - 34 ? "end" : "middle");
    for (const x of marks) svg.append(s("text", { x: Math.min(atX(x), width), y: height - 4, "text-anchor": anchor(x) }, xText(x)));
  }
  if (mark && scaleX(mark) >= x0 && scaleX(mark) <= x1) svg.append(s("line", { class: "mark", x1: atX(mark), x2: atX(mark), y1: 4, y2: height - bottom }));
  for (const { points, className, dotted } of drawn) {
    const placed = points.map(([x, y]) => [atX(x), atY(y)]);
    svg.append(s("g", { class: className }, s("path", { class: dotted ? "line dotted" : "line", d: path(placed) })));
  }
  return svg;
}

function decades(low, high) {
  const found = [];
  for (let power = Math.ceil(low - 1e-9); power <= high + 1e-9; power += 1) found.push(10 ** power);
  return found;
}

/** A line without axes, from zero up, for a tile. */
export function spark(values, title, { width = 100, height = 34 } = {}) {
  const svg = s("svg", { viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none", role: "img", "aria-label": title });
  const known = values.filter(Number.isFinite);
  if (known.length < 2) return svg;
  const most = Math.max(...known, 1e-9);
  const points = values
    .map((value, index) => [(index / (values.length - 1)) * width, height - 2 - (value / most) * (height - 6)])
    .filter(([, y]) => Number.isFinite(y));
  svg.append(
    s("path", { class: "area", d: `${path(points)}L${points.at(-1)[0]} ${height}L${points[0][0]} ${height}Z` }),
    s("path", { class: "line", d: path(points) }),
  );
  return svg;
}
