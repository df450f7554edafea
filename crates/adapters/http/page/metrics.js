// Reading Prometheus' text format, as far as this page needs it.

const LINE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)/;
const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g;

/** Counters that every process has, and that never fall. */
const COUNTED = ["order_engine_orders_total", "order_engine_quote_duration_seconds_count", "http_server_request_duration_seconds_count"];

/** The samples of a scrape. */
export function parse(text) {
  const samples = new Map();
  for (const line of text.split("\n")) {
    const found = line.startsWith("#") ? null : LINE.exec(line);
    if (!found) continue;
    const labels = Object.fromEntries([...(found[2] ?? "").matchAll(LABEL)].map(([, name, value]) => [name, value]));
    if (!samples.has(found[1])) samples.set(found[1], []);
    samples.get(found[1]).push({ labels, value: Number(found[3]) });
  }
  return new Scrape(samples);
}

class Scrape {
  constructor(samples) {
    this.samples = samples;
  }

  /** The sum of a name's samples that have these labels. */
  sum(name, wanted = {}) {
    const fits = ({ labels }) => Object.entries(wanted).every(([label, value]) => labels[label] === value);
    return (this.samples.get(name) ?? []).filter(fits).reduce((sum, sample) => sum + sample.value, 0);
  }

  /** How much a counter has grown since an earlier scrape; a process that began anew counts from zero. */
  since(earlier, name) {
    if (!earlier) return 0;
    const grown = this.sum(name) - earlier.sum(name);
    return grown >= 0 ? grown : this.sum(name);
  }

  /** Whether the process has begun anew since that scrape, or is another one: a counter is less than it was. */
  isAfterRestart(earlier) {
    return COUNTED.some((name) => this.sum(name) < earlier.sum(name));
  }

  /** A histogram over all labels, since the process began: [[upper bound, count up to it]…]. */
  buckets(name) {
    const counts = new Map();
    for (const { labels, value } of this.samples.get(`${name}_bucket`) ?? []) {
      const bound = labels.le === "+Inf" ? Infinity : Number(labels.le);
      counts.set(bound, (counts.get(bound) ?? 0) + value);
    }
    return [...counts].sort(([a], [b]) => a - b);
  }
}

/** What a histogram has counted since it was read earlier. */
export function grown(buckets, earlier) {
  const before = new Map(earlier);
  return buckets.map(([bound, count]) => [bound, count - (before.get(bound) ?? 0)]);
}

/** A quantile of a histogram, as Prometheus estimates it: evenly spread within a bucket. */
export function quantile(buckets, q) {
  const total = buckets.at(-1)?.[1] ?? 0;
  if (total <= 0) return NaN;
  const rank = q * total;
  const index = buckets.findIndex(([, count]) => count >= rank);
  const [bound, count] = buckets[index];
  const [below, before] = index > 0 ? buckets[index - 1] : [0, 0];
  if (bound === Infinity) return below;
  return below + (bound - below) * ((rank - before) / (count - before || 1));
}
