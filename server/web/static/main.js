// The frame: who asks what, in the address, so that a link shows the same screen.
import { h, say, show } from "./dom.js";
import * as api from "./api.js";
import { contextView } from "./context.js";
import { searchView } from "./search.js";
import { windowView } from "./window.js";
import { documentsView } from "./documents.js";
import { healthView } from "./health.js";
import { closeSource, openSource } from "./source.js";

const views = {
  context: ["Context", contextView],
  ask: ["Ask", contextView],
  search: ["Search", searchView],
  window: ["Window", windowView],
  documents: ["Documents", documentsView],
  health: ["Health", healthView],
};

/** state is what the address says. */
export const state = { view: "context", collection: "default", q: "", budget: 1000, filter: "", open: "" };
let current = null; // the view that is shown
let all = []; // collections
let typed = false; // the question is being written: what arrives meanwhile leaves it alone

function read() {
  const p = new URLSearchParams(location.hash.slice(1));
  state.view = views[p.get("view")] ? p.get("view") : "context";
  state.collection = p.get("collection") || (all.some((c) => c.name === "default") || !all.length ? "default" : all[0].name);
  state.q = p.get("q") || "";
  state.budget = Math.min(Math.max(Number(p.get("budget")) || 1000, 1), 1000000);
  state.filter = p.get("filter") || "";
  state.open = p.get("open") || "";
}

/** go changes the state and the address. Where replace is true, Back skips what was before. */
export function go(change, replace = false) {
  Object.assign(state, change);
  const p = new URLSearchParams();
  const defaults = { view: "context", collection: "default", q: "", budget: 1000, filter: "", open: "" };
  for (const k of Object.keys(defaults)) if (state[k] !== defaults[k]) p.set(k, state[k]);
  const address = "#" + p;
  if (address !== (location.hash || "#")) history[replace ? "replaceState" : "pushState"](null, "", address);
}

/** visit changes the state and draws it. */
export function visit(change) {
  go(change);
  draw();
}

const question = h("input", { id: "question", type: "search", name: "q", autocomplete: "off", "aria-label": "Question", enterkeyhint: "go", maxlength: "60000", oninput: () => (typed = true) });
const tabs = h("nav", { "aria-label": "Views" });
const picker = h("select", { "aria-label": "Collection", onchange: () => visit({ collection: picker.value, open: "" }) });

function head() {
  const form = h("form", { role: "search", onsubmit: (e) => (e.preventDefault(), submit()) }, question, h("button.primary", { type: "submit" }, "Go"));
  const brand = h("a.brand", { href: "#", onclick: (e) => (e.preventDefault(), question.value = "", typed = false, visit({ view: "context", q: "", open: "", filter: "" })) }, "tamis");
  const keys = h("button.quiet", { type: "button", "aria-label": "Keys of this page", title: "Keys (?)", onclick: help }, "?");
  const light = h("button.quiet", { type: "button", "aria-label": "Light or dark", title: "Light or dark", onclick: theme }, "◐");
  show(document.getElementById("top"), h("div.bar", {}, h("h1", {}, brand), picker, form, light, keys), tabs);
}

function submit() {
  const view = ["documents", "health"].includes(state.view) ? "context" : state.view;
  go({ q: question.value.trim(), view, open: "" });
  typed = false;
  draw();
}

function drawTabs() {
  show(
    tabs,
    Object.entries(views).map(([name, [title]]) =>
      h("button", { type: "button", "aria-current": name === state.view ? "page" : undefined, onclick: () => visit({ view: name, q: question.value.trim(), open: "" }) }, title),
    ),
  );
  question.placeholder = { ask: "Ask a question", search: "Search for words", window: "Ask, and it is added to the window" }[state.view] || "What do you want to know?";
  picker.hidden = all.length < 2;
  show(picker, all.map((c) => h("option", { value: c.name, selected: c.name === state.collection }, c.name)));
}

async function draw() {
  const main = document.getElementById("main");
  if (current && current.close) current.close();
  current = null;
  drawTabs();
  if (!typed) question.value = state.q;
  document.title = (state.q ? state.q + " – " : "") + "tamis";
  document.body.dataset.view = state.view;
  if (!state.open) closeSource(true);
  current = await views[state.view][1](main, state);
  if (state.open) openSource(state.collection, state.open);
}

