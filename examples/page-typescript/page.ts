// Quotes, submits and follows one order. The engine is where ?engine=… says, or on port 3000 of the same host.

interface Quote {
    route: { dex: string; amountOut: string; price: string; reason: string };
    minAmountOut: string;
    quoteId: string;
}

interface OrderEvent {
    orderId: string;
    seq: number;
    status: string;
    dex?: string;
    reason?: string;
    amountOut?: string;
    executedPrice?: string;
    error?: string;
}

interface Problem {
    detail: string;
}

const TERMINAL = ['confirmed', 'failed', 'cancelled', 'expired'];
const PAUSE_MS = 500;

const engine = new URL(
    new URLSearchParams(location.search).get('engine') ?? `http://${location.hostname}:3000`,
);

function element<T extends HTMLElement>(selector: string): T {
    const found = document.querySelector<T>(selector);
    if (!found) throw new Error(`the page has no ${selector}`);
    return found;
}

const form = element<HTMLFormElement>('form');
const quoteLine = element('#quote');
const eventList = element('#events');

async function post<T>(path: string, body: object, headers: Record<string, string> = {}): Promise<T> {
    const response = await fetch(new URL(path, engine), {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', ...headers },
        body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(((await response.json()) as Problem).detail);
    return (await response.json()) as T;
}

// Amounts stay the strings that they are on the wire: a number of JavaScript could not hold them exactly.
function swap(): { tokenIn: string; tokenOut: string; amountIn: string } {
    const fields = new FormData(form);
    const text = (name: string) => String(fields.get(name) ?? '').trim();
    return { tokenIn: text('in'), tokenOut: text('out'), amountIn: text('amount') };
}

async function showQuote(): Promise<Quote> {
    const quote = await post<Quote>('/api/quotes', swap());
    const { amountOut, dex, price, reason } = quote.route;
    quoteLine.textContent = `${amountOut} ${swap().tokenOut} at ${price} on ${dex} (${reason}); at least ${quote.minAmountOut}`;
    return quote;
}

// The key makes a submission that has to be repeated the same order.
async function submit(): Promise<string> {
    const { quoteId } = await showQuote();
    const order = { ...swap(), quoteId };
    const accepted = await post<{ orderId: string }>('/api/orders/execute', order, {
        'Idempotency-Key': crypto.randomUUID(),
    });
    return accepted.orderId;
}

function show(event: OrderEvent): void {
    const item = document.createElement('li');
    item.dataset['status'] = event.status;
    const received = event.amountOut && `${event.amountOut} received at ${event.executedPrice}`;
    const details = [event.dex, event.reason, received, event.error].filter(Boolean);
    item.textContent = [event.status, ...details].join(' · ');
    eventList.append(item);
}

// Follows the order to its end. After a break it goes on behind the last event that it has shown, so none is missed or shown twice.
function follow(orderId: string, after = 0): void {
    const address = new URL(`/ws/orders/${orderId}?after=${after}`, engine);
    address.protocol = engine.protocol === 'https:' ? 'wss:' : 'ws:';
    const socket = new WebSocket(address);
    let ended = false;
    socket.addEventListener('message', ({ data }) => {
        const event = JSON.parse(data as string) as OrderEvent;
        after = event.seq;
        ended = TERMINAL.includes(event.status);
        show(event);
    });
    socket.addEventListener('close', () => {
        if (!ended) setTimeout(() => follow(orderId, after), PAUSE_MS);
    });
}

form.addEventListener('submit', async (submitted) => {
    submitted.preventDefault();
    const action = (submitted.submitter as HTMLButtonElement | null)?.value ?? 'submit';
    try {
        if (action === 'quote') await showQuote();
        else {
            eventList.replaceChildren();
            follow(await submit());
        }
    } catch (error) {
        quoteLine.textContent = error instanceof Error ? error.message : String(error);
    }
});
