// A window that lasts: what a model has before it, as one bar.
import { Bytes, base, h, number, say, show } from "./dom.js";
import * as api from "./api.js";
import { empty } from "./states.js";
import { collection, failed, go, state } from "./main.js";
import { openSource } from "./source.js";

const kept = "tamis-window-"; // names of windows in this tab

export async function windowView(main) {
  if (!collection() || !collection().documents) return empty(main);
  const name = sessionStorage.getItem(kept + state.collection);
  const view = new Window(main, name);
  await view.load();
  if (name && state.q && state.q !== sessionStorage.getItem(kept + "asked")) await view.add(state.q);
  return view;
}

class Window {
  constructor(main, name) {
    this.main = main;
    this.name = name;
  }

  async load() {
    if (!this.name) return this.begin();
    try {
      this.s = await api.session(state.collection, this.name, "", undefined, "GET");
      this.draw();
    } catch (e) {
      if (e.status !== 404) return failed(this.main, e);
      sessionStorage.removeItem(kept + state.collection);
      this.begin();
    }
  }

  begin() {
    const size = h("select", { "aria-label": "Tokens of the window" }, [2000, 4000, 8000, 16000, 32000].map((n) => h("option", { value: String(n), selected: n === 8000 }, number(n) + " tokens")));
    const start = async () => {
      try {
        const made = await api.session(state.collection, "", "", { tokens: Number(size.value) });
        this.name = made.session;
        sessionStorage.setItem(kept + state.collection, this.name);
        await this.load();
        if (state.q) await this.add(state.q);
      } catch (e) {
        failed(this.main, e);
      }
    };
    show(this.main, h("div.note", {}, h("h2", {}, "A window that lasts"), h("p", {}, "Each question adds what is new and not shown yet. When the window is full, what is oldest is folded; what you pin stays."), h("div.row", {}, size, h("button.primary", { type: "button", onclick: start }, "Start"))));
  }

  async add(question) {
    try {
      const turn = await api.session(state.collection, this.name, "context", { question });
      sessionStorage.setItem(kept + "asked", question);
      say(turn.spans.length ? `${turn.tokens} tokens were added.` : "Nothing new matches.");
      await this.load();
    } catch (e) {
      say(e.message);
    }
  }

  async act(what, body) {
    try {
      await api.session(state.collection, this.name, what, body);
      await this.load();
    } catch (e) {
      say(e.message);
    }
  }

  draw() {
    const s = this.s;
    const weight = (p) => p.spans.reduce((n, x) => n + x.end - x.start, 0);
    const shown = s.pieces.filter((p) => !p.folded);
    const all = shown.reduce((n, p) => n + weight(p), 0) || 1;
    const hueOf = (p) => "c" + ((s.pieces.indexOf(p) % 8) + 1);
    const part = (p) => {
      const e = h("a.part", { class: `part ${hueOf(p)}${p.pinned ? " pinned" : ""}`, href: "#piece" + p.id, title: `${p.id} ${base(p.doc)}`, onclick: (ev) => (ev.preventDefault(), document.getElementById("piece" + p.id)?.scrollIntoView({ block: "nearest" })) }, String(p.id));
      e.style.flexGrow = String((s.used * weight(p)) / all);
      return e;
    };
    const left = h("div.part.left", {}, s.left > s.tokens / 12 ? number(s.left) + " left" : "");
    left.style.flexGrow = String(s.left);
    const find = h("input", { type: "search", placeholder: "find in the window", "aria-label": "Find in the window", onchange: (e) => this.find(e.target.value) });
    this.found = h("div.found");
    const end = async () => {
      await api.session(state.collection, this.name, "", undefined, "DELETE").catch(() => {});
      sessionStorage.removeItem(kept + state.collection);
      this.name = null;
      this.begin();
    };
    show(
      this.main,
      h("div.facts", {}, h("span", {}, h("strong", {}, number(s.used)), ` of ${number(s.tokens)} tokens used`), h("span", {}, `${shown.length} pieces shown, ${s.pieces.length - shown.length} folded`), find, h("button.quiet", { type: "button", onclick: end }, "End this window")),
      this.found,
      h("div.window", {}, h("div.stack", { role: "group", "aria-label": `${s.used} of ${s.tokens} tokens are used` }, shown.map(part), left), h("ol.pieces", {}, s.pieces.length ? s.pieces.map((p) => this.piece(p, hueOf(p))) : h("li.dim", {}, "Ask a question above: what answers it is added here."))),
    );
  }

  piece(p, hue) {
    const text = h("p.piecetext", {}, "…");
    this.fill(p, text);
    const open = () => {
      const s = p.spans[0];
      go({ open: `${s.doc}:${s.start}-${s.end}` });
      openSource(state.collection, state.open, p.spans);
    };
    return h(
      "li.piece", { id: "piece" + p.id, class: `piece ${hue}${p.folded ? " folded" : ""}` },
      h("div.title", {}, h("span.label", {}, p.id), h("button.name", { type: "button", onclick: open, title: p.doc }, base(p.doc)), h("span.dim", {}, "for “", p.question, "”"), p.pinned ? h("span.dim", {}, "pinned") : null),
      p.folded ? null : text,
      h("div.tools", {}, p.folded ? h("button.quiet", { type: "button", onclick: () => this.act("restore", { id: p.id }) }, "Restore") : h("button.quiet", { type: "button", onclick: () => this.act("fold", { id: p.id }), disabled: !!p.pinned }, "Fold"), h("button.quiet", { type: "button", onclick: () => this.act("pin", { id: p.id, pinned: !p.pinned }) }, p.pinned ? "Unpin" : "Pin")),
    );
  }

  async fill(p, text) {
    try {
      const parts = await Promise.all(p.spans.slice(0, 6).map((s) => api.document_(state.collection, { id: s.doc, start: s.start, end: s.end })));
      text.textContent = parts.map((x) => x.text.trim()).join(" … ");
    } catch {
      text.textContent = "its source has changed";
    }
  }

  async find(words) {
    if (!words) return show(this.found);
    try {
      const r = await api.session(state.collection, this.name, "find", { text: words });
      show(this.found, r.found.length ? h("p", {}, r.found.length, " places: ", [...new Set(r.found.map((f) => f.id))].map((id) => h("a", { href: "#piece" + id, onclick: (e) => (e.preventDefault(), document.getElementById("piece" + id)?.scrollIntoView()) }, ` [${id}]`))) : h("p.dim", {}, "Nothing in the window has this."));
    } catch (e) {
      show(this.found, h("p.bad", {}, e.message));
    }
  }
}
