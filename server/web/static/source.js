// The source itself: lines of a text, a page of a PDF file with the passage's box.
import { Bytes, base, h, show, spot, svg } from "./dom.js";
import * as api from "./api.js";
import { failed, go } from "./main.js";

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
    const s = await api.show(collection, { id, start, end, around });
    if (turn !== asked) return;
    show(where, spot(s.place), s.headings?.length ? h("span.dim", {}, "  " + s.headings.join(" › ")) : null);
    if (s.place?.page && /\.pdf$/i.test(id)) {
      await pages(collection, id, s, body, turn);
    } else if (/\.(csv|tsv|xlsx?|xlsm|ods)$/i.test(id)) grid(s, spans, body);
    else lines(s, spans, body);
  } catch (e) {
    if (turn === asked) failed(body, e);
  }
}

function lines(s, spans, body) {
  const inside = spans.length ? spans : [{ start: s.start, end: s.end }];
  const rows = s.lines.map((l) => {
    const bytes = new Bytes(l.text, l.start);
    const cuts = inside.filter((x) => x.start < bytes.end && x.end > l.start).sort((a, b) => a.start - b.start);
    const parts = [];
    let at = l.start;
    for (const c of cuts) {
      const from = Math.max(c.start, at);
      const to = Math.min(c.end, bytes.end);
      if (to <= from) continue;
      parts.push(bytes.slice(at, from), h("mark", { class: c.start === s.start ? "this" : "" }, bytes.slice(from, to)));
      at = to;
    }
    parts.push(bytes.slice(at, bytes.end));
    return h("tr", {}, h("th", { scope: "row" }, l.line || ""), h("td", {}, parts));
  });
  show(body, h("table.lines", {}, h("tbody", {}, rows)));
  const mark = body.querySelector("mark.this") || body.querySelector("mark"); // the panel scrolls, not what is behind it
  if (mark) body.scrollTop += mark.getBoundingClientRect().top - body.getBoundingClientRect().top - body.clientHeight / 3;
}

// grid shows a table's rows; those of which something was kept are marked.
function grid(s, spans, body) {
  const inside = spans.length ? spans : [{ start: s.start, end: s.end }];
  const rows = s.lines.map((l) => {
    const end = new Bytes(l.text, l.start).end;
    const kept = inside.some((x) => x.start < end && x.end > l.start);
    return h("tr", { class: kept ? "kept" : "" }, h("th", { scope: "row" }, l.line || ""), l.text.split("\t").map((cell) => h("td", {}, cell)));
  });
  show(body, h("table.lines.grid", {}, h("tbody", {}, rows)));
  const first = body.querySelector(".kept");
  if (first) body.scrollTop += first.getBoundingClientRect().top - body.getBoundingClientRect().top - body.clientHeight / 3;
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
    const { say } = await import("./dom.js");
    return say(p.detail || "The file is not there any more.");
  }
  const a = h("a", { href: URL.createObjectURL(await answer.blob()), download: base(id) });
  a.click();
  setTimeout(() => URL.revokeObjectURL(a.href), 1000);
}
