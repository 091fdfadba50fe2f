// The interface of the server: /openapi.json says all of it.

/** Problem is what the server says was wrong: status, detail, and the field if it is one, with
 * the values that are at fault. */
export class Problem extends Error {
  constructor(status, detail, field, values) {
    super(detail);
    this.status = status;
    this.field = field;
    this.values = values;
  }
}

export const key = {
  get: () => sessionStorage.getItem("tamis-key") || "",
  set: (k) => sessionStorage.setItem("tamis-key", k),
};

/** headers are those of every request: the key, where somebody gave one. */
export function headers(more = {}) {
  return key.get() ? { ...more, Authorization: "Bearer " + key.get() } : more;
}

async function problemOf(answer) {
  let detail = `the server says ${answer.status}`;
  let field;
  let values;
  try {
    const p = await answer.json();
    detail = p.detail || p.title || detail;
    values = (p.errors || []).map((x) => x.value);
    const first = (p.errors || [])[0];
    if (first) {
      field = (first.location || "").replace(/^(body|query|path)\./, "");
      if (first.message && !detail.includes(first.message)) detail += ": " + first.message;
    }
  } catch {
    /* no problem document: the status says it */
  }
  return new Problem(answer.status, detail, field, values);
}

/** call asks for JSON, with a body that is one or becomes it. Errors are Problems, or AbortError where signal aborted it. */
async function call(method, path, body, signal, raw) {
  let answer;
  try {
    answer = await fetch(path, {
      method,
      signal,
      headers: headers(body === undefined ? {} : { "Content-Type": "application/json" }),
      body: body === undefined || typeof body === "string" ? body : JSON.stringify(body),
    });
  } catch (e) {
    if (e.name === "AbortError") throw e;
    throw new Problem(0, "The server does not answer. Is tamis serve still running?");
  }
  if (!answer.ok) throw await problemOf(answer);
  if (answer.status === 204) return null;
  return raw ? answer.text() : answer.json();
}

const of = (collection, what, query = {}) => {
  const q = new URLSearchParams(Object.entries(query).filter(([, v]) => v !== undefined && v !== ""));
  return `/v1/collections/${encodeURIComponent(collection)}${what ? "/" + what : ""}${q.size ? "?" + q : ""}`;
};

export const whoami = () => call("GET", "/v1/whoami");
export const collections = () => call("GET", "/v1/collections");
export const stats = (c) => call("GET", of(c, "stats"));
export const activity = () => call("GET", "/v1/activity");
export const context = (c, request, signal) => call("POST", of(c, "context"), request, signal);
export const search = (c, request, signal) => call("POST", of(c, "search"), request, signal);
export const replay = (c, receipt) => call("POST", of(c, "replay"), receipt);
export const sign = (c, receipt) => call("POST", "/v1/receipts/sign?collection=" + encodeURIComponent(c), receipt, undefined, true);
export const verify = (receipt) => call("POST", "/v1/receipts/verify", receipt);
export const documents = (c, query) => call("GET", of(c, "documents", query));
export const document_ = (c, query) => call("GET", of(c, "document", query));
export const remove = (c, id) => call("DELETE", of(c, "document", { id }));
export const show = (c, query) => call("GET", of(c, "show", query));
export const original = (c, id) => of(c, "original", { id });
export const session = (c, name, what, body, method = "POST") => call(method, of(c, name ? "sessions/" + encodeURIComponent(name) + (what ? "/" + what : "") : "sessions"), body);

/** ask calls on(event, data) for each event of an answer. */
export async function ask(c, request, on, signal) {
  const answer = await fetch(of(c, "ask"), { method: "POST", signal, headers: headers({ "Content-Type": "application/json" }), body: JSON.stringify(request) });
  if (!answer.ok) throw await problemOf(answer);
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    rest += value || "";
    const events = rest.split("\n\n");
    rest = done ? "" : events.pop();
    for (const e of events) {
      let name = "message";
      const data = [];
      for (const line of e.split("\n")) {
        if (line.startsWith("event:")) name = line.slice(6).trim();
        if (line.startsWith("data:")) data.push(line.slice(5).trim());
      }
      if (data.length) on(name, JSON.parse(data.join("\n")));
    }
    if (done) return;
  }
}

/** upload sends one file; progress is told the share that was sent. */
export function upload(c, file, progress) {
  return new Promise((resolve, reject) => {
    const x = new XMLHttpRequest();
    x.open("POST", of(c, "files"));
    for (const [k, v] of Object.entries(headers())) x.setRequestHeader(k, v);
    x.upload.addEventListener("progress", (e) => progress(e.lengthComputable ? e.loaded / e.total : 0));
    x.addEventListener("error", () => reject(new Problem(0, "the upload broke off")));
    x.addEventListener("load", () => {
      let body = {};
      try {
        body = JSON.parse(x.responseText);
      } catch {
        /* the status says it */
      }
      if (x.status >= 300) reject(new Problem(x.status, body.detail || `the server says ${x.status}`));
      else resolve(body);
    });
    const form = new FormData();
    form.append("file", file, file.name);
    x.send(form);
  });
}
