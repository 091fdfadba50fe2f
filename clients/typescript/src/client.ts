import type { components, paths } from "./schema.js";

export type { components, operations, paths } from "./schema.js";

type Schemas = components["schemas"];
export type Receipt = Schemas["Receipt"];
export type Results = Schemas["Results"];
export type ContextRequest = Schemas["ContextRequest"];
export type SearchRequest = Schemas["SearchRequest"];
export type AskRequest = Schemas["AskRequest"];
export type Document = Schemas["Document"];
export type Listed = Schemas["Listed"];
export type Report = Schemas["Report"];
export type Replayed = Schemas["Replayed"];
export type ErrorDetail = Schemas["ErrorDetail"];
/** A document to add; `metadata.groups` is its access list. */
export type Doc = paths["/v1/collections/{collection}/documents"]["post"]["requestBody"]["content"]["application/json"];

/** What can be left out of a request: what has a default. */
type Defaulted<T, K extends keyof T> = Omit<T, K> & Partial<Pick<T, K>>;

/** One event of an answer. */
export type Event =
  | { event: "context"; data: Receipt }
  | { event: "delta"; data: { text: string } }
  | { event: "done"; data: Schemas["Answered"] }
  | { event: "error"; data: Schemas["ErrorModel"] };

/** The server refused or failed; `errors` name the places at fault, such as `body.budget`. */
export class TamisError extends Error {
  constructor(
    readonly status: number,
    detail: string,
    readonly errors: ErrorDetail[],
  ) {
    const more = errors.map((e) => [e.location, e.message].filter(Boolean).join(": ")).join("; ");
    super(more ? `${detail} (${more})` : detail);
    this.name = "TamisError";
  }
}

export interface Options {
  /** Address of the server; default http://127.0.0.1:8227 */
  url?: string;
  /** Key, where the server wants one. */
  key?: string;
  /** What makes requests; default the global fetch. */
  fetch?: typeof fetch;
}

/** A server. */
export class Client {
  readonly #url: string;
  readonly #headers: Record<string, string>;
  readonly #fetch: typeof fetch;

  constructor(o: Options = {}) {
    this.#url = (o.url ?? "http://127.0.0.1:8227").replace(/\/+$/, "");
    this.#headers = o.key ? { Authorization: `Bearer ${o.key}` } : {};
    this.#fetch = o.fetch ?? fetch;
  }

  /** One call of the interface; TamisError where the server refuses. */
  async send(method: string, path: string, init: RequestInit = {}): Promise<Response> {
    const response = await this.#fetch(this.#url + path, {
      ...init,
      method,
      headers: { ...this.#headers, ...(init.headers as Record<string, string> | undefined) },
    });
    if (response.ok) return response;
    const problem = (await response.json().catch(() => ({}))) as Schemas["ErrorModel"];
    throw new TamisError(response.status, problem.detail ?? problem.title ?? `${response.status} ${response.statusText}`, problem.errors ?? []);
  }

  async json<T>(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<T> {
    const init: RequestInit = body === undefined ? {} : { body: JSON.stringify(body), headers: { "Content-Type": "application/json" } };
    const response = await this.send(method, path, signal ? { ...init, signal } : init);
    return (response.status === 204 ? undefined : await response.json()) as T;
  }

  async collections(): Promise<Schemas["Collection"][]> {
    return (await this.json<Schemas["CollectionList"]>("GET", "/v1/collections")).collections ?? [];
  }

  collection(name = "default"): Collection {
    return new Collection(this, name);
  }
}

/** An index that the server has. Each method takes a signal that cancels it. */
export class Collection {
  readonly #path: string;

  constructor(
    private readonly client: Client,
    readonly name: string,
  ) {
    this.#path = `/v1/collections/${encodeURIComponent(name)}`;
  }

  create(): Promise<unknown> {
    return this.client.json("PUT", this.#path);
  }

  delete(): Promise<void> {
    return this.client.json("DELETE", this.#path);
  }

  search(request: Defaulted<SearchRequest, "k">, signal?: AbortSignal): Promise<Results> {
    return this.client.json("POST", `${this.#path}/search`, request, signal);
  }

  /** The few lines that answer, never more tokens than the budget. */
  context(request: Defaulted<ContextRequest, "budget" | "tokenizer">, signal?: AbortSignal): Promise<Receipt> {
    return this.client.json("POST", `${this.#path}/context`, request, signal);
  }

  /** The text anew from the stored sources; an error with status 409 names the span that has changed. */
  replay(receipt: Receipt, signal?: AbortSignal): Promise<Replayed> {
    return this.client.json("POST", `${this.#path}/replay`, receipt, signal);
  }

  /** Adds documents, or replaces those of the same ids. What the report counts is durable. */
  async add(records: Iterable<Doc>, signal?: AbortSignal): Promise<Report> {
    const body = Array.from(records, (r) => JSON.stringify(r) + "\n").join("");
    const init: RequestInit = { body, headers: { "Content-Type": "application/x-ndjson" } };
    return (await this.client.send("POST", `${this.#path}/documents`, signal ? { ...init, signal } : init)).json() as Promise<Report>;
  }

  /** A document, or the bytes of it from start to end. */
  document(id: string, range: { start?: number; end?: number } = {}, signal?: AbortSignal): Promise<Document> {
    return this.client.json("GET", `${this.#path}/document?${query({ id, ...range })}`, undefined, signal);
  }

  /** All documents, fetched as they are needed. */
  async *documents(of: { prefix?: string; filter?: string } = {}): AsyncGenerator<Listed> {
    let cursor: string | undefined;
    do {
      const page: Schemas["List"] = await this.client.json("GET", `${this.#path}/documents?${query({ ...of, cursor })}`);
      yield* page.documents ?? [];
      cursor = page.next;
    } while (cursor);
  }

  /** The events of an answer as they come: context, delta …, done or error. */
  async *ask(request: Defaulted<AskRequest, "budget" | "tokenizer">, signal?: AbortSignal): AsyncGenerator<Event> {
    const init: RequestInit = { body: JSON.stringify(request), headers: { "Content-Type": "application/json" } };
    const response = await this.client.send("POST", `${this.#path}/ask`, signal ? { ...init, signal } : init);
    if (!response.body) return;
    let rest = "";
    for await (const text of response.body.pipeThrough(new TextDecoderStream()) as unknown as AsyncIterable<string>) {
      rest += text;
      for (let at = rest.indexOf("\n\n"); at >= 0; at = rest.indexOf("\n\n")) {
        const lines = rest.slice(0, at).split("\n");
        rest = rest.slice(at + 2);
        const value = (name: string) => lines.filter((l) => l.startsWith(name + ":")).map((l) => l.slice(name.length + 1).replace(/^ /, ""));
        const data = value("data").join("\n");
        if (data) yield { event: value("event")[0] ?? "message", data: JSON.parse(data) } as Event;
      }
    }
  }
}

function query(of: Record<string, string | number | undefined>): URLSearchParams {
  const q = new URLSearchParams();
  for (const [k, v] of Object.entries(of)) if (v !== undefined) q.set(k, String(v));
  return q;
}
