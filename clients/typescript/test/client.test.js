import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { Client, TamisError } from "../dist/client.js";

const url = process.env.TAMIS_URL;
const skip = url ? false : "TAMIS_URL names no server";
const client = new Client(url ? { url } : {});
const made = client.collection(`test-${process.pid}`);

before(async () => {
  if (!url) return;
  await made.create();
  const report = await made.add([
    { id: "policy/backup", title: "Backups", text: "Backups of the database are kept for 90 days. They are made each night." },
    { id: "policy/café", text: "The café opens at eight. Coffee costs 2 €." },
  ]);
  assert.equal(report.added, 2);
});
after(async () => {
  if (url) await made.delete();
});

test("a context keeps its budget and replays", { skip }, async () => {
  const receipt = await made.context({ question: "how long are backups kept?", budget: 50 });
  assert.match(receipt.text, /90 days/);
  assert.ok(receipt.tokens <= 50);
  const again = await made.replay(receipt);
  assert.equal(again.text, receipt.text);
  assert.equal(again.verified, true);
});

test("search and documents", { skip }, async () => {
  const results = await made.search({ query: "café", k: 1 });
  assert.equal(results.hits[0].doc, "policy/café");
  const ids = [];
  for await (const d of made.documents({ prefix: "policy/" })) ids.push(d.id);
  assert.deepEqual(ids, ["policy/backup", "policy/café"]);
  assert.match((await made.document("policy/café")).text, /2 €/);
});

test("an answer comes in events", { skip }, async () => {
  const events = [];
  for await (const e of made.ask({ question: "how long are backups kept?" })) events.push(e);
  assert.equal(events[0].event, "context");
  assert.equal(events.at(-1).event, "done");
  assert.match(events.at(-1).data.answer, /90 days/);
});

test("errors name the field", { skip }, async () => {
  await assert.rejects(made.context({ question: "backups", budget: 0 }), (e) => {
    assert.ok(e instanceof TamisError);
    assert.equal(e.status, 422);
    assert.ok(e.errors.some((x) => x.location === "body.budget"), e.message);
    return true;
  });
  await assert.rejects(client.collection("no-such").search({ query: "x" }), (e) => e.status === 404);
});

test("a signal cancels", { skip }, async () => {
  await assert.rejects(made.search({ query: "café" }, AbortSignal.abort()), (e) => e.name === "AbortError");
});
