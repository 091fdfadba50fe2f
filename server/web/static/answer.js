// What a model answered: its citations lead to their passages, and what cites nothing is seen.
import { h, many, show } from "./dom.js";
import * as api from "./api.js";
import { state } from "./main.js";

/** ask streams an answer into a place; cite makes the button of a citation, or nothing. */
export async function ask(where, cite, again) {
  const stop = new AbortController();
  const text = h("div.reply", { "aria-live": "polite" });
  const button = h("button.quiet", { type: "button", onclick: () => stop.abort() }, "Stop");
  const foot = h("p.dim", {}, "The model reads the context …");
  where.hidden = false;
  show(where, h("div.title", {}, h("h2", {}, "Answer"), button), text, foot);
  const done = (async () => {
    let reply = "";
    try {
      await api.ask(state.collection, { question: state.q, budget: state.budget, filter: state.filter || undefined }, (event, data) => {
        if (event === "delta") show(text, cited((reply += data.text), cite));
        if (event === "error") throw new api.Problem(data.status || 500, data.detail || "the answer broke off");
        if (event !== "done") return;
        if (!data.model) {
          show(where, h("div.note", {}, h("h2", {}, "No model is connected"), h("p", {}, "The context below is what one would be given. Start the server with --llm http://localhost:11434/v1 --model NAME to have it answer.")));
          return;
        }
        finished(text, foot, data, cite);
      }, stop.signal);
    } catch (e) {
      if (e.name === "AbortError") show(foot, "Stopped.");
      else show(foot, h("span.bad", {}, `${e.message}. The question and its context are below. `), h("button.quiet", { type: "button", onclick: again }, "Ask again"));
    }
    button.remove();
  })();
  return { abort: () => stop.abort(), done };
}

// finished shows a whole answer: what no source is named for is underlined.
function finished(text, foot, data, cite) {
  let bare = 0;
  show(text, sentences(data.answer).map(({ part, claims }) => {
    if (!claims || /\[\d+\]/.test(part)) return cited(part, cite);
    bare++;
    const [, before, said, after] = part.match(/^(\s*)(.*?)(\s*)$/s);
    return [before, h("span.unsupported", { title: "No source is named for this sentence" }, cited(said, cite)), after];
  }));
  const said = [];
  if (data.unknown.length) said.push(`It cites ${many(data.unknown.length, "source")} that ${data.unknown.length === 1 ? "is" : "are"} not there, marked ?.`);
  if (data.finish === "length") said.push("It was cut off at the model's limit.");
  if (!data.cited.length) said.push("It cites nothing: check it.");
  else if (bare) said.push(`${many(bare, "sentence")}, underlined, ${bare === 1 ? "names" : "name"} no source: check ${bare === 1 ? "it" : "them"} before you rely on ${bare === 1 ? "it" : "them"}.`);
  else if (!said.length) said.push("Every sentence names its source; each number leads to its passage.");
  show(foot, said.join(" "));
}

// short ends with a point that ends no sentence: a title, an initial.
const short = /(?:^|[\s(])(?:Dr|Mr|Mrs|Ms|Prof|St|vs|cf|ca|Nr|Fig|pp?|e\.g|i\.e|z\.\s?B|\p{Lu})\.\s*$/u;
const claims = (part) => /\p{L}{2}/u.test(part) && !/:\s*$/.test(part);

/** sentences cuts an answer into its sentences, each with the citations behind it. Headings,
 * code and what only leads to a list claim nothing. */
export function sentences(answer) {
  const parts = [];
  let code = false;
  for (const line of answer.split(/(?<=\n)/)) {
    const fence = /^\s*```/.test(line);
    if (fence) code = !code;
    if (fence || code || /^\s*#/.test(line)) {
      parts.push({ part: line, claims: false });
      continue;
    }
    const first = parts.length; // citations at the begin of a line are of what follows
    for (const { segment } of new Intl.Segmenter("en", { granularity: "sentence" }).segment(line)) {
      const lead = segment.match(/^(?:\s*\[\d+\??\][.,;]?)+\s*/); // "… days. [1] The next": of the sentence before
      if (lead && parts.length > first) parts[parts.length - 1].part += lead[0];
      const before = parts.length > first ? parts[parts.length - 1] : null;
      if (before && !lead && short.test(before.part)) {
        before.part += segment;
        before.claims = claims(before.part);
        continue;
      }
      const rest = lead && parts.length > first ? segment.slice(lead[0].length) : segment;
      if (rest) parts.push({ part: rest, claims: claims(rest) });
    }
  }
  return parts;
}

// cited makes citations links.
function cited(reply, cite) {
  return reply.split(/(\[\d+\??\])/).map((part) => {
    const m = part.match(/^\[(\d+)(\??)\]$/);
    if (!m) return part;
    return (!m[2] && cite(Number(m[1]))) || h("mark.bad", { title: "No source has this number" }, part);
  });
}
