// What the model gets, beside where it comes from and why.
import { Bytes, base, h, many, number, say, show, size, spot, svg } from "./dom.js";
import * as api from "./api.js";
import { empty, nothing } from "./states.js";
import { collection, failed, go, state } from "./main.js";
import { openSource } from "./source.js";
import { ask } from "./answer.js";
import { bare, changedText, copy, receiptDialog } from "./receipt.js";
import { reason, why } from "./why.js";

const hues = 8;
const hue = (i) => "c" + ((i % hues) + 1);
const repackEvery = 60; // ms
const mostDropped = 40; // passages left out that are listed

/** contextView packs the question's context, and asks a model where the view is "ask". */
export async function contextView(main) {
  if (!collection() || !collection().documents) return empty(main);
  if (!state.q) return welcome(main);
  const view = new View(main);
  await view.pack();
  if (state.view === "ask") view.ask();
  return view;
}

function welcome(main) {
  const c = collection();
  show(
    main,
    h("div.note", {}, h("h2", {}, `${number(c.documents)} documents, ${number(c.passages)} passages`), h("p", {}, "Ask in your own words. You get the few passages that answer, each with its source, in a budget of tokens that is never exceeded."), h("p.dim", {}, "Press / to ask, ? for all keys."), h("button.quiet", { type: "button", onclick: () => receiptDialog(null) }, "Check a receipt")),
  );
}

class View {
  constructor(main) {
    this.main = main;
    this.answer = h("section.answer", { hidden: true, "aria-label": "Answer" });
    this.text = h("div.text", { role: "list", "aria-label": "What the model gets" });
    this.docs = h("div.docs");
    this.why = h("section.why", { "aria-label": "Why", tabindex: "0", hidden: true });
    this.facts = h("div.facts");
    this.changed = h("div.changed", { role: "alert", hidden: true });
    this.curve = h("div.curve");
    this.slider = h("input", { type: "range", min: "0", max: "100", step: "0.5", value: String(share(state.budget)), "aria-label": "Budget in tokens", oninput: () => this.slide() });
    this.marks = h("div.marks", { "aria-hidden": "true" }, [256, 1000, 4000, 16000].map((n) => h("span", { class: "m" + n }, n >= 1000 ? n / 1000 + "k" : n)));
    this.selected = -1;
    this.dropped = false;
    this.left = h("section.left", {}, h("div.title", {}, h("h2", {}, "What the model gets"), this.tools()), this.text);
    this.right = h("aside.right", { "aria-label": "Where it comes from" }, h("h2", {}, "Where it comes from"), this.docs, this.why);
    show(main, h("div.budget", {}, h("div.slide", {}, this.curve, this.slider, this.marks), this.facts), this.changed, this.answer, h("div.columns", {}, this.left, this.right));
  }

  tools() {
    const form = h("select", { "aria-label": "Copy as", onchange: (e) => (this.copy(e.target.value), (e.target.value = "")) }, [["", "Copy…"], ["plain", "Text"], ["markdown", "Markdown"], ["xml", "XML"], ["receipt", "Receipt (JSON)"]].map(([v, t]) => h("option", { value: v }, t)));
    return h("div.tools", {}, form, h("button.quiet", { type: "button", onclick: () => this.receipt && receiptDialog(this.receipt) }, "Receipt"), h("button.quiet", { type: "button", onclick: () => this.verify(true) }, "Verify"));
  }

  request() {
    return { question: state.q, budget: state.budget, filter: state.filter || undefined, dropped: true, explain: true };
  }

  async pack() {
    this.pending?.abort();
    this.pending = new AbortController();
    const slow = setTimeout(() => this.main.classList.add("waits"), 250);
    try {
      this.receipt = await api.context(state.collection, this.request(), this.pending.signal);
      await this.fetchSources();
      this.draw();
      clearTimeout(this.verifying);
      this.verifying = setTimeout(() => this.verify(false), 300);
    } catch (e) {
      failed(this.text, e);
      if (e.name !== "AbortError") show(this.docs);
    } finally {
      clearTimeout(slow);
      this.main.classList.remove("waits");
    }
  }

  slide() {
    go({ budget: tokens(Number(this.slider.value)) }, true);
    this.showFacts();
    if (this.timer) return;
    this.timer = setTimeout(() => ((this.timer = 0), this.pack()), repackEvery);
  }