/** failed shows what was wrong, and what to do. */
export function failed(where, e) {
  if (e.name === "AbortError") return;
  if (e.status === 401) return askKey(where, e);
  const title =
    e.status === 0 ? "No connection" : e.status === 403 ? "Not allowed" : e.status === 404 ? "Not here" : e.status === 429 ? "Too many requests" : e.status === 507 ? "The disk is full" : e.field ? `Something is wrong with the ${e.field}` : "That did not work";
  show(where, h("div.note.bad", { role: "alert" }, h("h2", {}, title), h("p", {}, e.message || String(e)), h("button", { type: "button", onclick: draw }, "Try again")));
}

function askKey(where, e) {
  const field = h("input", { type: "password", "aria-label": "Key", autocomplete: "off", placeholder: "tamis_…" });
  const form = h("form", { onsubmit: (ev) => (ev.preventDefault(), api.key.set(field.value.trim()), start()) }, field, h("button.primary", { type: "submit" }, "Use this key"));
  show(where, h("div.note", { role: "alert" }, h("h2", {}, api.key.get() ? "This key does not hold any more" : "This server asks for a key"), h("p", {}, "Ask whoever runs it for one (tamis serve key add NAME). It is kept until this tab is closed."), form));
  field.focus();
}

function theme() {
  const dark = document.documentElement.dataset.theme ? document.documentElement.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  document.documentElement.dataset.theme = dark ? "light" : "dark";
  localStorage.setItem("tamis-theme", document.documentElement.dataset.theme);
}

const keys = [
  ["/", "question"], ["j  k", "next, previous passage"], ["Enter", "why it was kept"], ["o", "open its source"], ["Esc", "close the source"],
  ["b", "budget"], ["c", "copy the context"], ["r", "the receipt: save, sign, check"], ["d", "what was left out, and why"], ["?", "these keys"],
];

function help() {
  const d = h("dialog", { "aria-label": "Keys" }, h("h2", {}, "Keys"), h("dl.keys", {}, keys.map(([k, what]) => [h("dt", {}, h("kbd", {}, k)), h("dd", {}, what)])), h("form", { method: "dialog" }, h("button.primary", {}, "Close")));
  d.addEventListener("close", () => d.remove());
  document.body.append(d);
  d.showModal();
}

document.addEventListener("keydown", (e) => {
  if (e.ctrlKey || e.metaKey || e.altKey || document.querySelector("dialog[open]")) return;
  const typing = e.target.matches("input:not([type=range]), textarea, select");
  if (e.key === "Escape") {
    if (state.open) {
      go({ open: "" });
      closeSource();
    } else if (typing) e.target.blur();
    return;
  }
  if (typing) return;
  if (e.key === "/") {
    e.preventDefault();
    question.focus();
    question.select();
  } else if (e.key === "?") help();
  else if (current && current.key && current.key(e.key)) e.preventDefault();
});

// Files that are dropped anywhere on the page are added; without this the browser would open them.
for (const kind of ["dragover", "drop"]) {
  document.addEventListener(kind, async (e) => {
    if (!e.dataTransfer?.types.includes("Files")) return;
    e.preventDefault();
    if (kind === "dragover" || document.querySelector("dialog[open]")) return;
    const files = [...e.dataTransfer.files];
    if (collection() && !collection().writable) return say("This key may not add documents.");
    if (state.view !== "documents") {
      go({ view: "documents", open: "" });
      await draw();
    }
    current?.files?.(files);
  });
}

for (const moved of ["popstate", "hashchange"]) addEventListener(moved, () => ((typed = false), read(), draw()));

async function start() {
  const main = document.getElementById("main");
  try {
    await api.whoami();
    all = (await api.collections()).collections;
  } catch (e) {
    drawTabs();
    failed(main, e);
    return;
  }
  read();
  await draw();
  if (!state.q && matchMedia("(min-width: 800px)").matches) question.focus();
}

/** reload asks again which collections there are. */
export async function reload() {
  all = (await api.collections()).collections;
  drawTabs();
}

/** collection is what is known of the one that is shown, undefined where there is none. */
export const collection = () => all.find((c) => c.name === state.collection);

if (localStorage.getItem("tamis-theme")) document.documentElement.dataset.theme = localStorage.getItem("tamis-theme");
read(); // who asks before all is here asks under what the link says
head();
start();
