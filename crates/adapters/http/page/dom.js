// Making elements, and saying things to whoever listens.

/** An element: `h("p.note", {id: "x", onclick: f}, "text", child)`. Text is text, never markup. */
export function h(what, attributes = {}, ...children) {
  const [tag, ...classes] = what.split(".");
  const element = document.createElement(tag);
  if (classes.length) element.className = classes.join(" ");
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** The same for drawings. */
export function s(tag, attributes = {}, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

export const byId = (id) => document.getElementById(id);

/** Says it to a screen reader, once it has finished what it is saying. */
export function say(text) {
  byId("said").append(h("p", {}, text));
  while (byId("said").childElementCount > 4) byId("said").firstChild.remove();
}

/** Says it to everybody. */
export function toast(text, bad = false) {
  const note = h(bad ? "p.toast.bad" : "p.toast", {}, text);
  byId("toasts").append(note);
  setTimeout(() => note.remove(), 5000);
  say(text);
}

/** Shows what went wrong, or that nothing did. */
export function problem(element, error) {
  element.hidden = !error;
  element.textContent = error ? error.message : "";
}

/** Calls `f` when it has not been asked for so long. */
export function settled(f, delay) {
  let timer;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(f, delay);
  };
}

/** Calls `f` again and again while the page is seen, never two at a time. */
export function everyWhileSeen(delay, f) {
  const turn = async () => {
    try {
      if (!document.hidden) await f();
    } finally {
      setTimeout(turn, delay);
    }
  };
  turn();
}
