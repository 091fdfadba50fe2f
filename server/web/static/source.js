// The source itself: lines of a text, a page of a PDF file with the passage's box, or the form
// that its file has (forms.js).
import { Bytes, base, h, say, show, spot, svg } from "./dom.js";
import * as api from "./api.js";
import { failed, go } from "./main.js";
import { blocksOf, kindOf, mailHead, marked, sheet, slides, talk, toMark, withoutHead } from "./forms.js";

const panel = document.getElementById("source");
const around = 40;
let asked = 0;

/** closeSource hides the panel. */
export function closeSource() {
  asked++;
  panel.hidden = true;
  document.body.classList.remove("opened");
  show(panel);
}

/** openSource shows a range, "DOC:START-END", with the spans of its document. */
export async function openSource(collection, range, spans = []) {
  const m = range.match(/^(.*):(\d+)-(\d+)$/s);
  if (!m) return closeSource();
  const [id, start, end] = [m[1], Number(m[2]), Number(m[3])];
  const turn = ++asked;
  panel.hidden = false;
  document.body.classList.add("opened");
  const body = h("div.body", { tabindex: "0", role: "region", "aria-label": "Text of the source" });
  const where = h("span.where");
  const file = h("button.quiet", { type: "button", onclick: () => save(collection, id) }, "Original");
  const close = h("button.quiet", { type: "button", "aria-label": "Close the source", title: "Esc", onclick: () => (go({ open: "" }), closeSource()) }, "✕");
  show(panel, h("div.title", {}, h("h2", { title: id }, base(id)), where, h("span.path.dim", {}, id), file, close), body);
  try {
    const [s, d] = await Promise.all([api.show(collection, { id, start, end, around }), api.document_(collection, { id, start: 0, end: 0 })]);
    if (turn !== asked) return;
    show(where, spot(s.place), s.headings?.length ? h("span.dim", {}, (spot(s.place) ? " · " : "") + s.headings.join(" › ")) : null);
    const kind = kindOf(d, s.place);
    if (kind === "pages") return await pages(collection, id, s, body, turn);
    if (kind === "grid") return grid(s, spans, body);
    const form = { slides, sheet, talk }[kind];
    if (form) {
      const whole = await blocksOf(collection, d, s);
      if (turn === asked) form(whole, s, spans, body);
      return;
    }
    lines(kind === "mail" ? { ...s, lines: withoutHead(d, s, spans) } : s, spans, body);
    if (kind === "mail") {
      body.prepend(mailHead(d));
      toMark(body);
    }
  } catch (e) {
    if (turn === asked) failed(body, e);
  }
}

// A line of a file may hold several lines of its text: its number stands at the first.
function lines(s, spans, body) {
  let last;
  const rows = s.lines.map((l) => {
    const bytes = new Bytes(l.text, l.start);
    const same = l.line === last;
    last = l.line;
    return h("tr", {}, same || !l.line ? h("td") : h("th", { scope: "row" }, l.line), h("td", {}, marked(bytes, l.start, bytes.end, s, spans)));
  });
  show(body, h("table.lines", {}, h("tbody", {}, rows)));
  toMark(body);
}

// grid shows a table's rows; those of which something was kept are marked.
function grid(s, spans, body) {
  const inside = spans.length ? spans : [{ start: s.start, end: s.end }];
  const rows = s.lines.map((l) => {
    const end = new Bytes(l.text, l.start).end;
    const kept = inside.some((x) => x.start < end && x.end > l.start);
    return h("tr", { class: kept ? "kept" : "" }, l.line ? h("th", { scope: "row" }, l.line) : h("td"), l.text.split("\t").map((cell) => h("td", {}, cell)));
  });
  show(body, h("table.lines.grid", {}, h("tbody", {}, rows)));
  toMark(body, ".kept");
}

let pdfs = null; // pdf.js, once it is here

async function pages(collection, id, s, body, turn) {
  show(body, h("p.dim", {}, "Opening page ", s.place.page, " …"));
  if (!pdfs) {
    pdfs = await import("/assets/vendor/pdf.min.mjs");
    pdfs.GlobalWorkerOptions.workerSrc = "/assets/vendor/pdf.worker.min.mjs";
  }
  let file;
  try {
    file = await pdfs.getDocument({ url: api.original(collection, id), httpHeaders: api.headers(), isEvalSupported: false, enableXfa: false }).promise;
  } catch {
    if (turn === asked) {
      lines(s, [], body);
      body.prepend(h("p.dim", {}, "The file is not there as it was indexed: this is its text."));
    }
    return;
  }
  if (turn !== asked) return file.destroy();
  let number = s.place.page;
  const sheet = h("div.page");
  const count = h("span", {}, "");
  const turnTo = (n) => {
    number = Math.min(Math.max(n, 1), file.numPages);
    drawPage(file, number, number === s.place.page ? s.place.box : null, sheet, body);
    show(count, `page ${number} of ${file.numPages}`);
  };
  show(body, h("div.pager", {}, h("button.quiet", { type: "button", "aria-label": "Page before", onclick: () => turnTo(number - 1) }, "‹"), count, h("button.quiet", { type: "button", "aria-label": "Next page", onclick: () => turnTo(number + 1) }, "›")), h("div.pdf", {}, sheet, h("aside.passage", {}, h("h3", {}, "The passage"), h("p", {}, textOf(s)))));
  turnTo(number);
}

function textOf(s) {
  const all = new Bytes(s.lines.map((l) => l.text).join("\n"), s.lines[0]?.start || 0);
  return all.slice(s.start, s.end);
}

async function drawPage(file, number, box, sheet, body) {
  const page = await file.getPage(number);
  const natural = page.getViewport({ scale: 1 });
  const width = Math.min(sheet.clientWidth || 700, 900);
  const view = page.getViewport({ scale: width / natural.width });
  const dense = window.devicePixelRatio || 1;
  const canvas = h("canvas", { width: Math.floor(view.width * dense), height: Math.floor(view.height * dense), role: "img", "aria-label": `Page ${number}` });
  const layer = svg("svg", { viewBox: `0 0 ${natural.width} ${natural.height}`, class: "box", "aria-hidden": "true" }, box ? svg("rect", { x: box[0] - 2, y: box[1] - 2, width: box[2] - box[0] + 4, height: box[3] - box[1] + 4, rx: 2 }) : []);
  show(sheet, canvas, layer);
  await page.render({ canvas, canvasContext: canvas.getContext("2d"), viewport: view, transform: dense === 1 ? null : [dense, 0, 0, dense, 0, 0] }).promise;
  if (box) body.scrollTop = Math.max(0, (box[1] / natural.height) * canvas.clientHeight - 80);
}

async function save(collection, id) {
  const answer = await fetch(api.original(collection, id), { headers: api.headers() });
  if (!answer.ok) {
    const p = await answer.json().catch(() => ({}));
    return say(p.detail || "The file is not there any more.");
  }
  const a = h("a", { href: URL.createObjectURL(await answer.blob()), download: base(id) });
  a.click();
  setTimeout(() => URL.revokeObjectURL(a.href), 1000);
}
