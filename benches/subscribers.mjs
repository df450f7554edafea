// Opens so many WebSockets that wait for events, and holds them until it is stopped:
//   node benches/subscribers.mjs ws://127.0.0.1:3000/api/orders/execute 10000
// benches/subscribers drives it.
import { createRequire } from 'node:module';

const { WebSocket } = createRequire(new URL('./peer/package.json', import.meta.url))('ws');
const [url, count] = [process.argv[2], Number(process.argv[3])];
const AT_ONCE = 100;

const open = () =>
  new Promise((resolve, reject) => {
    const socket = new WebSocket(url, { perMessageDeflate: false });
    socket.once('open', () => resolve(socket));
    socket.once('error', reject);
  });

const sockets = [];
while (sockets.length < count) {
  const next = Math.min(AT_ONCE, count - sockets.length);
  sockets.push(...(await Promise.all(Array.from({ length: next }, open))));
}
console.log(`${sockets.length} open`);
