// What is indexed, and how more comes in.
import { base, h, many, number, say, show, size } from "./dom.js";
import * as api from "./api.js";
import { collection, failed, go, reload, state } from "./main.js";
import { openSource } from "./source.js";

const shown = 100;

export async function documentsView(main) {
  const view = { cursors: [""], prefix: "" };
  const table = h("tbody");
  const foot = h("div.row");
  const report = h("div.report", { "aria-live": "polite" });
  const pick = h("input", { type: "file", multiple: true, id: "files", class: "hidden", onchange: (e) => send([...e.target.files]) });
  const watched = h("div.watched");
  const drop = h("label.drop", { for: "files", hidden: collection() && !collection().writable, ondragover: () => drop.classList.add("over"), ondragleave: () => drop.classList.remove("over"), ondrop: () => drop.classList.remove("over") }, "Drop files here, or choose them: PDF, Office, mail, books, archives, code, text");
  const prefix = h("input", { type: "search", placeholder: "path begins with …", "aria-label": "Path begins with", onchange: (e) => below(e.target.value) });
  const below = (p) => ((prefix.value = view.prefix = p), (view.cursors = [""]), list());
  const count = h("strong");
  show(main, h("div.facts", {}, h("span", {}, count, " documents"), prefix), watched, pick, drop, report, h("div.scroll", { tabindex: "0", role: "region", "aria-label": "Documents" }, h("table.list", {}, h("thead", {}, h("tr", {}, ["Document", "Type", "Role", "Language", "Text", "Changed", "Remove"].map((t) => h("th", { scope: "col", class: t === "Text" ? "right" : "" }, t || h("span.hidden", {}, "Actions"))))), table)), foot);

  async function list() {
    show(count, number(collection()?.documents || 0));
    if (!collection()?.documents) {
      show(table, h("tr", {}, h("td", { colspan: "7", class: "dim" }, "Nothing is indexed yet.")));
      return;
    }
    try {
      const cursor = view.cursors[view.cursors.length - 1];
      const page = await api.documents(state.collection, { limit: shown, cursor, prefix: view.prefix });
      show(
        table,
        page.documents.length ? grouped(page.documents) : h("tr", {}, h("td", { colspan: "7", class: "dim" }, view.prefix ? "No document's path begins so." : "Nothing is indexed yet.")),
      );
      const step = (go, text, on) => (on ? h("button", { type: "button", onclick: go }, text) : null);
      show(foot, step(() => (view.cursors.pop(), list()), "‹ before", view.cursors.length > 1), step(() => (view.cursors.push(page.next), list()), "next ›", page.next));
    } catch (e) {
      failed(table.closest("div"), e);
    }
  }

  // grouped has a row for each folder, above its documents.
  function grouped(documents) {
    let last = null;
    return documents.map((d) => {
      const folder = folderOf(d.id);
      const head = folder !== last ? h("tr.folder", {}, h("th", { colspan: "7", scope: "rowgroup" }, crumbs(folder, below))) : null;
      last = folder;
      return [head, row(d)];
    });
  }

  function row(d) {
    const open = () => {
      go({ open: `${d.id}:0-${Math.min(d.bytes, 1)}` });
      openSource(state.collection, state.open);
    };
    return h("tr", {}, h("td", {}, h("button.name", { type: "button", title: d.id, onclick: open }, d.title && d.title !== base(d.id) ? d.title : base(d.id)), d.title && d.title !== base(d.id) ? h("div.path.dim", {}, base(d.id)) : null), h("td", {}, d.type), h("td", {}, d.role), h("td", {}, d.lang), h("td.right", {}, size(d.bytes)), h("td", {}, d.mtime ? d.mtime.slice(0, 10) : ""), h("td", {}, collection().writable && h("button.quiet", { type: "button", "aria-label": "Remove " + base(d.id), onclick: () => remove(d) }, "✕")));
  }

  async function remove(d) {
    if (!confirm(`Remove ${d.id} from the index? Its file stays where it is.`)) return;
    try {
      await api.remove(state.collection, d.id);
      say("Removed.");
      await reload();
      list();
    } catch (e) {
      say(e.message);
    }
  }

  async function send(files) {
    for (const f of files) {
      const bar = h("progress", { max: 1, value: 0, "aria-label": f.name });
      const says = h("span", {}, "sending");
      report.append(h("div.file", {}, h("span.name", {}, f.name), bar, says));
      try {
        const r = await api.upload(state.collection, f, (share) => {
          bar.value = share;
          if (share === 1) says.textContent = "reading";
        });
        bar.remove();
        says.textContent = r.skipped?.length ? "skipped: " + r.skipped[0].reason : `${r.added} added, ${r.updated} updated, ${r.unchanged} unchanged`;
        if (r.skipped?.length) says.className = "bad";
      } catch (e) {
        bar.remove();
        says.className = "bad";
        says.textContent = e.message;
      }
    }
    await reload().catch(() => {});
    await list();
    say("Up to date.");
  }

  // Folders that the server keeps up with may change while one looks.
  let timer;
  let seen;
  async function look() {
    try {
      const a = await api.activity();
      if (!a.watched || !watched.isConnected) return;
      show(watched, watching(a.watched));
      if (seen !== a.watched.looked) await reload().then(list);
      seen = a.watched.looked;
      timer = setTimeout(look, 3000);
    } catch {
      /* what is watched is for administrators; the list says what is wrong */
    }
  }

  await list();
  await look();
  return { files: send, close: () => clearTimeout(timer) };
}

const folderOf = (id) => id.slice(0, id.length - base(id).length);

// crumbs are the folders above, each of which narrows the list to what is in it.
function crumbs(folder, below) {
  if (!folder) return "(no folder)";
  const parts = folder.split(/(?<=[/\\])/);
  return parts.map((part, i) => (part.length > 1 ? h("button.crumb", { type: "button", title: "Only what is in here", onclick: () => below(parts.slice(0, i + 1).join("")) }, part) : part));
}

// watching says which folders are kept up with, and what of them cannot be read.
function watching(w) {
  const looked = w.looked ? new Date(w.looked) : null;
  const when = w.busy ? "bringing changes in …" : looked ? `up to date since ${looked.toLocaleTimeString()}, ${many(w.changed, "document")} changed then` : "not looked at yet";
  const list = (w.skipped || []).map((s) => h("li", {}, h("strong", {}, base(s.path)), s.line ? `, line ${number(s.line)}` : "", ": ", s.reason));
  return [
    h("p", {}, h("strong", {}, "Watched "), w.paths.map((p, i) => [i ? ", " : "", h("code", {}, p)]), h("span.dim", {}, "  " + when)),
    w.skipped_count ? h("details", {}, h("summary", {}, `${many(w.skipped_count, "file")} cannot be read`), h("ul", { tabindex: "0", "aria-label": "Files that cannot be read" }, list, w.skipped_count > list.length ? h("li.dim", {}, `and ${number(w.skipped_count - list.length)} more`) : null)) : null,
  ];
}
