// Sources in the form that their files have: slides, sheets, mail, what was said.
import { Bytes, h, many, number, show, spot } from "./dom.js";
import * as api from "./api.js";

const mostWhole = 512 << 10; // bytes of a document that is asked for whole

/** kindOf is the form in which a document is shown. */
export function kindOf(d, place) {
  if (place?.page && /\.pdf$/i.test(d.id)) return "pages";
  if (place?.slide) return "slides";
  if (place?.cell || (place?.sheet && /^(xls|ods)/.test(d.type))) return "sheet";
  if (place?.seconds !== undefined) return "talk";
  if (d.type === "mail") return "mail";
  return /^(csv|tsv)$/.test(d.type) || /\.(csv|tsv)$/i.test(d.id) ? "grid" : "lines";
}

/** marked is a part of a source's text, with what was kept of it marked. */
export function marked(bytes, from, to, s, spans) {
  const inside = spans.length ? spans : [{ start: s.start, end: s.end }];
  const out = [];
  let at = from;
  for (const c of inside.filter((x) => x.start < to && x.end > from).sort((a, b) => a.start - b.start)) {
    const begin = Math.max(c.start, at);
    const end = Math.min(c.end, to);
    if (end <= begin) continue;
    out.push(bytes.slice(at, begin), h("mark", { class: c.start === s.start ? "this" : "" }, bytes.slice(begin, end)));
    at = end;
  }
  out.push(bytes.slice(at, to));
  return out;
}

/** toMark scrolls the panel, not what is behind it, to the passage. */
export function toMark(body, what = "mark.this, mark") {
  const mark = body.querySelector("mark.this") || body.querySelector(what);
  if (mark) body.scrollTop += mark.getBoundingClientRect().top - body.getBoundingClientRect().top - body.clientHeight / 3;
}

/** blocksOf brings the structure of a document: all of it where it is short, else what stands
 * around the passage. */
export async function blocksOf(collection, d, s) {
  const last = s.lines[s.lines.length - 1];
  const range = d.bytes <= mostWhole || !last ? {} : { start: s.lines[0].start, end: last.end };
  return api.document_(collection, { id: d.id, blocks: true, ...range });
}

/** slides shows one slide after the other, each with its number. */
export function slides(d, s, spans, body) {
  const bytes = new Bytes(d.text, d.start);
  const all = new Map();
  for (const b of d.blocks || []) {
    if (!b.place?.slide || b.start < d.start || b.end > d.end) continue;
    if (!all.has(b.place.slide)) all.set(b.place.slide, []);
    all.get(b.place.slide).push(b);
  }
  const numbers = [...all.keys()].sort((a, b) => a - b);
  const count = h("span", { "aria-live": "polite" });
  const sheet = h("div.slidesheet", { role: "group" });
  let at = Math.max(numbers.indexOf(s.place.slide), 0);
  const turnTo = (i) => {
    at = Math.min(Math.max(i, 0), numbers.length - 1);
    const n = numbers[at];
    show(count, `slide ${n} of ${numbers[numbers.length - 1]}`);
    sheet.setAttribute("aria-label", `Slide ${n}`);
    show(sheet, all.get(n).map((b) => h(b.kind === "heading" ? "h3" : b.kind === "list" ? "p.item" : "p", {}, marked(bytes, b.start, b.end, s, spans))));
  };
  const step = (name, text, by) => h("button.quiet", { type: "button", "aria-label": name, onclick: () => turnTo(at + by) }, text);
  show(body, h("div.pager", {}, step("Slide before", "‹", -1), count, step("Next slide", "›", 1)), sheet);
  turnTo(at);
}

const letters = (n) => (n > 26 ? letters(Math.floor((n - 1) / 26)) : "") + String.fromCharCode(65 + ((n - 1) % 26));
const column = (cell) => [...cell.match(/^[A-Z]+/i)[0].toUpperCase()].reduce((n, c) => 26 * n + c.charCodeAt(0) - 64, 0);

