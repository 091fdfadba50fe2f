// A receipt: kept, signed, and checked, also one that somebody else sent.
import { base, h, many, number, say, show } from "./dom.js";
import * as api from "./api.js";
import { state } from "./main.js";

/** bare is the receipt without what only explains it. */
export function bare({ units, ...receipt }) {
  return receipt;
}

const written = (receipt) => JSON.stringify(bare(receipt), null, 1);

/** copy puts a text where the reader can paste it. */
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    say("Copied.");
  } catch {
    say("The browser does not let this page copy.");
  }
}

function save(text, name) {
  const a = h("a", { href: URL.createObjectURL(new Blob([text], { type: "application/json" })), download: name });
  a.click();
  setTimeout(() => URL.revokeObjectURL(a.href), 1000);
}

/** receiptDialog shows what can be done with a receipt; without one, that of a file is checked. */
export function receiptDialog(receipt) {
  const result = h("div.checked", { role: "status" });
  const pick = h("input.hidden", { type: "file", accept: ".json,application/json", id: "receipt", onchange: (e) => e.target.files[0] && check(e.target.files[0], result) });
  const drop = h("label.drop", { for: "receipt", ondragover: (e) => (e.preventDefault(), drop.classList.add("over")), ondragleave: () => drop.classList.remove("over"), ondrop: (e) => (e.preventDefault(), drop.classList.remove("over"), e.dataTransfer.files[0] && check(e.dataTransfer.files[0], result)) }, "Check a receipt: drop its file here, or choose it");
  const choose = h("button", { type: "button", onclick: () => pick.click() }, "Choose a receipt");
  const d = h("dialog.receipt", { "aria-label": "Receipt" }, h("h2", {}, receipt ? "The receipt of this context" : "Check a receipt"), receipt ? own(receipt) : h("p.dim", {}, "It names every passage with its digest. The text is built again from the sources here, and must have the same bytes."), drop, pick, result, h("form.row", { method: "dialog" }, choose, h("button.primary", {}, "Close")));
  d.addEventListener("close", () => d.remove());
  document.body.append(d);
  d.showModal();
}

// own is what can be done with the receipt of what is shown.
function own(receipt) {
  const signed = h("button", { type: "button", hidden: true, onclick: () => sign(receipt) }, "Save signed");
  api.activity().then((a) => (signed.hidden = !a.signs), () => {});
  return [
    h("dl.facts2", {}, [
      ["Text", `${number(receipt.tokens)} tokens (${receipt.tokenizer}), digest ${receipt.digest.slice(0, 16)}…`],
      ["Sources", `${many(receipt.spans.length, "passage")} of ${many(new Set(receipt.spans.map((s) => s.doc)).size, "document")}`],
    ].map(([k, v]) => [h("dt", {}, k), h("dd", {}, v)])),
    h("div.row", {}, h("button.primary", { type: "button", onclick: () => (save(written(receipt), "receipt.json"), say("Saved: tamis context --replay receipt.json builds the text again.")) }, "Save"), signed, h("button", { type: "button", onclick: () => copy(written(receipt)) }, "Copy")),
  ];
}

async function sign(receipt) {
  try {
    save(await api.sign(state.collection, written(receipt)), "receipt.signed.json");
    say("Saved, signed with this server's key: tamis receipt verify checks it without the index.");
  } catch (e) {
    say(e.message);
  }
}

// check says of a file whether it is a receipt that holds: who signed it, and whether the
// sources still give its text.
async function check(file, result) {
  show(result, h("p.dim", {}, `Reading ${file.name} …`));
  const line = (ok, text) => h("p", { class: ok === null ? "dim" : ok ? "good" : "bad" }, ok === null ? "" : ok ? "✓ " : "✗ ", text);
  const raw = await file.text();
  let receipt;
  try {
    receipt = JSON.parse(raw);
  } catch {
    receipt = null;
  }
  if (!receipt || typeof receipt !== "object" || !receipt.digest) return show(result, line(false, `${file.name} is no receipt.`));
  const says = [h("h3", {}, receipt.question || file.name)];
  if (receipt.signature) says.push(await signature(raw, line));
  else says.push(line(null, "Nobody has signed it."));
  try {
    const replayed = await api.replay(state.collection, raw);
    const same = replayed.text === receipt.text;
    says.push(line(same, same ? "The sources here give the same text, byte by byte." : "The sources here give another text: the receipt's was altered."));
    says.push(h("details", {}, h("summary", {}, "The text"), h("pre", { tabindex: "0" }, replayed.text)));
  } catch (e) {
    says.push(line(false, changedText(e)));
  }
  show(result, says);
}

async function signature(raw, line) {
  try {
    const v = await api.verify(raw);
    if (!v.valid) return line(false, `Its signature does not hold: ${v.reason}.`);
    return line(true, `Signed with ${v.own ? "this server's key" : "a key that this server does not know"}, ${v.fingerprint.slice(0, 20)}…, on ${new Date(v.signed).toLocaleString()}.`);
  } catch (e) {
    return line(false, e.message);
  }
}

/** changedText says which source is not what it was, where that is what is wrong. */
export function changedText(e) {
  const at = e.values?.find((v) => v?.doc);
  return at ? `${base(at.doc)} has changed, or is gone: bytes ${number(at.start)} to ${number(at.end)} are not what was quoted.` : e.message;
}