  // fetchSources brings the bytes around the spans of each document.
  async fetchSources() {
    const want = new Map();
    for (const s of this.receipt.spans) {
      const w = want.get(s.doc) || { from: s.start, to: s.end, spans: [] };
      w.from = Math.min(w.from, s.start);
      w.to = Math.max(w.to, s.end);
      w.spans.push(s);
      want.set(s.doc, w);
    }
    this.sources ||= new Map();
    await Promise.all(
      [...want].map(async ([id, w]) => {
        const ranges = w.to - w.from < 1 << 18 ? [[w.from, w.to]] : w.spans.map((s) => [s.start, s.end]);
        for (const [start, end] of ranges) {
          const known = this.sources.get(id);
          if (known?.parts.some((p) => p.start <= start && end <= p.end)) continue;
          const d = await api.document_(state.collection, { id, start, end });
          const at = this.sources.get(id) || { bytes: d.bytes, title: d.title, type: d.type, parts: [] };
          at.parts.push(new Bytes(d.text, d.start));
          this.sources.set(id, at);
        }
      }),
    );
  }

  textOf(doc, start, end) {
    const part = this.sources.get(doc)?.parts.find((p) => p.start <= start && end <= p.end);
    return part?.slice(start, end);
  }

  draw() {
    const r = this.receipt;
    this.order = [];
    for (const s of r.spans) if (!this.order.includes(s.doc)) this.order.push(s.doc);
    this.showFacts();
    this.drawCurve();
    if (!r.spans.length) {
      nothing(this.text, r.question);
      show(this.docs);
      return;
    }
    show(this.text, this.pieces());
    this.drawDocs();
    const best = r.spans.reduce((b, s, i) => (s.score > r.spans[b].score ? i : b), 0);
    this.select(this.selected < 0 ? best : Math.min(this.selected, r.spans.length - 1), false);
  }

  // pieces cuts the text where spans begin and end; what stands between (labels, marks of
  // what was left out) is shown as it is.
  pieces() {
    const { text, spans } = this.receipt;
    const out = [];
    let at = 0;
    let group = null;
    let cite = 0;
    spans.forEach((s, i) => {
      const own = this.textOf(s.doc, s.start, s.end);
      const from = own === undefined ? -1 : text.indexOf(own.trimEnd(), at);
      const between = from < 0 ? "" : text.slice(at, from);
      if (s.cite !== cite) {
        cite = s.cite;
        group = h("div.group", { class: "group " + hue(this.order.indexOf(s.doc)), role: "listitem" });
        out.push(group);
      }
      if (between) group.append(h("span.join", {}, between.replace(/^\n+/, (n) => (group.childNodes.length ? n : ""))));
      const before = spans[i - 1];
      if (s.gap && before?.cite === s.cite && before.doc === s.doc && s.start > before.end) group.append(h("span.cut", { "data-left": `${size(s.start - before.end)} left out`, "aria-hidden": "true" }));
      const e = h("span.span", { tabindex: "0", role: "group", "aria-label": `Source ${s.cite}, ${base(s.doc)} ${spot(s.place)}`, onclick: () => this.select(i, true), onfocus: () => this.select(i, false), onmouseenter: () => this.peek(i), onmouseleave: () => this.peek(-1) }, own === undefined ? `[${s.cite}] ${base(s.doc)} has changed` : own.trimEnd());
      group.append(e);
      if (from >= 0) at = from + own.trimEnd().length;
    });
    if (at < text.length) group?.append(h("span.join", {}, text.slice(at).replace(/\n+$/, "")));
    return out;
  }

  showFacts() {
    const r = this.receipt;
    const now = h("strong", {}, number(state.budget));
    if (!r) return show(this.facts, now, " tokens");
    const level = Math.round(r.confidence * 4);
    show(
      this.facts,
      h("span", {}, h("strong", {}, number(r.tokens)), " of ", now, " tokens"),
      h("span", { title: `An estimate, by words alone, that this answers the question: ${r.confidence.toFixed(2)}` }, "confidence ", h("span.meter", { role: "img", "aria-label": `${level} of 4` }, "▮".repeat(level) + "▯".repeat(4 - level))),
      h("span", {}, `${many(r.spans.length, "passage")}, ${many(this.order?.length || 0, "document")}`),
      (this.verdict ||= h("span.verdict")),
    );
  }

