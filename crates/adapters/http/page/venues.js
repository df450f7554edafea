// The venues, as the engine lists them, each in a colour of its own.

import { engine } from "./api.js";
import { byId, h } from "./dom.js";

/** So many colours there are; the style sheets know them by their numbers. */
const COLOURS = 6;

let names = [];

/** Asks which venues there are; everything that names one is drawn after this. */
export async function loadVenues() {
  names = (await engine.venues()).items.map(({ name }) => name);
  const select = byId("filters").querySelector("[name=dex]");
  select.replaceChildren(select.firstElementChild, ...names.map((name) => h("option", {}, name)));
}

/** All venues, by name. */
export const venues = () => names;

/** The classes of a venue: its name, and its colour. One that is no longer listed has none. */
export const venueClasses = (dex) => (names.includes(dex) ? [dex, `venue-${names.indexOf(dex) % COLOURS}`] : [dex]);

/** A venue's name in its colour. */
export const venueName = (dex) => h(["span", "venue-name", ...venueClasses(dex)].join("."), {}, dex);
