// Ranked passages, for people who want to read.
import { base, h, number, show, spot } from "./dom.js";
import * as api from "./api.js";
import { empty, nothing } from "./states.js";
import { collection, failed, go, state, visit } from "./main.js";
import { openSource } from "./source.js";

const hitsShown = 30;

export async function searchView(main) {
  if (!collection() || !collection().documents) return empty(main);
  if (!state.q) {
    show(main, h("div.note", {}, h("h2", {}, "Search for words"), h("p", {}, "You get passages, best first. Filters appear beside them.")));
    return {};
  }
  let found;
  try {
    found = await api.search(state.collection, { query: state.q, k: hitsShown, filter: state.filter || undefined });
  } catch (e) {
    failed(main, e);
    return {};
  }
  const words = state.q.toLowerCase().match(/[\p{L}\p{N}]{2,}/gu) || [];
  const list = h("ol.hits", {}, found.hits.map((hit) => h("li", {}, h("button.name", { type: "button", title: hit.doc, onclick: () => open(hit) }, hit.title && hit.title !== base(hit.doc) ? hit.title : base(hit.doc)), h("span.dim", {}, spot(hit.place)), h("span.path.dim", {}, hit.doc), hit.headings?.length ? h("div.dim", {}, hit.headings.join(" › ")) : null, h("p", {}, marked(shortened(hit.text, words), words)))));
  const body = h("div", {});
  show(main, h("div.facts", {}, h("span", {}, h("strong", {}, found.hits.length), found.hits.length === hitsShown ? " best passages" : " passages"), h("span", {}, `${found.took_ms.toFixed(1)} ms`), h("span", {}, found.exact ? "exact" : `approximate (${Math.round(100 * found.recall)} %)`), found.incomplete ? h("span.bad", {}, `${number(found.incomplete)} documents cannot be found yet`) : null), chips(found.hits), body);
  if (found.hits.length) show(body, list);
  else nothing(body, state.q);
  let at = -1;
  return {
    key(k) {
      const move = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1 }[k];
      const buttons = [...list.querySelectorAll(".name")];
      if (move && buttons.length) {
        at = Math.min(Math.max(at + move, 0), buttons.length - 1);
        buttons[at].focus();
        return true;
      }
      if (k === "o" && at >= 0) return buttons[at].click(), true;
      return false;
    },
  };
}

function open(hit) {
  go({ open: `${hit.doc}:${hit.start}-${hit.end}` });
  openSource(state.collection, state.open);
}

// chips narrow by what the hits have: type, role, language.
function chips(hits) {
  const out = [];
  for (const field of ["type", "role", "lang"]) {
    const counts = {};
    for (const x of hits) if (x.metadata?.[field]) counts[x.metadata[field]] = (counts[x.metadata[field]] || 0) + 1;
    const values = Object.entries(counts).sort((a, b) => b[1] - a[1]).slice(0, 6);
    if (values.length > 1) for (const [value, n] of values) out.push(h("button.chip", { type: "button", onclick: () => narrow(field, value) }, `${value} `, h("span.dim", {}, n)));
  }
  const field = h("input.filter", { type: "text", value: state.filter, placeholder: 'filter, such as lang = "en"', "aria-label": "Filter", onchange: (e) => visit({ filter: e.target.value.trim() }) });
  return h("div.chips", {}, out, field, state.filter ? h("button.chip.on", { type: "button", onclick: () => visit({ filter: "" }) }, "all ✕") : null);
}

function narrow(field, value) {
  const one = `${field} = ${JSON.stringify(value)}`;
  visit({ filter: state.filter ? `${state.filter} and ${one}` : one });
}

// shortened shows the part of a long text where its words are.
function shortened(text, words, most = 480) {
  text = text.replace(/\s*\n\s*/g, "\n").trim();
  if (text.length <= most) return text;
  const low = text.toLowerCase();
  const first = Math.min(...words.map((w) => low.indexOf(w)).filter((i) => i >= 0), text.length);
  const from = first === text.length || first < 120 ? 0 : text.lastIndexOf(" ", first - 80) + 1;
  const end = from + most < text.length ? Math.max(text.lastIndexOf(" ", from + most), from + most - 40) : text.length;
  return (from ? "… " : "") + text.slice(from, end) + (end < text.length ? " …" : "");
}

function marked(text, words) {
  if (!words.length) return text;
  const any = new RegExp(`(${words.map((w) => w.replace(/[^\p{L}\p{N}]/gu, "")).join("|")})`, "giu");
  return text.split(any).map((part, i) => (i % 2 ? h("mark", {}, part) : part));
}