  // The score of what each further token brings, best first, and where the budget ends.
  drawCurve() {
    const units = [...(this.receipt.units || [])].sort((a, b) => b.score - a.score).slice(0, 400);
    if (units.length < 3) return show(this.curve);
    const top = units[0].score || 1;
    let bytes = 0;
    const points = units.map((u) => {
      bytes += u.end - u.start;
      return [share(bytes / 4), Math.max(0, u.score / top)];
    });
    const line = points.filter(([x]) => x <= 100).map(([x, y]) => `${x.toFixed(2)},${(20 - 18 * y).toFixed(2)}`);
    show(this.curve, svg("svg", { viewBox: "0 0 100 20", preserveAspectRatio: "none", role: "img", "aria-label": "Score of what each further token brings" }, svg("polyline", { points: line.join(" "), class: "line", "vector-effect": "non-scaling-stroke" })));
  }

  drawDocs() {
    const r = this.receipt;
    const cards = this.order.map((doc, i) => {
      const spans = r.spans.filter((s) => s.doc === doc);
      const source = this.sources.get(doc);
      const bytes = spans.reduce((n, s) => n + s.end - s.start, 0);
      const first = spans[0];
      return h(
        "article.doc",
        { class: "doc " + hue(i) },
        h("button.name", { type: "button", title: doc, onclick: () => this.open(r.spans.indexOf(first)) }, h("span.label", {}, [...new Set(spans.map((s) => s.cite))].join(", ")), h("span.what", {}, source?.title && source.title !== base(doc) ? source.title : base(doc)), h("span.where", {}, spot(first.place))),
        this.strip(doc, spans, source?.bytes || 1),
        h("div.dim", {}, h("span.path", {}, doc), h("span", {}, ` ${many(spans.length, "passage")}, ${number(bytes)} of ${number(source?.bytes || 0)} bytes`)),
      );
    });
    const more = this.more = h("button.quiet.more", { type: "button", "aria-expanded": this.dropped, onclick: () => this.toggleDropped() }, `${this.dropped ? "▾" : "▸"} ${number(r.dropped_count)} more ${r.dropped_count === 1 ? "was" : "were"} scored and left out`);
    this.droppedList = h("div.dropped", { hidden: !this.dropped });
    show(this.docs, cards, r.dropped_count ? more : null, this.droppedList);
    if (this.dropped) this.drawDropped();
  }

  // The whole document from its start to its end: dark where kept, pale where left out.
  strip(doc, spans, bytes) {
    const rect = (s, kind) => svg("rect", { x: ((1000 * s.start) / bytes).toFixed(1), width: Math.max(4, (1000 * (s.end - s.start)) / bytes).toFixed(1), y: 0, height: 10, class: kind });
    const cells = new Set();
    const pale = (this.receipt.dropped || []).filter((d) => {
      const cell = Math.floor((200 * d.start) / bytes);
      return d.doc === doc && !cells.has(cell) && cells.add(cell);
    });
    return svg("svg", { viewBox: "0 0 1000 10", preserveAspectRatio: "none", class: "strip", role: "img", "aria-label": `Where in the document: ${spans.map((s) => Math.round((100 * s.start) / bytes) + " %").join(", ")}` }, pale.map((d) => rect(d, "pale")), spans.map((s) => rect(s, "kept")));
  }

  toggleDropped() {
    this.dropped = !this.dropped;
    this.right.classList.toggle("peeking", this.dropped);
    if (!this.dropped) this.peek(-1);
    this.drawDocs();
    if (this.dropped) this.right.scrollTop = this.more.offsetTop; // the list has the room, and why stays below it
  }

  async drawDropped() {
    const list = [...(this.receipt.dropped || [])].sort((a, b) => b.score - a.score).slice(0, mostDropped);
    const rows = list.map((d) => {
      const text = h("q.pale", {}, "…");
      const open = () => (go({ open: `${d.doc}:${d.start}-${d.end}` }), openSource(state.collection, state.open));
      const tell = () => {
        this.droppedList.querySelectorAll(".drop").forEach((e) => e.classList.toggle("told", e === row));
        this.drawWhy(d);
      };
      const row = h("div.drop", { onmouseenter: tell, onfocusin: tell, onclick: tell }, h("button.quiet", { type: "button", title: d.doc, onclick: open }, base(d.doc)), h("span.dim", {}, `${d.score.toFixed(2)}, ${reason(d.reason)}`), text);
      return { d, text, row };
    });
    show(this.droppedList, rows.map((r) => r.row), this.receipt.dropped_count > list.length ? h("p.dim", {}, `and ${number(this.receipt.dropped_count - list.length)} with less`) : null);
    for (const { d, text } of rows) {
      try {
        const part = await api.document_(state.collection, { id: d.doc, start: d.start, end: d.end });
        text.textContent = part.text.length > 240 ? part.text.slice(0, 239) + "…" : part.text;
      } catch {
        text.textContent = "its source has changed";
      }
      if (!text.isConnected) return;
    }
  }

