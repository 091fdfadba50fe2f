// Elements. What documents say only ever becomes text, never markup.

/** h makes an element: attributes by name, on… for events, children that are text or elements. */
export function h(tag, attributes = {}, ...children) {
  const [name, ...classes] = tag.split(".");
  const e = document.createElement(name || "div");
  if (classes.length) e.className = classes.join(" ");
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith("on")) e.addEventListener(key.slice(2), value);
    else if (key === "class") e.className = value;
    else if (key in e && typeof value !== "string") e[key] = value;
    else if (key === "value") e.value = value;
    else e.setAttribute(key, value === true ? "" : value);
  }
  append(e, children);
  return e;
}

function append(e, children) {
  for (const c of children.flat(9)) {
    if (c === null || c === undefined || c === false) continue;
    e.append(c.nodeType ? c : document.createTextNode(String(c)));
  }
}

/** show puts children in the place of what an element holds. */
export function show(e, ...children) {
  e.replaceChildren();
  append(e, children);
  return e;
}

const svgNames = "http://www.w3.org/2000/svg";

/** svg makes an element of a drawing. */
export function svg(tag, attributes = {}, ...children) {
  const e = document.createElementNS(svgNames, tag);
  for (const [key, value] of Object.entries(attributes)) if (value !== undefined) e.setAttribute(key, value);
  append(e, children);
  return e;
}

const said = document.getElementById("said");

/** say tells readers of screens, and others for a moment, what has happened. A dialog hides what
 * is outside of it from both. */
export function say(text) {
  const where = document.querySelector("dialog[open]") || document.body;
  if (said.parentNode !== where) where.append(said);
  said.textContent = text;
  said.classList.add("seen");
  clearTimeout(say.timer);
  say.timer = setTimeout(() => said.classList.remove("seen"), 3000);
}

/** size writes a number of bytes as people do. */
export function size(n) {
  for (const unit of ["B", "KiB", "MiB", "GiB"]) {
    if (n < 1024 || unit === "GiB") return (unit === "B" ? n : n.toFixed(1)) + " " + unit;
    n /= 1024;
  }
}

export const number = (n) => n.toLocaleString("en-US");

/** many counts things. */
export const many = (n, what) => `${number(n)} ${what}${n === 1 ? "" : "s"}`;

/** base is the last part of a path. */
export const base = (path) => path.replace(/\/+$/, "").split(/[/\\]/).pop() || path;

/** spot says where in its file a place is, as the command line does. */
export function spot(place) {
  if (!place) return "";
  const parts = [];
  if (place.page) parts.push("p. " + place.page);
  if (place.slide) parts.push("slide " + place.slide);
  if (place.sheet) parts.push(place.cell ? place.sheet + "!" + place.cell : place.sheet);
  else if (place.cell) parts.push(place.cell);
  if (place.paragraph) parts.push("¶ " + place.paragraph);
  if (place.seconds !== undefined) {
    const s = Math.floor(place.seconds);
    parts.push([Math.floor(s / 3600), Math.floor(s / 60) % 60, s % 60].map((x) => String(x).padStart(2, "0")).join(":"));
  }
  if (place.line && !parts.length) parts.push("line " + number(place.line));
  return parts.join(", ");
}

const reading = new TextDecoder();
const writing = new TextEncoder();

/** Bytes is a text whose parts are named by their bytes, as the server counts them. */
export class Bytes {
  constructor(text, start = 0) {
    this.start = start;
    this.bytes = writing.encode(text);
  }
  get end() {
    return this.start + this.bytes.length;
  }
  slice(from, to) {
    return reading.decode(this.bytes.subarray(from - this.start, to - this.start));
  }
}