const mostRows = 200; // of a sheet that are shown, around the passage

/** sheet shows cells where they stand, under their letters and beside their numbers. */
export function sheet(d, s, spans, body) {
  const bytes = new Bytes(d.text, d.start);
  const inside = spans.length ? spans : [{ start: s.start, end: s.end }];
  let rows = (d.blocks || []).filter((b) => b.place?.cell && b.place.sheet === s.place.sheet && b.start >= d.start && b.end <= d.end);
  rows = rows.map((b) => ({ b, row: Number(b.place.cell.match(/\d+$/)?.[0] || 0), from: column(b.place.cell), cells: bytes.slice(b.start, b.end).split("\t"), kept: inside.some((x) => x.start < b.end && x.end > b.start) }));
  const first = Math.max(rows.findIndex((r) => r.kept), 0);
  const whole = rows.length;
  const begin = Math.max(0, Math.min(first - mostRows / 2, whole - mostRows));
  rows = rows.slice(begin, begin + mostRows);
  const low = Math.min(...rows.map((r) => r.from));
  const high = Math.max(...rows.map((r) => r.from + r.cells.length - 1));
  const columns = Array.from({ length: high - low + 1 }, (_, i) => low + i);
  const line = (r) => h("tr", { class: r.kept ? "kept" : "" }, h("th", { scope: "row" }, r.row || ""), columns.map((c) => h("td", {}, r.cells[c - r.from] ?? "")));
  show(
    body,
    h("table.lines.grid", {}, h("caption", {}, s.place.sheet || d.title, whole > rows.length ? h("span.dim", {}, `  ${number(rows.length)} of ${many(whole, "row")}`) : null), h("thead", {}, h("tr", {}, h("td.corner"), columns.map((c) => h("th", { scope: "col" }, letters(c))))), h("tbody", {}, rows.map(line))),
  );
  toMark(body, ".kept");
}

/** talk shows what was said, each turn with its time. */
export function talk(d, s, spans, body) {
  const bytes = new Bytes(d.text, d.start);
  const turns = (d.blocks || []).filter((b) => b.place?.seconds !== undefined && b.start >= d.start && b.end <= d.end);
  const near = Math.max(turns.findIndex((b) => b.end > s.start), 0);
  const some = turns.slice(Math.max(0, near - 100), near + 100);
  show(body, h("table.lines.talk", {}, h("tbody", {}, some.map((b) => h("tr", {}, h("th", { scope: "row" }, spot({ seconds: b.place.seconds })), h("td", {}, marked(bytes, b.start, b.end, s, spans)))))));
  toMark(body);
}

/** mailHead is who wrote to whom, and when. */
export function mailHead(d) {
  const date = d.metadata?.date ? new Date(d.metadata.date) : null;
  const rows = [["Subject", d.title], ["From", d.metadata?.from], ["To", d.metadata?.to], ["Cc", d.metadata?.cc], ["Date", date && !isNaN(date) ? date.toLocaleString() : d.metadata?.date]];
  return h("dl.mailhead", {}, rows.filter(([, v]) => v).map(([k, v]) => [h("dt", {}, k), h("dd", {}, Array.isArray(v) ? v.join(", ") : v)]));
}

/** withoutHead are the lines of a letter below its head, where no passage is of the head alone. */
export function withoutHead(d, s, spans) {
  if (!s.lines.length || s.lines[0].start !== 0) return s.lines;
  const body = s.lines.findIndex((l, i) => i > 0 && l.text && !/^(From|To|Cc|Bcc|Date|Subject|Reply-To): /.test(l.text));
  const from = body < 0 ? 0 : s.lines[body].start;
  const kept = (spans.length ? spans : [s]).some((x) => x.end <= from);
  return kept || body < 0 ? s.lines : s.lines.slice(body);
}
