// Why a passage was kept, or left out: the words that it meets, and what each feature adds.
import { base, h, many, number, spot, svg } from "./dom.js";

// Features by their names, as a reader would say them.
const plain = {
  sentence: "the sentence", cover: "share of the question", near: "a paragraph around", section: "a section around", block: "between good sentences", chapter: "a chapter around", broad: "breadth",
  document: "the document", title: "words of the title", asked: "the title is asked for", bridge: "named by another", lead: "its beginning", names: "names that are new", length: "length",
  draft: "like a draft answer", look: "the passage", role: "kind of document", meaning: "meaning", judged: "judged by a model", kept: "worth it, says a model", defines: "says what it is",
};

/** reason says why a passage was left out, as a sentence. */
export function reason(r) {
  if (r === "budget") return "No room was left in the budget.";
  if (r === "no question term") return "It meets no word of the question.";
  if (r === "looks like a label") return "It looks like a label of this context.";
  if (r === "share of its document") return "Its document has its share already.";
  const same = r.match(/^duplicate of (.*):(\d+)-(\d+)$/s);
  if (same) return `It says nearly what ${base(same[1])} says, which is kept.`;
  const label = r.match(/^shown under label (\d+)$/);
  if (label) return `It is shown already, under ${label[1]}.`;
  return r[0].toUpperCase() + r.slice(1) + ".";
}

function bars(pairs) {
  const most = Math.max(...pairs.map(([, v]) => Math.abs(v)), 0.01);
  return h("dl.bars", {}, pairs.map(([name, v]) => [h("dt", {}, name), h("dd", {}, svg("svg", { viewBox: "0 0 100 8", preserveAspectRatio: "none", "aria-hidden": "true" }, svg("rect", { x: 0, y: 0, height: 8, width: ((100 * Math.abs(v)) / most).toFixed(1), class: v < 0 ? "minus" : "plus" })), h("span", {}, v.toFixed(2)))]));
}

const sorted = (o, n) => Object.entries(o).sort((a, b) => Math.abs(b[1]) - Math.abs(a[1])).slice(0, n);

/** why says of a span, or of what was left out, how it came to its score. */
export function why(receipt, s) {
  const out = s.reason !== undefined;
  const units = (receipt.units || []).filter((u) => u.doc === s.doc && u.start < s.end && s.start < u.end);
  const terms = {};
  for (const u of units) for (const [t, w] of Object.entries(u.terms)) terms[t.toLowerCase()] = Math.max(terms[t.toLowerCase()] || 0, w);
  const best = units.reduce((a, b) => (a && a.score >= b.score ? a : b), null);
  const last = receipt.spans.length ? Math.min(...receipt.spans.map((x) => x.score)) : 0;
  const place = spot(s.place);
  let words = null;
  if (Object.keys(terms).length) words = [h("h3", {}, "Words of the question"), bars(sorted(terms, 6))];
  else if (!out) words = h("p.dim", {}, "It meets no word of the question: it is needed to understand what stands beside it.");
  else if (units.length) words = s.reason === "no question term" ? null : h("p.dim", {}, "It meets no word of the question; what stands around it does.");
  else words = h("p.dim", {}, `Of ${many((receipt.units || []).length, "passage")} the scores are told in full; this one stands behind them.`);
  return [
    h("h2", {}, out ? `Why not ${base(s.doc)}, byte ${number(s.start)}` : `Why ${s.cite}, ${base(s.doc)}${place ? ", " + place : ""}`),
    out ? h("p", {}, reason(s.reason)) : null,
    words,
    best ? [h("h3", {}, "What its score is made of"), bars(sorted(best.features, 6).map(([name, v]) => [plain[name] || name, v]))] : null,
    h("p.dim", {}, `Score ${s.score.toFixed(2)}; the last that was kept has ${last.toFixed(2)}.`),
  ];
}