  spans() {
    return [...this.text.querySelectorAll(".span")];
  }

  peek(i) {
    this.drawWhy(this.receipt.spans[i < 0 ? this.selected : i]);
  }

  select(i, open) {
    this.selected = i;
    this.spans().forEach((e, k) => e.classList.toggle("selected", k === i));
    this.drawWhy(this.receipt.spans[i]);
    if (open) this.open(i);
  }

  open(i) {
    const s = this.receipt.spans[i];
    go({ open: `${s.doc}:${s.start}-${s.end}` });
    openSource(state.collection, state.open, this.receipt.spans.filter((x) => x.doc === s.doc));
  }

  drawWhy(s) {
    this.why.hidden = !s;
    if (s) show(this.why, why(this.receipt, s));
  }

  // verify builds the text again from the stored sources; what is not as it was is named.
  async verify(aloud) {
    const v = (this.verdict ||= h("span.verdict"));
    const receipt = this.receipt;
    if (!receipt) return;
    const says = (good, short, long) => {
      if (receipt !== this.receipt) return;
      v.className = good ? "verdict good" : "verdict bad";
      show(v, short);
      v.title = long;
      this.changed.hidden = good;
      show(this.changed, good ? null : [h("p", {}, long), h("button", { type: "button", onclick: () => this.anew() }, "Pack again")]);
      if (aloud) say(good ? long : ""); // the alert says what is wrong
    };
    try {
      const same = (await api.replay(state.collection, bare(receipt))).text === receipt.text;
      says(same, same ? "✓ verified" : "✗ differs", same ? "Verified: built again from the sources, the same bytes." : "The sources give another text now.");
      this.mark(null);
    } catch (e) {
      says(false, e.status === 409 ? "✗ a source has changed" : "✗ not verified", changedText(e));
      if (receipt === this.receipt) this.mark(e.values?.find((x) => x?.doc));
    }
  }

  // mark shows which passages are of a range that has changed.
  mark(range) {
    this.spans().forEach((e, i) => {
      const s = this.receipt.spans[i];
      e.classList.toggle("stale", Boolean(range) && s.doc === range.doc && s.start < range.end && range.start < s.end);
    });
  }

  // anew forgets what the sources were.
  async anew() {
    this.sources = new Map();
    await this.pack();
  }

  async copy(as) {
    if (!as || !this.receipt) return;
    let text = this.receipt.text;
    if (as === "receipt") text = JSON.stringify(bare(this.receipt), null, 1);
    else if (as !== "plain") text = (await api.context(state.collection, { ...this.request(), explain: false, dropped: false, render: as })).text;
    await copy(text);
  }

  async ask() {
    const cite = (n) => {
      const i = this.receipt.spans.findIndex((s) => s.cite === n);
      return i < 0 ? null : h("button.cite", { type: "button", class: "cite " + hue(this.order.indexOf(this.receipt.spans[i].doc)), onclick: () => this.select(i, true) }, n);
    };
    this.asked = await ask(this.answer, cite, () => this.ask());
  }

  key(k) {
    const n = this.receipt?.spans.length || 0;
    const move = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1 }[k];
    if (move && n) {
      const i = Math.min(Math.max(this.selected + move, 0), n - 1);
      this.spans()[i]?.focus();
      this.spans()[i]?.scrollIntoView({ block: "nearest" });
      return true;
    }
    if (k === "Enter" && this.selected >= 0) return this.why.scrollIntoView({ block: "nearest" }), true;
    if (k === "o" && this.selected >= 0) return this.open(this.selected), true;
    if (k === "b") return this.slider.focus(), true;
    if (k === "c") return this.copy("plain"), true;
    if (k === "r" && this.receipt) return receiptDialog(this.receipt), true;
    if (k === "d") return this.toggleDropped(), true;
    return false;
  }

  close() {
    this.pending?.abort();
    this.asked?.abort();
    clearTimeout(this.timer);
    clearTimeout(this.verifying);
  }
}

// The slider's way is logarithmic: from 64 tokens to 32,000.
const low = Math.log(64);
const high = Math.log(32000);
const share = (n) => (100 * (Math.log(Math.max(n, 64)) - low)) / (high - low);
const tokens = (x) => {
  const n = Math.exp(low + ((high - low) * x) / 100);
  const step = n < 500 ? 8 : n < 4000 ? 50 : 500;
  return Math.round(n / step) * step;
};
