// Exact decimals, as text: what people type, and the little arithmetic that this page does with money.

const PLAIN = /^[+-]?(\d+\.?\d*|\.\d+)$/;
/** A space of any width between thousands, as this page itself writes them. */
const SPACES = /(?<=\d)[\s\u00a0\u2009\u202f](?=\d{3}(?!\d))/g;

/** Digits behind the point that every price has. */
const PRICE_PLACES = 18;

/**
 * What somebody typed, as the engine reads it: with a point, whichever of point and comma the keyboard has. `problem`
 * says what is wrong where a comma could mean two numbers, which differ a thousandfold.
 */
export function typed(text) {
  const value = String(text ?? "").trim().replace(SPACES, "");
  const commas = value.split(",").length - 1;
  if (commas === 0) return { value };
  if (commas > 1 || value.includes(".")) return { value, problem: "Write it without marks between thousands, like 1234.5." };
  const [whole, fraction] = value.split(",");
  const either = /^[1-9]\d{0,2}$/.test(whole) && /^\d{3}$/.test(fraction);
  if (either) return { value, problem: `Could be ${whole}.${fraction} or ${whole}${fraction}: write ${whole},${fraction}0 or ${whole}${fraction}.` };
  return { value: `${whole}.${fraction}` };
}

/** Whether this is a plain decimal above zero. */
export const isAmount = (text) => PLAIN.test(text) && /[1-9]/.test(text) && !text.startsWith("-");

/** A decimal in units of its last place, and how many places it has. */
function units(text) {
  const [whole, fraction = ""] = String(text).replace("+", "").split(".");
  return { units: BigInt(`${whole}${fraction}` || "0"), places: fraction.length };
}

const scaled = (text, places) => {
  const number = units(text);
  return number.units * 10n ** BigInt(places - number.places);
};

/** Less than zero where `a` is less than `b`, zero where they are the same number. */
export function compareAmounts(a, b) {
  const places = Math.max(units(a).places, units(b).places);
  const difference = scaled(a, places) - scaled(b, places);
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

/** What two amounts make together. */
export function sum(a, b) {
  const places = Math.max(units(a).places, units(b).places);
  return written(scaled(a, places) + scaled(b, places), places);
}

/** By how much the first exceeds the second. */
export function difference(a, b) {
  const places = Math.max(units(a).places, units(b).places);
  return written(scaled(a, places) - scaled(b, places), places);
}

function written(units, places) {
  const sign = units < 0n ? "-" : "";
  const digits = (units < 0n ? -units : units).toString().padStart(places + 1, "0");
  return places ? `${sign}${digits.slice(0, -places)}.${digits.slice(-places)}` : `${sign}${digits}`;
}

/**
 * The least that an order with this limit (quote per base) gives for `amountIn`, rounded up to the token's decimals, as
 * the engine does. Nothing where either is no number above zero.
 */
export function leastAtLimit({ amountIn, limitPrice, side, decimals }) {
  if (!isAmount(amountIn) || !isAmount(limitPrice)) return null;
  if (units(limitPrice).places > PRICE_PLACES) return null;
  const [amount, limit] = [units(amountIn), units(limitPrice)];
  const one = 10n ** BigInt(decimals);
  const [top, bottom] =
    side === "sell"
      ? [amount.units * limit.units * one, 10n ** BigInt(amount.places + limit.places)]
      : [amount.units * one * 10n ** BigInt(limit.places), limit.units * 10n ** BigInt(amount.places)];
  return written((top + bottom - 1n) / bottom, decimals);
}
