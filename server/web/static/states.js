// What is shown where there is nothing to show, and what to do then.
import { h, show } from "./dom.js";
import { visit } from "./main.js";

/** empty is an index without documents. */
export function empty(main) {
  show(
    main,
    h("div.note", {}, h("h2", {}, "Nothing is indexed yet"), h("p", {}, "Index a folder, on the machine where this runs:"), h("pre", {}, "tamis index ~/notes"), h("p", {}, "or drop files on this page."), h("button.primary", { type: "button", onclick: () => visit({ view: "documents" }) }, "Add documents")),
  );
  return {};
}

/** nothing is a question that no document meets. */
export function nothing(where, question) {
  show(where, h("div.note", {}, h("h2", {}, "Nothing matches"), h("p", {}, "No passage has a word of “", question, "”. Say it in other words, as the documents would; or look at what is indexed."), h("button", { type: "button", onclick: () => visit({ view: "documents" }) }, "What is indexed")));
}
