// Makes Markdown of what benches/compare has noted: `round <tab> who <tab> what <tab> value`.
import { readFileSync } from 'node:fs';
import os from 'node:os';

const [file, rounds, span, connections, engineAtOnce, peerAtOnce] = process.argv.slice(2);
const values = new Map(); // "who|what" -> values, one a round
for (const line of readFileSync(file, 'utf8').trim().split('\n')) {
  const [, who, what, value] = line.split('\t');
  const key = `${who}|${what}`;
  values.set(key, [...(values.get(key) ?? []), Number(value)]);
}

const median = (list) => {
  const sorted = [...list].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
};
const shown = (value) =>
  !Number.isFinite(value) ? '–' : value >= 100 ? Math.round(value).toLocaleString('en') : Number(value.toPrecision(3)).toString();
const get = (who, what) => values.get(`${who}|${what}`) ?? [NaN];
const cell = (list) =>
  list.length > 1 ? `${shown(median(list))} (${shown(Math.min(...list))} … ${shown(Math.max(...list))})` : shown(list[0]);

const out = [];
const row = (...cells) => out.push(`| ${cells.join(' | ')} |`);
const cpu = os.cpus();
out.push('# Results', '');
out.push(
  'Written by `benches/compare`. Medians of the rounds, and the lowest and highest in brackets. Everything ran on ' +
    'the same processors: the servers, Postgres, Redis and the load generator.',
  '',
  `- ${new Date().toISOString().slice(0, 16)}Z, ${cpu.length} × ${cpu[0]?.model.trim() || os.arch()}, Node ${process.version}; ` +
    `load average at the end ${os.loadavg().map((load) => load.toFixed(1)).join(', ')}`,
  `- ${rounds} rounds, peer and engine in turn; ${span} s a measurement after 2 s to warm up; ${connections} connections`,
  `- orders that a worker executes at once: engine ${engineAtOnce}, peer ${peerAtOnce}; venues take no time`,
  '- the engine in durable mode is two processes, api and worker, as the peer is; fsync and synchronous_commit on',
  '',
);

out.push('## Engine and peer', '');
row('', 'peer', 'engine', 'engine / peer');
row('---', '--:', '--:', '--:');
for (const key of values.keys()) {
  const [who, what] = key.split('|');
  if (who !== 'peer') continue;
  const [peer, engine] = [get('peer', what), get('engine', what)];
  row(what, cell(peer), cell(engine), shown(median(engine) / median(peer)));
}

out.push('', 'With nobody watching, orders are submitted as fast as they are accepted, and the rate of confirmations is');
out.push('that of all orders until the last; watched, no more orders are open than there are connections.');
out.push('', '## Engine and the parts it is made of', '');
const ratio = (what, part, whole) => {
  const [a, b] = [get(...part), get(...whole)];
  row(what, cell(a), cell(b), `${shown((100 * median(a)) / median(b))} %`);
};
const rows = [...values.keys()].find((key) => key.startsWith("limit|orders' rows"))?.split('|');
row('', 'engine', 'part alone', '');
row('---', '--:', '--:', '--:');
if (rows) ratio(`durable, confirmed/s, of ${rows[1]}`, ['engine', 'confirmed/s, nobody watching'], rows);
ratio('in memory, accepted/s, of bare POST', ['memory', 'accepted/s'], ['limit', 'bare POST, answered/s']);
ratio('in memory, confirmed/s, of bare POST', ['memory', 'confirmed/s'], ['limit', 'bare POST, answered/s']);
out.push('', `Orders in memory that were not confirmed: ${cell(get('memory', 'orders not confirmed'))}.`);
out.push('', '## The parts alone', '');
row('', 'rate');
row('---', '--:');
for (const key of values.keys()) {
  const [who, what] = key.split('|');
  if (who === 'limit') row(what, cell(get(who, what)));
}
console.log(out.join('\n'));
